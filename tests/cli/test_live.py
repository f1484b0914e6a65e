"""`loop run` on a real terminal: what an emulator shows of it while it goes on, and after each kind of end."""

import os
import re
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from loop_kit.cli.live import Live
from tests.support.happenings import told
from tests.support.replay import SHA, Replayed, replay, terminal_stream
from tests.support.runs import ISSUE, LOOP, Stage, Steps, approves, clearing, nothing_left, objects, wait_until, works
from tests.support.screens import Screen, bare, too_wide
from tests.support.terminals import Terminal

ODD = "[bold red]odd[/] \x1b[2J\x1b]0;title\x07 :smile: 日本 " + "long " * 60
CHECK = """
[checks.word]
run = "grep -q o app.txt"
"""
WORKING = "worker (script) works"
MOVES = re.compile(r"\x1b\[\d*[A-LN-Za-ln-z]")  # every command but colours
COMMANDS = re.compile(r"\x1b\[[0-9;]*m|\r\x1b\[2K|\x1b\[1A\x1b\[2K")  # colours, and what takes the region back


def on_terminal(
    stage: Stage, *args: str, lines: int = 24, columns: int = 80, env: Mapping[str, str] | None = None
) -> Terminal:
    environment = {**stage.env, "XDG_CACHE_HOME": str(stage.cache), **(env or {})}
    return Terminal([*LOOP, "run", *args], cwd=stage.root, lines=lines, columns=columns, env=environment)


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """Return a file that a worker waits for before it hands in its report."""
    return tmp_path / "gate"


def held(tmp_path: Path, gate: Path, *steps: Mapping[str, Any], config: str = "") -> Stage:
    work: Steps = [{"edit": {"app.txt": "two\n"}}, {"commit": "Say two"}, *map(dict, steps)]
    return Stage.set_up(tmp_path, worker=[[*work, {"wait_for": str(gate)}, {"report": {}}]], config=config)


def phases(screen: Screen) -> list[str]:
    """Return the finished lines without times and commit ids."""
    found = [re.sub(r"^ *\d+:\d\d  |, \d+:\d\d|head \w+| in \d\.\d s", "", line) for line in screen.text.splitlines()]
    return [line for line in found if line.startswith("round ")]


def test_a_run_leaves_a_line_for_each_phase_and_a_panel_that_fits(tmp_path):
    odd = {**ISSUE, "reason": ODD, "file": "app.txt"}
    worker = [[{"said": ODD}, *works()], works("two more\n")]
    stage = Stage.set_up(tmp_path, worker=worker, reviewer=[objects(odd), approves()], config=CHECK)
    with on_terminal(stage) as terminal:
        code = terminal.wait()
        screen = Screen(terminal)
    assert code == 0, screen.text
    assert any(line.startswith("approved") for line in screen.lines)
    assert too_wide(terminal) == []
    assert "\x1b" not in COMMANDS.sub("", terminal.text)
    assert not screen.cursor_hidden
    assert WORKING in bare(terminal.text)
    assert WORKING not in screen.text
    assert [line for line in phases(screen) if "checks" not in line] == [
        "round 1: worker (script): 1 commit, 1 file, ",
        "round 1: reviewer (script): changes required",
        "round 2: worker (script): 2 commits, 1 file, ",
        "round 2: reviewer (script): approved",
    ]
    assert len([line for line in phases(screen) if ": checks" in line]) == 3
    assert screen.having("[bold red]odd[/] \\x1b[2J\\x1b]0;title\\x07 :smile: 日本")
    nothing_left(stage)


def test_the_region_says_round_phase_action_and_time_and_the_time_goes_on_by_itself(tmp_path, gate: Path):
    stage = held(tmp_path, gate, {"said": f"Now\n{ODD}"})
    with clearing(stage), on_terminal(stage) as terminal:
        screen = Screen.when(terminal, lambda screen: screen.having("says: Now [bold red]odd[/]"), "the last words")
        region = [line for line in screen.lines if line][-2:]
        assert re.fullmatch(rf" +0:\d\d  round 1: {re.escape(WORKING)}, 0:\d\d", region[0])
        assert re.fullmatch(r" {8}says: Now \[bold red\]odd\[/\] \\x1b\[2J.*…", region[1])
        assert screen.cursor == (0, screen.lines.index(region[1]) + 1)
        # It says nothing from here on.
        later = Screen.when(terminal, lambda screen: region[0] not in screen.lines, "another time")
        assert len(later.having(WORKING)) == 1
        gate.touch()
        assert terminal.wait() == 0
    assert too_wide(terminal) == []


def test_checks_are_shown_as_they_run(tmp_path, gate: Path):
    config = f"""
[checks.quick]
run = "true"
[checks.slow]
run = "sh -c 'until test -e {gate}; do sleep 0.02; done'"
"""
    stage = Stage.set_up(tmp_path, config=config)
    with clearing(stage), on_terminal(stage) as terminal:
        screen = Screen.when(terminal, lambda screen: screen.having("1 of 2 done"), "the first check")
        assert screen.having("round 1: checks at the base, 1 of 2 done, 0:0")
        screen = Screen.when(terminal, lambda screen: screen.having("slow: sh -c"), "the second check")
        gate.touch()
        assert terminal.wait() == 0
        screen = Screen(terminal)
    assert "of 2 done" not in screen.text
    assert screen.having("round 1: checks, 0:0")
    assert screen.having("          slow (sh -c")
    assert any(line.startswith("approved  T-1 ─") for line in screen.lines)


def ctrl_c(terminal: Terminal, _stage: Stage) -> None:
    terminal.type("\x03")


def sigterm(terminal: Terminal, _stage: Stage) -> None:
    terminal.process.send_signal(signal.SIGTERM)


def kill_of_the_round(terminal: Terminal, stage: Stage) -> None:
    rounds = {pid for pid, command in stage.leftovers().items() if "--single-round" in command}
    for pid in rounds:
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("end", "code", "outcome", "why"),
    [
        (ctrl_c, 130, "interrupted", "the run was interrupted from the keyboard"),
        (sigterm, 143, "terminated", "the run was told to end by SIGTERM"),
        (kill_of_the_round, 143, "terminated", "the process of round 1 was killed by signal 9"),
    ],
)
def test_whatever_ends_it_the_region_is_gone_and_the_panel_says_how_to_go_on(
    tmp_path, gate: Path, end: Callable[[Terminal, Stage], None], code: int, outcome: str, why: str
):
    stage = held(tmp_path, gate)
    with clearing(stage), on_terminal(stage) as terminal:
        Screen.when(terminal, lambda screen: screen.having(WORKING), "the worker")
        end(terminal, stage)
        assert terminal.wait() == code
        screen = Screen(terminal)
    assert screen.having(WORKING) == []
    assert len(screen.having(why)) == 1, screen.text
    assert any(line.startswith(f"{outcome}  T-1 ─") for line in screen.lines)
    assert screen.having("next      loop run --resume") == ["next      loop run --resume"]
    assert not screen.cursor_hidden
    assert screen.cursor[0] == 0
    assert screen.lines[screen.cursor[1]] == ""
    assert stage.leftovers() == {}


def test_a_killed_run_leaves_a_terminal_with_nothing_to_put_right(tmp_path, gate: Path):
    stage = held(tmp_path, gate)
    with clearing(stage), on_terminal(stage) as terminal:
        Screen.when(terminal, lambda screen: screen.having(WORKING), "the worker")
        terminal.process.kill()
        terminal.wait()
        wait_until(lambda: not stage.leftovers(), "the end of the round")
    screen = Screen(terminal)
    assert not screen.cursor_hidden
    assert screen.lines[screen.cursor[1]] == ""
    assert set(COMMANDS.findall(terminal.text)) >= {"\x1b[0m"}
    assert "\x1b" not in COMMANDS.sub("", terminal.text)


def test_a_bug_takes_the_region_away_and_is_told(tmp_path):
    program = """
from loop_kit.cli.listeners import TerminalListener
from loop_kit.model.events import RoundStarted
with TerminalListener(live=True, panel=True) as listener:
    listener.hear(RoundStarted(round=1, head_sha=""))
    raise RuntimeError("planted")
"""
    with Terminal([sys.executable, "-c", program], cwd=tmp_path) as terminal:
        assert terminal.wait() == 1
    screen = Screen(terminal)
    assert "round 1" in terminal.text
    assert "round 1" not in screen.text
    assert screen.having("RuntimeError: planted")


def test_a_person_reads_whole_what_is_wanted_and_the_region_says_who_is_waited_for(tmp_path):
    goal = "A goal that is longer than a line of this terminal, " * 3
    stage = Stage.set_up(tmp_path, card={"goal": goal})
    with clearing(stage), on_terminal(stage, "--no-auto-dispatch", "--single-round", lines=40) as terminal:
        said = "round 1: waiting for you, the worker, 0:01"
        screen = Screen.when(terminal, lambda screen: screen.having(said), "who is waited for")
        shown = "".join(screen.text.split())  # a path that is longer than a line is broken
        for wanted in (
            f"T-1: {goal.strip()}",
            f"{stage.bus}/task_card.json",
            f"or  write {stage.bus}/work_report.json",
        ):
            assert "".join(wanted.split()) in shown
        assert screen.having("          answer:     commit the work, then: loop submit --notes TEXT")
        terminal.type("\x03")
        assert terminal.wait() == 130
    assert Screen(terminal).having(said) == []


FINDING = {"effect": "judge", "code": "odd", "text": ODD, "paths": []}
HEARD = [
    told("run_started", {"run_name": "T-1", "base_sha": SHA, "branch": "main"}),
    told("round_started", {"round": 1}),
    told("dispatch_started", {"role": "worker", "backend": "codex", "problems": []}),
    told("agent_said", {"role": "worker", "text": ODD}),
    told("dispatch_ended", {"role": "worker", "document": True, "swept": 0, "seconds": 1.0}),
    told("verified", {"commits": 1, "files": 1, "head_sha": SHA, "findings": [FINDING] * 20}),
    told("left_behind", {"what": ODD, "hint": ODD}),
    told("decided", {"round": 1, "decision": "approve", "judged_by": "reviewer", "issues": []}),
    told("dispatch_started", {"role": "reviewer", "backend": "codex", "problems": []}),
    told("agent_action", {"role": "reviewer", "tool": "Bash", "detail": ODD}),
]


@pytest.mark.parametrize(
    ("size", "encoding"), [((24, 20), "utf-8"), ((24, 39), "ascii"), ((0, 0), "utf-8"), ((24, 80), "latin-1")]
)
def test_on_no_terminal_anything_overflows_or_stays_of_the_region(size: tuple[int, int], encoding: str):
    terminal = replay(HEARD, {}, size=size, encoding=encoding)
    screen = Screen(terminal)
    assert too_wide(terminal) == []
    assert "\x1b" not in COMMANDS.sub("", terminal.text)
    assert " works" not in screen.text
    assert len(screen.having("[bold red]odd[/]")) == (1 if size == (24, 20) else 11)
    assert any(line.startswith("approved") for line in screen.lines)
    assert not screen.cursor_hidden


@pytest.mark.parametrize("size", [(24, 19), (4, 80), (1, 1), (24, 2)])
def test_on_the_smallest_of_terminals_there_is_no_region_and_no_crash(size: tuple[int, int]):
    terminal = replay(HEARD, {}, size=size)
    assert not MOVES.search(terminal.text)
    assert "approved" in terminal.text


def colours(text: str) -> list[str]:
    return re.findall(r"\x1b\[(?:\d;)*3\d[\d;]*m", text)


def test_no_color_is_honoured(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    coloured = replay(HEARD, {})
    monkeypatch.setenv("NO_COLOR", "1")
    assert (bool(colours(coloured.text)), colours(replay(HEARD, {}).text)) == (True, [])


@pytest.mark.parametrize(("columns", "shown"), [(80, "Bash: pytest -q, last output 1:05 ago"), (20, "last outpu")])
def test_the_age_of_an_output_of_long_ago_is_shown_in_yellow(monkeypatch, columns: int, shown: str):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    now = 0.0
    with terminal_stream(24, columns) as stream:
        live = Live(stream, lambda: now)
        live.hear(told("dispatch_started", {"role": "worker", "backend": "codex", "problems": []}))
        live.hear(told("agent_action", {"role": "worker", "tool": "Bash", "detail": "pytest -q"}))
        now = 65.0
        live.hear(told("agent_silent", {"role": "worker", "seconds": 65.0, "limit": "", "seconds_left": 0.0}))
        stream.flush()
        replayed = Replayed(seen=stream.kept.getvalue(), lines=24, columns=columns)
    assert too_wide(replayed) == []
    (line,) = re.findall(r"\x1b\[33m([^\x1b]*)", replayed.text)
    assert shown in line
