import os
import select
import signal
import subprocess
import sys
import time

import pytest

from loop_kit.errors import InterruptedRunError, TerminatedRunError
from loop_kit.processes.signals import Interruption, listening
from tests.processes.conftest import descriptors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_recorded_and_thrown_only_when_asked(number: signal.Signals):
    kind = InterruptedRunError if number == signal.SIGINT else TerminatedRunError
    with listening() as interruption:
        interruption.raise_if_requested()
        os.kill(os.getpid(), number)
        assert (interruption.requested, interruption.count) == (number, 1)
        with pytest.raises(kind) as caught:
            interruption.raise_if_requested()
    assert caught.value.hint == "loop run --resume goes on from here"


def test_the_first_signal_gives_the_reason_and_a_burst_is_one_request():
    with listening() as interruption:
        for number in (signal.SIGHUP, signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            os.kill(os.getpid(), number)
        assert (interruption.requested, interruption.count) == (signal.SIGHUP, 1)


def test_insisting_is_counted():
    with listening() as interruption:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.55)  # longer than a burst: the passing of time is what is tested
        os.kill(os.getpid(), signal.SIGINT)
        assert interruption.count == 2


def test_afterwards_everything_is_as_before():
    watched = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in watched]
    open_before = descriptors()
    with listening():
        assert [signal.getsignal(number) for number in watched] != before
    assert [signal.getsignal(number) for number in watched] == before
    assert signal.set_wakeup_fd(-1) == -1
    assert descriptors() == open_before


def test_the_descriptor_wakes_once_for_each_request():
    with listening() as interruption:
        assert select.select([interruption], [], [], 0)[0] == []
        os.kill(os.getpid(), signal.SIGTERM)
        assert select.select([interruption], [], [], 5)[0] == [interruption]
        interruption.drain()
        assert select.select([interruption], [], [], 0)[0] == []


def test_sleep_ends_early_when_asked_to_stop():
    with listening() as interruption:
        pid = os.getpid()
        waker = subprocess.Popen([sys.executable, "-c", f"import os; os.kill({pid}, 15)"])
        started = time.monotonic()
        assert interruption.sleep(30) is True
        assert interruption.sleep(30) is True
        assert time.monotonic() < started + 10
        waker.wait()


@pytest.mark.parametrize("wanted", [0.0, 0.05])
def test_sleep_lasts_as_long_as_wanted_when_nobody_asks(wanted: float):
    with listening() as interruption:
        started = time.monotonic()
        assert interruption.sleep(wanted) is False
        assert time.monotonic() >= started + wanted


def test_sleep_is_not_ended_by_a_signal_that_somebody_else_handles():
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        with listening() as interruption:
            os.kill(os.getpid(), signal.SIGUSR1)
            started = time.monotonic()
            assert interruption.sleep(0.1) is False
            assert time.monotonic() >= started + 0.1
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_what_was_ignored_from_the_start_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with listening() as interruption:
            os.kill(os.getpid(), signal.SIGHUP)
            assert interruption.requested is None
    finally:
        signal.signal(signal.SIGHUP, before)


def test_nobody_can_interrupt_none():
    nobody = Interruption.none()
    nobody.raise_if_requested()
    assert (nobody.fileno(), nobody.sleep(0.01)) == (-1, False)
