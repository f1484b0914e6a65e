import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from loop_kit.bus.atomic import write_bytes
from loop_kit.bus.bus import Bus
from loop_kit.bus.feed import Feed
from loop_kit.model.documents import write
from loop_kit.model.events import Parked
from loop_kit.views.run_status import read_status
from tests.support.commands import LOOP, loop
from tests.support.happenings import sample
from tests.support.runs import Stage, approves, objects, works
from tests.support.terminals import Terminal, cells

EXAMPLE = Path(__file__).resolve().parent.parent.parent / ".loop.example"


@pytest.fixture
def bus(tmp_path: Path) -> Path:
    """Return a copy of the example: the bus of a finished two-round run."""
    shutil.copytree(EXAMPLE, tmp_path / ".loop")
    return tmp_path / ".loop"


def test_one_screen_tells_the_run_its_rounds_and_the_next_step(bus: Path):
    done = loop("status", cwd=bus.parent, env={"TZ": "UTC"})
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].startswith("task      T-001 Long durations are shown in hours")
    assert lines[1] == "state     done in round 2, ended: approved"
    assert re.fullmatch(r"since     2025-03-03 10:05:41 \(\d+ days ago\); started 2025-03-03 10:00:00 .*", lines[2])
    assert "round 1   changes required, 1 open (by the reviewer)" in lines
    assert "round 2   approved (by the reviewer)" in lines
    assert re.fullmatch(r"next      look at the change: loop diff; then: loop accept", lines[-1])
    assert len(lines) < 25


def test_json_is_the_same_as_one_object(bus: Path):
    done = loop("status", "--json", cwd=bus.parent)
    assert (done.code, done.err) == (0, "")
    document = json.loads(done.out)
    age = document.pop("age_seconds")
    expected = write(read_status(Bus(bus), datetime.now(UTC)))
    assert abs(expected.pop("age_seconds") - age) < 60
    assert document == expected


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
    assert re.search(r"\d\d decided$", done.out, re.MULTILINE)


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
        while " works" not in said or "(script, pid" not in said:
            assert process.poll() is None, stage.end(process)
            said = loop("status", cwd=stage.root).out if stage.read("state") else ""
        working = json.loads(loop("status", "--json", cwd=stage.root).out)["working"]
        assert f"running   pid {process.pid}, worker (script, pid {working['pid']}) works for " in said
        assert working["pid"] in stage.leftovers()
        assert "running; create " in said
    finally:
        (tmp_path / "go").touch()
        result = stage.end(process)
    assert result.code == 0


# On a terminal


def long_state(bus: Path) -> None:
    """Make every entry of the screen as long as it can get."""
    state = json.loads((bus / "state.json").read_text(encoding="utf-8"))
    rows = [state["round_details"][0] | {"round": number} for number in range(1, 31)]
    state |= {"round_details": rows, "outcome": "stalled", "error": "word " * 300, "hint": "do 日本 " * 300}
    state |= {"branch": "b" * 300, "state": "awaiting_work"}
    (bus / "state.json").write_text(json.dumps(state), encoding="utf-8")
    parked = sample(Parked, message="x" * 200)
    Feed(bus / "logs/feed.jsonl").append(parked, run_id=state["run_id"], now=state["updated_at"])


@pytest.mark.parametrize(("lines", "columns"), [(24, 80), (50, 200), (24, 40)])
def test_on_a_terminal_it_fits_one_screen_whatever_the_run_says(bus: Path, lines: int, columns: int):
    long_state(bus)
    with Terminal([*LOOP, "status"], cwd=bus.parent, lines=lines, columns=columns) as terminal:
        assert terminal.wait() == 0
    shown = terminal.text.splitlines()
    assert len(shown) < 24
    assert max(map(cells, shown)) <= columns
    assert "…" in terminal.text
    assert any(line.startswith("next      do") for line in shown)


def test_the_watch_draws_over_itself_and_leaves_the_cursor_below(bus: Path):
    lines = len(loop("status", cwd=bus.parent).out.splitlines())
    with Terminal([*LOOP, "status", "--watch", "0.1"], cwd=bus.parent) as terminal:
        terminal.wait_for(f"\x1b[{lines}A")
        terminal.type("\x03")
        assert terminal.wait() == 0
    parts = terminal.text.split(f"\x1b[{lines}A\r\x1b[J")
    assert len(parts) > 1
    assert parts[-1].count("\n") == lines
    assert parts[-1].endswith("\n") or parts[-1].endswith("^C")
    assert "\x1b[?25l" not in terminal.text


def test_the_watch_sees_what_changes(bus: Path):
    with Terminal([*LOOP, "status", "--watch", "0.1"], cwd=bus.parent) as terminal:
        terminal.wait_for("in round 2, ended: approved")
        state = json.loads((bus / "state.json").read_text(encoding="utf-8")) | {"outcome": "stalled"}
        write_bytes(bus / "state.json", json.dumps(state).encode())
        terminal.wait_for("in round 2, ended: stalled")
        terminal.process.terminate()
        assert terminal.wait() == 143


def test_without_a_terminal_the_watch_prints_one_object_a_line(bus: Path):
    argv = [*LOOP, "status", "--watch", "0.1", "--json"]
    with subprocess.Popen(argv, cwd=bus.parent, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        documents = [json.loads(process.stdout.readline()) for _ in range(3)]
        process.stdout.close()  # as `head` does: it notices and ends
        assert process.wait(timeout=60) == 0
    assert [document["state"]["round"] for document in documents] == [2, 2, 2]


@pytest.mark.parametrize("seconds", ["0", "-1", "soon"])
def test_the_watch_takes_only_a_time(bus: Path, seconds: str):
    done = loop("status", f"--watch={seconds}", cwd=bus.parent)
    assert (done.code, done.out) == (2, "")


def test_looking_stays_cheap_whatever_is_on_the_bus(bus: Path):
    probe = (
        "import sys; from loop_kit.cli.entry import main; main(['status']);"
        "sys.exit(str(sorted({'click', 'rich', 'git', 'jsonschema', 'pathspec', 'dataclasses'} & set(sys.modules))))"
    )
    done = loop(cwd=bus.parent, program=(sys.executable, "-P", "-E", "-c", probe))
    assert done.err == "[]\n"
