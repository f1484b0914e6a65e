"""Wait for whatever happens next to running programs: output, an end, a signal to this process. One poll for all."""

import math
import select
from collections.abc import Callable

from loop_kit.processes.signals import Interruption


class ProcessPoll:
    """Descriptors with a listener each, which takes in what can be read and returns whether more may come."""

    def __init__(self, interruption: Interruption) -> None:
        self._interruption = interruption
        self._listeners: dict[int, Callable[[], bool]] = {}
        self._poller = select.poll()
        if interruption.fileno() >= 0:
            self._poller.register(interruption.fileno(), select.POLLIN)

    def listen(self, fd: int, listener: Callable[[], bool]) -> None:
        self._listeners[fd] = listener
        self._poller.register(fd, select.POLLIN)

    def forget(self, fd: int) -> None:
        """Listen no more; a descriptor at its end would stay readable and wake every wait."""
        if self._listeners.pop(fd, None) is not None:
            self._poller.unregister(fd)

    def wait(self, seconds: float) -> set[int]:
        """Wait for the next event, `seconds` at most, call its listeners, and return the descriptors that had news."""
        timeout = None if seconds == math.inf else max(0, math.ceil(seconds * 1000))
        ready = {fd for fd, _ in self._poller.poll(timeout)}
        for fd in ready:
            if fd == self._interruption.fileno():
                self._interruption.drain()
            elif not self._listeners[fd]():
                self.forget(fd)
        return ready
