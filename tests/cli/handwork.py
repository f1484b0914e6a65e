"""What tests of people's commands share: a stage without programs, and the ways to the points where somebody is awaited."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.repos import commit
from tests.support.runs import Result, Stage, clearing, wait_until


@contextmanager
def by_hand(folder: Path) -> Iterator[Stage]:
    stage = Stage.set_up(folder)
    stage.configure("")
    with clearing(stage):
        yield stage


def waiting(stage: Stage, phase: str = "awaiting_work", round_number: int = 1) -> Callable[[], bool]:
    def fact() -> bool:
        state = stage.read("state") or {}
        return (state.get("state"), state.get("round")) == (phase, round_number)

    return fact


def interrupted_while_waiting(stage: Stage, *args: str) -> None:
    """Come to the point where work is awaited and no process of loop lives."""
    process = stage.start("run", *args)
    wait_until(lambda: stage.look().events("round_started"), "the round")
    process.send_signal(signal.SIGINT)
    assert stage.end(process).code == 130


def work(stage: Stage, text: str = "two\n") -> str:
    return commit(stage.root, {"app.txt": text}, message="Work")


def says(result: Result, *words: str, code: int) -> None:
    assert result.code == code, result.err + result.out
    for word in words:
        assert word in result.err + result.out, result.err + result.out


def awaiting_review(stage: Stage) -> Stage:
    """Come to the point where a review is awaited and no process of loop lives."""
    interrupted_while_waiting(stage)
    work(stage)
    stage.loop("submit")
    process = stage.start("run", "--resume")
    wait_until(waiting(stage, "awaiting_review"), "the wait for a review")
    process.send_signal(signal.SIGINT)
    stage.end(process)
    return stage
