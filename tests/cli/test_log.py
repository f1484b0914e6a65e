import json
import shutil
import subprocess
from pathlib import Path

import pytest

from loop_kit.bus.feed import Feed
from loop_kit.model.feed_event import read
from tests.support.commands import LOOP, loop
from tests.support.terminals import Terminal

EXAMPLE = Path(__file__).resolve().parent.parent.parent / ".loop.example"


@pytest.fixture
def bus(tmp_path: Path) -> Path:
    """Return a copy of the example: a feed of 16 events of one run."""
    shutil.copytree(EXAMPLE, tmp_path / ".loop")
    return tmp_path / ".loop"


def seqs(bus: Path, *args: str) -> list[int]:
    done = loop("log", "--json", *args, cwd=bus.parent)
    assert (done.code, done.err) == (0, "")
    return [json.loads(line)["seq"] for line in done.out.splitlines()]


def append(bus: Path, event: str, run_id: str = "run-2", **data: object) -> None:
    Feed(bus / "logs/feed.jsonl").append(read(event, data), run_id=run_id, now="2025-03-04T10:00:00.000Z")


def test_it_prints_the_whole_feed_oldest_first(bus: Path):
    done = loop("log", cwd=bus.parent, env={"TZ": "UTC"})
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "    1  2025-03-03 10:00:00  T-001: started at e831775 on main"
    assert [line[:5] for line in lines if line[:5].strip()] == [f"{number:5}" for number in range(1, 17)]


def test_json_is_the_feed_itself(bus: Path):
    feed = [json.loads(line) for line in (bus / "logs/feed.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [json.loads(line) for line in loop("log", "--json", cwd=bus.parent).out.splitlines()] == feed


@pytest.mark.parametrize(
    ("args", "found"),
    [
        (("-n", "2"), [15, 16]),
        (("-n", "0"), []),
        (("--since", "14"), [15, 16]),
        (("--since", "99"), []),
        (("--event", "decided"), [8, 15]),
        (("--event", "decided", "--event", "run_ended"), [8, 15, 16]),
        (("--event", "decided", "--since", "8"), [15]),
        (("--event", "decided", "-n", "1"), [15]),
        (("--event", "nothing"), []),
        (("--task", "T-001", "-n", "1"), [16]),
        (("--task", "T-002"), []),
    ],
)
def test_what_is_asked_for_is_what_comes(bus: Path, args: tuple[str, ...], found: list[int]):
    assert seqs(bus, *args) == found


def test_a_task_means_all_its_runs_and_a_place_only_one(bus: Path):
    append(bus, "run_started", task_id="T-001", run_name="T-001@2", base_sha="0" * 40, branch="")
    append(bus, "round_started", round=1, head_sha="0" * 40)
    append(bus, "run_started", run_id="run-3", task_id="T-9", run_name="T-9", base_sha="0" * 40, branch="")
    assert seqs(bus, "--task", "T-001") == [*range(1, 19)]
    assert seqs(bus, "--task", "T-001@2") == [17, 18]
    assert seqs(bus, "--task", "T-9") == [19]
    assert seqs(bus, "--task", "T-001@2", "--since", "17") == [18]


def test_broken_lines_are_left_out_and_said(bus: Path):
    with (bus / "logs/feed.jsonl").open("ab") as feed:
        feed.write(b"{torn\n\xff\xfe\n")
    append(bus, "round_started", round=1, head_sha="0" * 40)
    done = loop("log", "--json", cwd=bus.parent)
    assert (done.code, len(done.out.splitlines())) == (0, 17)
    assert done.err == f"left out 2 unreadable lines of {bus}/logs/feed.jsonl\n"


def test_agents_text_is_shown_and_never_sent(bus: Path):
    append(bus, "document_refused", document="d", round=1, reason="\x1b[2J\nsecond \x07line", kept="k")
    append(bus, "of_another_version\x1b", text="\x9b31m\u202e")
    for args in ((), ("--json",)):
        done = loop("log", *args, cwd=bus.parent)
        assert [char for char in done.out if not char.isprintable() and char != "\n"] == []
    assert "d refused: \\x1b[2J\n" + " " * 28 + "second \\x07line\n" in loop("log", cwd=bus.parent).out


def test_a_feed_that_is_not_there_is_empty_and_one_that_is_no_file_a_sentence(bus: Path):
    feed = bus / "logs/feed.jsonl"
    feed.unlink()
    assert (loop("log", cwd=bus.parent).code, loop("log", cwd=bus.parent).out) == (0, "")
    feed.mkdir()
    done = loop("log", cwd=bus.parent)
    assert (done.code, "is a folder, not a file" in done.err) == (3, True)


def test_following_goes_on_with_what_comes_and_ends_with_ctrl_c(bus: Path):
    argv = [*LOOP, "log", "--follow", "-n", "1", "--event", "round_started", "--event", "of_interest"]
    with Terminal(argv, cwd=bus.parent) as terminal:
        terminal.wait_for("    9  ")
        append(bus, "of_no_interest")
        append(bus, "of_interest", number=1)
        terminal.wait_for('of_interest {"number": 1}')
        append(bus, "of_interest", number=2)
        terminal.wait_for('of_interest {"number": 2}')
        terminal.type("\x03")
        assert terminal.wait() == 0
    assert "no_interest" not in terminal.text
    assert terminal.text.count("of_interest") == 2


def test_following_ends_when_nobody_reads_any_more(bus: Path):
    with subprocess.Popen([*LOOP, "log", "-f", "--json"], cwd=bus.parent, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for number in range(1, 17):
            assert json.loads(process.stdout.readline())["seq"] == number
        process.stdout.close()
        append(bus, "of_interest")
        assert process.wait(timeout=60) == 0
