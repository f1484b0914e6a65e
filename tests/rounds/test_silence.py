from pathlib import Path

import pytest

from loop_kit.dispatch.silence import Silence
from loop_kit.model.shown_events import AgentSilent

NO_LIMITS = {"dispatch_timeout": 0.0, "idle_timeout": 0.0}


class Clock:
    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "worker.log"
    path.write_bytes(b"begins\n")
    return path


def silent(seconds: float, limit: str = "", seconds_left: float = 0.0) -> AgentSilent:
    return AgentSilent(role="worker", seconds=seconds, limit=limit, seconds_left=seconds_left)


def test_a_silence_is_told_after_one_minute_and_after_three_and_its_end_once(clock: Clock, log: Path, tmp_path: Path):
    silence = Silence("worker", (log, tmp_path / "none.log"), NO_LIMITS, clock)
    told = []
    for _ in range(300):
        clock.at += 1
        told.append(silence.look())
    assert [each for each in told if each is not None] == [silent(60.0), silent(180.0)]
    log.write_bytes(b"begins\ngoes on")  # without the end of a line
    assert silence.look() == silent(0.0)
    assert silence.look() is None
    clock.at += 60
    assert silence.look() == silent(60.0)


def test_output_in_time_is_no_silence(clock: Clock, log: Path):
    silence = Silence("worker", (log,), NO_LIMITS, clock)
    for number in range(5):
        clock.at += 59
        assert silence.look() is None
        log.write_bytes(b"." * number)
        assert silence.look() is None


@pytest.mark.parametrize(
    ("dispatch", "idle", "limit", "left"),
    [
        (2700.0, 0.0, "dispatch_timeout", 2610.0),
        (0.0, 600.0, "idle_timeout", 540.0),
        (2700.0, 600.0, "idle_timeout", 540.0),
        (120.0, 600.0, "dispatch_timeout", 30.0),
        (10.0, 0.0, "dispatch_timeout", 0.0),
    ],
)
def test_the_limit_that_ends_it_first_is_named(
    clock: Clock, log: Path, dispatch: float, idle: float, limit: str, left: float
):
    silence = Silence("worker", (log,), {"dispatch_timeout": dispatch, "idle_timeout": idle}, clock)
    clock.at += 30
    log.write_bytes(b"")
    assert silence.look() is None
    clock.at += 60
    assert silence.look() == silent(60.0, limit, left)
