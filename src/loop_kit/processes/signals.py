"""SIGINT, SIGTERM and SIGHUP are recorded and not raised, so that a process finishes its current step before it stops.

A signal wakes code that polls `fileno()` or sleeps in `sleep()`; all other code looks at `requested` between two steps.
"""

import math
import os
import select
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Self

from loop_kit.errors import InterruptedRunError, TerminatedRunError

_WATCHED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SAME_REQUEST = 0.5  # seconds: a closing terminal sends more than one signal, and means it once
_HINT = "loop run --resume goes on from here"


class Interruption:
    """The signals that asked this process to stop: `requested` is the first, `count` how many separate requests there were."""

    def __init__(self, wakeup: int = -1) -> None:
        self.requested: signal.Signals | None = None
        self.count = 0
        self._wakeup = wakeup
        self._counted_at = -math.inf

    @classmethod
    def none(cls) -> Self:
        """Return one that no signal is recorded in."""
        return cls()

    def fileno(self) -> int:
        """Return a descriptor that becomes readable with every signal; -1 if no signal is recorded."""
        return self._wakeup

    def record(self, number: int, _frame: FrameType | None = None) -> None:
        now = time.monotonic()
        if now - self._counted_at >= _SAME_REQUEST:
            self.count += 1
            self._counted_at = now
        self.requested = self.requested or signal.Signals(number)

    def drain(self) -> None:
        """Empty the descriptor, so that only another signal wakes its reader again."""
        with suppress(BlockingIOError):
            while os.read(self._wakeup, 4096):
                pass

    def raise_if_requested(self) -> None:
        if self.requested == signal.SIGINT:
            raise InterruptedRunError("the run was interrupted from the keyboard", hint=_HINT)
        if self.requested is not None:
            raise TerminatedRunError(f"the run was told to end by {self.requested.name}", hint=_HINT)

    def sleep(self, seconds: float) -> bool:
        """Sleep until the time is over or a stop is requested; return whether one is."""
        until = time.monotonic() + seconds
        waiting = select.poll()
        if self._wakeup >= 0:
            waiting.register(self._wakeup, select.POLLIN)
        while self.requested is None and (left := until - time.monotonic()) > 0:
            if waiting.poll(math.ceil(left * 1000)):
                self.drain()  # a signal with another handler wakes it too
        return self.requested is not None


@contextmanager
def listening() -> Iterator[Interruption]:
    """Record SIGINT, SIGTERM and SIGHUP inside the `with` block; main thread only.

    Signals that this process was started to ignore (SIGHUP under nohup, SIGINT in a script's background) stay ignored.
    """
    reader, writer = os.pipe()
    for end in (reader, writer):
        os.set_blocking(end, False)
    interruption = Interruption(reader)
    # The interpreter writes this byte at once; a handler runs between two bytecodes, which may be too late to wake a poll.
    wakeup_before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    heard = [number for number in _WATCHED if number == signal.SIGTERM or signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, interruption.record) for number in heard}
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)  # None: not set from Python
        signal.set_wakeup_fd(wakeup_before)
        os.close(reader)
        os.close(writer)
