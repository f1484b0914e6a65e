"""Runs that are ended while a real program has a command running: nobody is left behind, and nothing is lost."""

import signal
from pathlib import Path

import pytest

from tests.agents.programs import PROGRAMS, Program
from tests.agents.script import Play, Run
from tests.agents.staging import GREETING, PATIENCE, RIGHT, THERE, LiveStage, playing, works
from tests.support.runs import nothing_left, wait_until

BEGUN = ".git/begun"  # every program may write there
SLEEPS = "sleep 4711"  # no other command line has that number
PLAY = Play(
    turns={("worker", 1): works(RIGHT, first=[Run(f"{THERE} && (test -e {BEGUN} || (touch {BEGUN}; {SLEEPS}))")])}
)
SOON = 15.0  # seconds: a program has one to end by itself, the rest is for busy machines


def working(stage: LiveStage) -> bool:
    """Say whether the program's command runs and is found by the marks that everything is looked for by."""
    return (stage.root / BEGUN).exists() and any(SLEEPS in command for command in stage.alive().values())


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=lambda number: number.name)
def test_nobody_is_left_when_the_run_is_ended_during_the_work_and_a_resume_finishes_it(
    tmp_path: Path, programs: Path, program: Program, number: signal.Signals
):
    with playing(tmp_path, programs, PLAY, worker=program) as (stage, _):
        process = stage.start("run")
        wait_until(lambda: working(stage) or process.poll() is not None, "the program's command", seconds=PATIENCE)
        process.send_signal(number)
        result = stage.end(process)
        assert result.code == (130 if number == signal.SIGINT else -signal.SIGKILL), result.err
        wait_until(lambda: not stage.alive(), "the end of all processes", seconds=SOON)
        again = stage.run("--resume")
        assert again.code == 0, again.err
        assert stage.git("show", f"HEAD:{GREETING}") == RIGHT
        nothing_left(stage)
