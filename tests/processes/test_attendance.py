import math
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from loop_kit.processes.attendance import Attendance
from loop_kit.processes.signals import Interruption, listening
from loop_kit.processes.spawn import spawn
from loop_kit.processes.stream import Stream
from tests.processes.conftest import Stage


@pytest.fixture
def sleeper(stage: Stage) -> Iterator[subprocess.Popen[bytes]]:
    process = spawn(stage.command("print('hello', flush=True); import time; time.sleep(60)"))
    yield process
    process.kill()
    process.communicate()


def test_a_pause_ends_with_the_next_word_and_with_the_programs_end(sleeper: subprocess.Popen[bytes]):
    lines: list[str] = []
    assert sleeper.stdout is not None
    stream = Stream(sleeper.stdout.fileno(), lines.append, None)
    with closing(Attendance(sleeper, [stream], Interruption.none())) as attendance:
        attendance.pump(math.inf)
        assert (lines, attendance.running()) == (["hello"], True)
        sleeper.kill()
        while attendance.running():
            attendance.pump(math.inf)


def test_without_events_a_pause_lasts_as_long_as_wanted(sleeper: subprocess.Popen[bytes]):
    with closing(Attendance(sleeper, [], Interruption.none())) as attendance:
        started = time.monotonic()
        attendance.pump(0.05)
        assert time.monotonic() >= started + 0.05


def test_an_event_wakes_once_and_does_not_keep_awake(sleeper: subprocess.Popen[bytes]):
    with listening() as interruption, closing(Attendance(sleeper, [], interruption)) as attendance:
        os.kill(os.getpid(), signal.SIGTERM)
        attendance.pump(math.inf)
        sleeper.kill()
        attendance.pump(math.inf)
        started = time.monotonic()
        attendance.pump(0.05)
        assert time.monotonic() >= started + 0.05
