import json
import shutil
from pathlib import Path

import pytest

from tests.support.commands import loop
from tests.support.runs import Stage, approves, objects, works

EXAMPLE = Path(__file__).resolve().parent.parent.parent / ".loop.example"


@pytest.fixture
def bus(tmp_path: Path) -> Path:
    shutil.copytree(EXAMPLE, tmp_path / ".loop")
    return tmp_path / ".loop"


def test_a_round_is_told_as_asked_done_found_and_decided(bus: Path):
    done = loop("show", "--round", "2", cwd=bus.parent)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "T-001, round 2"
    assert [line[2:11].strip() for line in lines[1:] if line[2:11].strip()] == ["asked", "done", "found", "decided"]
    assert "  asked    - high: duration.py:6: A negative duration is not refused" in done.out
    assert "  found    git: 2 commits, 2 files, head 92775ab" in lines
    assert "           check tests: passed" in lines
    assert "  decided  approved by the reviewer" in lines


@pytest.mark.parametrize("args", [(), ("T-001",)])
def test_without_a_round_all_are_told(bus: Path, args: tuple[str, ...]):
    done = loop("show", *args, cwd=bus.parent)
    assert done.code == 0
    assert [line for line in done.out.splitlines() if line.startswith("T-001")] == ["T-001, round 1", "T-001, round 2"]
    assert "asked    Long durations are shown in hours" in done.out


def test_json_tells_the_same(bus: Path):
    document = json.loads(loop("show", "--json", "--round", "1", cwd=bus.parent).out)
    assert document["run_name"] == "T-001"
    (told,) = document["rounds"]
    assert (told["round"], told["decided"]["decision"], told["decided"]["judged_by"]) == (
        1,
        "changes_required",
        "reviewer",
    )


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--round", "3"), "T-001 has no round 3"),
        (("T-9",), "there is no run 'T-9'"),
        (("--prompt",), "T-001 has no such prompt"),
    ],
)
def test_what_never_was_is_one_sentence(bus: Path, args: tuple[str, ...], says: str):
    done = loop("show", *args, cwd=bus.parent)
    assert (done.code, done.out, says in done.err) == (3, "", True)


def test_agents_text_is_shown_and_never_sent(bus: Path):
    report = bus / "archive/T-001/r1_work_report.json"
    document = json.loads(report.read_text(encoding="utf-8")) | {"notes": "\x1b[2J\nand \x9b31m\u202e"}
    report.write_text(json.dumps(document), encoding="utf-8")
    done = loop("show", cwd=bus.parent)
    assert "  done     \\x1b[2J\n           and \\x9b31m" in done.out
    assert [char for char in done.out if not char.isprintable() and char != "\n"] == []


def test_a_document_that_cannot_be_read_is_said_in_its_place(bus: Path):
    (bus / "archive/T-001/r1_review_report.json").write_bytes(b"{")
    done = loop("show", "--round", "1", cwd=bus.parent)
    assert done.code == 0
    assert "  unread " in done.out
    assert "r1_review_report.json" in done.out


def test_a_real_run_is_told_with_what_each_agent_was_told(tmp_path: Path):
    stage = Stage.set_up(tmp_path, worker=[works("one more\n"), works()], reviewer=[objects(), approves("Well done.")])
    assert stage.run().code == 0
    story = loop("show", cwd=stage.root).out
    assert "changes required by the reviewer\n           - high: app.txt: It says something else. -> Say two." in story
    assert "  asked    - high: app.txt: It says something else. -> Say two." in story
    assert "suggestion: Well done." in story
    worker = stage.calls("worker")[1]
    assert (
        loop("show", "--prompt", "--role", "worker", "--round", "2", cwd=stage.root).out
        == worker["prompt"].rstrip("\n") + "\n"
    )
    every = json.loads(loop("show", "--prompt", "--json", cwd=stage.root).out)["prompts"]
    assert [(each["round"], each["role"]) for each in every] == [
        (1, "worker"),
        (1, "reviewer"),
        (2, "worker"),
        (2, "reviewer"),
    ]
    told = loop("show", "--prompt", cwd=stage.root).out
    assert told.count("\n===== T-1, round ") == 3
