"""Wait for whatever happens next to a running program: output, its end, a signal to us. One poll for all of it."""

import math
import os
import select
import time
from collections.abc import Sequence
from subprocess import Popen

from loop_kit.processes.lineage import open_pidfd
from loop_kit.processes.signals import Interruption
from loop_kit.processes.stream import Stream

_BLIND_PAUSE = 0.05  # seconds between two looks at the program where no descriptor tells of its end


class Attendance:
    """A program with its two streams; `heard_at` is when it last printed something."""

    def __init__(self, process: Popen[bytes], streams: Sequence[Stream], interruption: Interruption) -> None:
        self.process = process
        self.interruption = interruption
        self.heard_at = time.monotonic()
        self._streams = {stream.fd: stream for stream in streams}
        self._poller = select.poll()
        self._pidfd = open_pidfd(process.pid)
        for fd in (*self._streams, self._pidfd, interruption.fileno()):
            if fd is not None and fd >= 0:
                self._poller.register(fd, select.POLLIN)

    def running(self) -> bool:
        return self.process.poll() is None

    def pump(self, seconds: float) -> None:
        """Wait for the next event, `seconds` at most, and take in what was printed."""
        if self._pidfd is None and self.running():
            seconds = min(seconds, _BLIND_PAUSE)
        timeout = None if seconds == math.inf else max(0, math.ceil(seconds * 1000))
        for fd, _ in self._poller.poll(timeout):
            if fd in self._streams:
                self._listen(self._streams[fd])
            elif fd == self._pidfd:
                self._poller.unregister(fd)  # it has ended, and would stay readable
            else:
                self.interruption.drain()

    def close(self) -> None:
        if self._pidfd is not None:
            os.close(self._pidfd)

    def _listen(self, stream: Stream) -> None:
        stream.read()
        self.heard_at = time.monotonic()  # after the listener had its time: its slowness is not the program's silence
        if stream.ended:
            self._poller.unregister(stream.fd)
