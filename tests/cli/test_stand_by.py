"""The process of the next round, started while this one goes on."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import loop_kit
from loop_kit.errors import EXIT_CODES, Outcome
from tests.support import dying
from tests.support.runs import Stage, approves, clearing, ended, objects, wait_until, works

PATIENCE = 20.0
BEGUN = "BEGUN_WITH"


HANDED = ("--git-dir", "x", "--common-dir", "x", "--locks", "3,4", "--parent")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    held = [{"wait_for": str(tmp_path / "go")}, *objects()]
    return Stage.set_up(tmp_path, worker=[works(), works("three\n")], reviewer=[held, approves()])


@contextmanager
def being_judged(stage: Stage) -> Iterator["subprocess.Popen[str]"]:
    """Have a run whose first change is being judged; the reviewer is let go on afterwards."""
    with clearing(stage):
        process = stage.start("run")
        wait_until(lambda: stage.calls("reviewer"), "the reviewer")
        wait_until(lambda: standing_by(stage), "the process of the second round")
        yield process
        (stage.root.parent / "go").touch()
        ended(stage, stage.end(process), 0, paid=(2, 2))


def standing_by(stage: Stage) -> list[int]:
    return [pid for pid, command in stage.leftovers().items() if command.endswith("--stand-by")]


def round_processes(stage: Stage) -> list[str]:
    return [command for command in stage.leftovers().values() if "--single-round" in command]


def test_a_round_goes_on_when_the_next_ones_process_cannot_be_started(tmp_path: Path):
    stage = Stage.set_up(tmp_path, worker=[works(), works("three\n")], reviewer=[objects(), approves()])
    journal = tmp_path / "journal"
    fails = (*dying.PROGRAM, "1!EAGAIN:start --stand-by", str(journal))
    with clearing(stage):
        ended(stage, stage.end(stage.start("run", program=fails)), 0, paid=(2, 2))
    tried = [line for line in journal.read_text(encoding="utf-8").splitlines() if line.startswith("start ")]
    assert sum("--stand-by" in line for line in tried) == 2  # in round 1, where it fails, and in round 2


def test_it_waits_while_the_reviewer_judges_and_plays_the_next_round(stage: Stage):
    with being_judged(stage):
        assert len(round_processes(stage)) == 2
        assert len(standing_by(stage)) == 1


def test_no_process_gets_ready_for_a_round_that_may_not_come(stage: Stage):
    with clearing(stage):
        process = stage.start("run", "--max-rounds", "1")
        wait_until(lambda: stage.calls("reviewer"), "the reviewer")
        assert len(round_processes(stage)) == 1
        (stage.root.parent / "go").touch()
        ended(stage, stage.end(process), EXIT_CODES[Outcome.ROUND_LIMIT], paid=(1, 1))


def test_one_that_was_killed_is_replaced(stage: Stage):
    with being_judged(stage):
        os.kill(standing_by(stage)[0], signal.SIGKILL)


def test_it_ends_with_a_run_that_is_killed(stage: Stage):
    with clearing(stage):
        process = stage.start("run")
        wait_until(lambda: standing_by(stage), "the process of the second round")
        process.kill()
        wait_until(lambda: not standing_by(stage), "its end")


@pytest.fixture
def own_code(tmp_path: Path) -> Path:
    """Return a copy of loop's code that says what it was when a round began with it."""
    copy = tmp_path / "code/loop_kit"
    shutil.copytree(Path(loop_kit.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "cli/play_round.py").write_text(saying("the old code"), encoding="utf-8")
    return copy


def saying(what: str) -> str:
    return f"SAID = {what!r}\ndef play(*_args, **_kwargs):\n    print({BEGUN!r}, SAID)\n    return 0\n"


def stand_by(code: Path) -> "subprocess.Popen[str]":
    argv = ("--loop-dir", "x", "run", "--single-round", "--round", "2", *HANDED, str(os.getpid()))
    begin = f"import sys; sys.path.insert(0, {str(code.parent)!r}); from loop_kit.__main__ import run; run()"
    return subprocess.Popen(
        [sys.executable, "-P", "-E", "-c", begin, *argv, "--stand-by"],
        cwd=code.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def has_read(code: Path) -> bool:
    """Whether the code was read that a round begins with: Python compiles the last of what is needed after all else."""
    return bool(list(code.glob("steps/__pycache__/round.*.pyc")))


@pytest.mark.parametrize("changed", [False, True], ids=["the same code", "changed code"])
def test_a_round_runs_the_code_as_it_is_when_the_round_begins(own_code: Path, changed: bool):
    process = stand_by(own_code)
    wait_until(lambda: has_read(own_code), "the code to be read")
    if changed:
        (own_code / "cli/play_round.py").write_text(saying("the newer code"), encoding="utf-8")
    out, err = process.communicate("\n", timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")
    assert out == f"{BEGUN} the {'newer' if changed else 'old'} code\n"


def test_one_that_is_not_called_does_nothing(own_code: Path):
    process = stand_by(own_code)
    assert process.communicate("", timeout=PATIENCE) == ("", "")
    assert process.returncode == 0
