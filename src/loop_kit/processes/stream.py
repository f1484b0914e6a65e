"""Read a program's output as it comes: every byte goes to the log and every line to a listener, in bounded memory."""

import os
from collections.abc import Callable
from io import FileIO
from typing import Protocol, Self

from loop_kit.model.redaction import LONGEST_KEY, Redactor
from loop_kit.values import dataclass

CHUNK = 256 * 1024
LONGEST_LINE = 4 * 1024 * 1024
TAIL = 64 * 1024
REST = 4 * 1024 * 1024  # more than any pipe holds


class Sink(Protocol):
    """Where the raw bytes go: a `RawLog`, or the caller's buffer."""

    def write(self, data: bytes, /) -> None: ...


def ignore_line(_line: str) -> None:
    """Listen to nothing."""


def ignore_pause() -> None:
    """Do nothing after a reading."""


@dataclass(frozen=True, slots=True)
class Cleaning:
    """What is done to output before anything else sees it. The last `keep` bytes are held back."""

    clean: Callable[[bytes], bytes]
    keep: int

    @classmethod
    def of(cls, redactor: Redactor) -> Self:
        return cls(redactor.clean, LONGEST_KEY)


class Stream:
    """One pipe. A line longer than `LONGEST_LINE` reaches log and tail only, and counts in `cut_lines`.

    `on_pause` is called after the listener was given all lines of one reading.
    """

    def __init__(
        self,
        fd: int,
        on_line: Callable[[str], None],
        sink: Sink | None,
        cleaning: Cleaning | None = None,
        on_pause: Callable[[], None] = ignore_pause,
    ) -> None:
        os.set_blocking(fd, False)
        self.fd = fd
        self._pipe = FileIO(fd, closefd=False)
        self._room = memoryview(bytearray(CHUNK))  # one buffer for all readings: allocating one for each is slower
        self.total = 0
        self.cut_lines = 0
        self.ended = False
        self._on_line = on_line
        self._on_pause = on_pause
        self._sink = sink
        self._cleaning = cleaning
        self._held = b""  # the end of an unfinished line, until it cannot be part of something that has to be cleaned
        self._tail = bytearray()  # at least the last `TAIL` bytes
        self._begun = bytearray()  # the line that has no end yet
        self._too_long = False

    @property
    def tail(self) -> str:
        return self._tail[-TAIL:].decode("utf-8", "replace")

    def read(self) -> bool:
        """Take in one chunk; return False if there was none."""
        size = self._pipe.readinto(self._room)
        if size is None:
            return False
        if size:
            self.total += size
            self._take(self._cleaned(self._room[:size]))
            self._on_pause()
        else:
            self._end()
        return bool(size)

    def read_rest(self) -> None:
        """Take in what the pipe holds, without waiting for processes that still have its other end open."""
        until = self.total + REST
        while self.total < until and self.read():
            pass
        self._end()

    def _end(self) -> None:
        if not self.ended:
            self.ended = True
            held, self._held = self._held, b""
            self._take(held)
            self._finish()
            self._on_pause()

    def _cleaned(self, chunk: memoryview) -> bytes:
        if self._cleaning is None:
            return bytes(chunk)
        data = self._cleaning.clean(self._held + chunk)
        ready = max(data.rfind(b"\n") + 1, len(data) - self._cleaning.keep)
        self._held = data[ready:]
        return data[:ready]

    def _take(self, chunk: bytes) -> None:
        self._keep_end(chunk)
        if self._sink is not None:
            self._sink.write(chunk)
        last = chunk.rfind(b"\n")
        if last < 0:
            self._begin(chunk)
            return
        first = chunk.find(b"\n")
        self._begin(chunk[:first])
        self._finish(empty=True)
        if first < last:
            # All lines are decoded at once: in UTF-8 a newline is never part of another character, not even of a broken one.
            for line in chunk[first + 1 : last].decode("utf-8", "replace").split("\n"):
                self._on_line(line)
        self._begin(chunk[last + 1 :])

    def _keep_end(self, chunk: bytes) -> None:
        if len(chunk) >= TAIL:
            self._tail[:] = chunk[-TAIL:]
            return
        self._tail += chunk
        if len(self._tail) > 2 * TAIL:
            del self._tail[:-TAIL]

    def _begin(self, part: bytes) -> None:
        self._too_long = self._too_long or len(self._begun) + len(part) > LONGEST_LINE
        if self._too_long:
            self._begun.clear()
        else:
            self._begun += part

    def _finish(self, *, empty: bool = False) -> None:
        """End the line that was begun; with `empty` it counts even if it is empty."""
        line, too_long = self._begun.decode("utf-8", "replace"), self._too_long
        self._begun.clear()
        self._too_long = False
        if too_long:
            self.cut_lines += 1
        elif line or empty:
            self._on_line(line)
