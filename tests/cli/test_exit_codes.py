"""Every exit code is reached by the real command; the ones that cannot be yet are listed with the reason."""

import signal
import sys
from collections.abc import Callable

import pytest

from loop_kit.bus.lock import Lock
from loop_kit.errors import EXIT_CODES, Outcome
from tests.support.runs import Result, Stage, approves, nothing_left, objects, wait_until, works

NOT_YET = {Outcome.BUDGET: "no run has a budget yet: limits of money and minutes come with a later issue"}
# A bug of loop's own, planted by a module that every process of loop imports.
PLUGIN = """
from loop_kit.runs import preconditions

def odd(*_args):
    raise ZeroDivisionError("nobody planned for this")

preconditions.check_scratch = odd
"""
# As `python -m loop_kit`, with one folder more to import from.
WITH_PLUGIN = "import sys; sys.path.append(sys.argv.pop(1)); from loop_kit.__main__ import run; run()"


def approved(stage: Stage) -> Result:
    return stage.run()


def usage(stage: Stage) -> Result:
    return stage.run("--resume", "--reset")


def invalid(stage: Stage) -> Result:
    stage.put_card([])
    return stage.run()


def dirty_tree(stage: Stage) -> Result:
    (stage.root / "app.txt").write_text("dirty\n", encoding="utf-8")
    return stage.run()


def locked(stage: Stage) -> Result:
    with Lock.acquire(stage.bus / "lock", purpose="a test", now="2025-01-31T08:00:00.000Z"):
        return stage.run()


def round_limit(stage: Stage) -> Result:
    stage.play([works()], [objects()])
    return stage.run("--max-rounds", "1")


def stalled(stage: Stage) -> Result:
    stage.play({"*": [{"report": {}}]})
    return stage.run()


def backend_failed(stage: Stage) -> Result:
    stage.play([[{"fail": {"kind": "auth", "message": "who are you?"}}]])
    return stage.run()


def timeout(stage: Stage) -> Result:
    return stage.run("--no-auto-dispatch", "--artifact-timeout", "0.1")


def changes_required(stage: Stage) -> Result:
    stage.play(None, [objects()])
    return stage.run("--single-round")


def needs_person(stage: Stage) -> Result:
    stage.play([[{"run": ["git", "switch", "-qc", "mine"]}, *works()]])
    return stage.run()


def stopped(stage: Stage) -> Result:
    (stage.bus / "STOP").touch()
    return stage.run()


def interrupted(stage: Stage) -> Result:
    return _signalled(stage, signal.SIGINT)


def terminated(stage: Stage) -> Result:
    return _signalled(stage, signal.SIGTERM)


def _signalled(stage: Stage, number: signal.Signals) -> Result:
    stage.play([[{"sleep": 60}]], [approves()])
    process = stage.start("run")
    wait_until(lambda: stage.calls("worker"), "the worker's start")
    process.send_signal(number)
    return stage.end(process)


REACHED: dict[Outcome, Callable[[Stage], Result]] = {
    Outcome(reach.__name__): reach
    for reach in (
        *(approved, usage, invalid, dirty_tree, locked, round_limit, stalled, backend_failed, timeout),
        *(changes_required, needs_person, stopped, interrupted, terminated),
    )
}
# These are said before there is a run whose state could tell.
BEFORE_A_RUN = (Outcome.USAGE, Outcome.INVALID, Outcome.DIRTY_TREE, Outcome.LOCKED)


def test_every_exit_code_is_reached_or_listed():
    assert {*REACHED, *NOT_YET, Outcome.BUG} == set(EXIT_CODES)
    assert not set(REACHED) & set(NOT_YET)
    assert len(set(EXIT_CODES.values())) == len(EXIT_CODES)


@pytest.mark.parametrize("outcome", REACHED)
def test_the_command_ends_with_the_code_of_its_outcome(tmp_path, outcome: Outcome):
    stage = Stage.set_up(tmp_path)
    result = REACHED[outcome](stage)
    assert result.code == EXIT_CODES[outcome], result.err
    if outcome in BEFORE_A_RUN:
        assert result.state is None
    elif outcome is not Outcome.CHANGES_REQUIRED:  # such a run is not over
        assert result.standing["outcome"] == outcome
        assert result.standing["error"] in result.err
    if outcome not in (Outcome.APPROVED, Outcome.CHANGES_REQUIRED):
        sentence, hint, *_ = result.err[result.err.index("loop: ") :].splitlines()
        assert sentence.removeprefix("loop: ")
        assert hint.startswith("  ")
    nothing_left(stage)


def test_a_bug_ends_with_its_code_and_says_where_the_traceback_is(tmp_path):
    stage = Stage.set_up(tmp_path)
    (tmp_path / "odd_plugin.py").write_text(PLUGIN, encoding="utf-8")
    config = (stage.bus / "config.toml").read_text(encoding="utf-8")
    stage.configure('plugins = ["odd_plugin"]\n' + config)
    program = (sys.executable, "-P", "-E", "-c", WITH_PLUGIN, str(tmp_path))
    result = stage.end(stage.start("run", program=program, env={"TMPDIR": str(tmp_path)}))
    assert result.code == EXIT_CODES[Outcome.BUG], result.err
    assert "loop: a bug in loop: " in result.err
    (log,) = tmp_path.glob("loop-bug-*.log")
    assert str(log) in result.err
    assert "nobody planned for this" in log.read_text(encoding="utf-8")
    assert (result.state, stage.paid) == (None, (0, 0))
    nothing_left(stage)
