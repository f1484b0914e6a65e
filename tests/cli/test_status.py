import json
import os
import re
import shutil
from pathlib import Path

import pytest

from loop_kit.bus.bus import Bus
from loop_kit.monitoring.status import read_status
from tests.support.commands import loop
from tests.support.runs import Stage, approves, objects, works

EXAMPLE = Path(__file__).resolve().parent.parent.parent / ".loop.example"


@pytest.fixture
def bus(tmp_path: Path) -> Path:
    """Return a copy of the example: the bus of a finished two-round run."""
    shutil.copytree(EXAMPLE, tmp_path / ".loop")
    return tmp_path / ".loop"


def test_one_screen_tells_the_run_its_rounds_and_the_next_step(bus: Path):
    done = loop("status", cwd=bus.parent)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[:2] == ["task      T-001", "state     done in round 2, ended: approved"]
    assert "round 1   changes_required by reviewer, 1 open" in lines
    assert "round 2   approve by reviewer, 0 open" in lines
    assert re.fullmatch(r"next      look at the change: git diff \w{12} \w{12}", lines[-1])
    assert len(lines) < 25


def test_json_is_the_same_as_one_object(bus: Path):
    done = loop("status", "--json", cwd=bus.parent)
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out) == read_status(Bus(bus)).to_document()


def test_without_a_bus_it_names_the_command_that_makes_one(tmp_path: Path):
    done = loop("status", cwd=tmp_path)
    assert (done.code, done.out) == (3, "")
    assert done.err == f"loop: {tmp_path}/.loop does not exist\n  loop init makes it\n"


def test_looking_takes_no_lock_and_writes_nothing(bus: Path):
    before = {path: path.stat().st_mtime_ns for path in bus.rglob("*")}
    loop("status", cwd=bus.parent)
    assert {path: path.stat().st_mtime_ns for path in bus.rglob("*")} == before


@pytest.mark.parametrize("spoiled", [b"", b"{", b"[]", b'{"state": 1}', b"\xff", b"[" * 100_000])
def test_a_state_that_cannot_be_read_is_one_sentence(bus: Path, spoiled: bytes):
    (bus / "state.json").write_bytes(spoiled)
    done = loop("status", cwd=bus.parent)
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("loop: ")
    assert "state.json" in done.err
    assert (bus / "state.json").read_bytes() == spoiled


def test_a_state_that_is_no_file_is_not_waited_for(bus: Path):
    (bus / "state.json").unlink()
    os.mkfifo(bus / "state.json")
    done = loop("status", cwd=bus.parent)
    assert (done.code, done.err.partition("\n")[0]) == (3, "loop: .loop/state.json is a FIFO, not a file")


@pytest.mark.parametrize("spoiled", [b"", b"\xff\n", b"{}\n", b'{"event": "decided"}\n{"torn', b"x" * 3_000_000])
def test_a_feed_that_cannot_be_read_hides_nothing_else(bus: Path, spoiled: bytes):
    (bus / "logs/feed.jsonl").write_bytes(spoiled)
    done = loop("status", cwd=bus.parent)
    assert (done.code, done.err) == (0, "")
    assert "state     done in round 2" in done.out


def test_events_of_another_version_of_loop_are_told_by_name(bus: Path):
    feed = bus / "logs/feed.jsonl"
    lines = [json.loads(line) for line in feed.read_text(encoding="utf-8").splitlines()]
    feed.write_text("".join(json.dumps({**line, "data": {}}) + "\n" for line in lines), encoding="utf-8")
    done = loop("status", cwd=bus.parent)
    assert (done.code, done.err) == (0, "")
    assert re.search(r"Z  decided$", done.out, re.MULTILINE)


def test_agents_text_is_shown_and_never_sent_to_the_terminal(bus: Path):
    state = json.loads((bus / "state.json").read_text(encoding="utf-8"))
    state |= {"error": "it said \x1b[2J\x9b31m\u202e", "hint": "try \x07", "outcome": "needs_person"}
    (bus / "state.json").write_text(json.dumps(state), encoding="utf-8")
    told, document = loop("status", cwd=bus.parent), loop("status", "--json", cwd=bus.parent)
    assert (told.code, document.code) == (0, 0)
    assert [char for char in told.out + document.out if not char.isprintable() and char != "\n"] == []
    assert json.loads(document.out)["state"]["error"] == state["error"]


def test_a_run_that_a_person_ended_says_why_and_how_to_go_on(tmp_path: Path):
    stage = Stage.set_up(tmp_path, worker=[works()], reviewer=[objects()])
    ended = stage.run("--max-rounds", "1")
    assert ended.code == 6
    done = loop("status", cwd=stage.root)
    assert done.code == 0
    assert "ended: round_limit" in done.out
    assert f"reason    {ended.standing['error']}" in done.out
    assert done.out.splitlines()[-1] == f"next      {ended.standing['hint']}"


def test_status_may_be_asked_while_a_run_goes_on(tmp_path: Path):
    stage = Stage.set_up(tmp_path, worker=[[{"wait_for": str(tmp_path / "go")}, *works()]], reviewer=[approves()])
    process = stage.start("run")
    try:
        said = ""
        while "the worker is at work" not in said:
            assert process.poll() is None, stage.end(process)
            said = loop("status", cwd=stage.root).out if stage.read("state") else ""
        assert f"running   pid {process.pid}, the worker is at work" in said
        assert "it is running; create " in said
    finally:
        (tmp_path / "go").touch()
        result = stage.end(process)
    assert result.code == 0
