"""What a program prints, as it comes: every byte to the log, every line to a listener, in bounded memory."""

import os
from collections.abc import Callable
from typing import Protocol, Self

from loop_kit.model.redaction import LONGEST_KEY, Redactor
from loop_kit.values import dataclass

CHUNK = 256 * 1024
LONGEST_LINE = 4 * 1024 * 1024
TAIL = 64 * 1024
REST = 4 * 1024 * 1024  # more than any pipe holds


class Sink(Protocol):
    """Where the raw bytes go: a `RawLog`, or a buffer of the caller."""

    def write(self, data: bytes, /) -> None: ...


def ignore_line(_line: str) -> None:
    """Listen to nothing."""


@dataclass(frozen=True, slots=True)
class Cleaning:
    """What is done to bytes before anybody sees them. `keep` is how many may belong together: so many are held back."""

    clean: Callable[[bytes], bytes]
    keep: int

    @classmethod
    def of(cls, redactor: Redactor) -> Self:
        return cls(redactor.clean, LONGEST_KEY)


class Stream:
    """One pipe. A line longer than `LONGEST_LINE` reaches log and tail only, and counts in `cut_lines`."""

    def __init__(
        self, fd: int, on_line: Callable[[str], None], sink: Sink | None, cleaning: Cleaning | None = None
    ) -> None:
        os.set_blocking(fd, False)
        self.fd = fd
        self.total = 0
        self.cut_lines = 0
        self.ended = False
        self._on_line = on_line
        self._sink = sink
        self._cleaning = cleaning
        self._held = b""  # the end of a line that goes on, until nothing can be missing of what has to be cleaned
        self._tail = b""
        self._begun = bytearray()  # the line that has no end yet
        self._too_long = False

    @property
    def tail(self) -> str:
        return self._tail.decode("utf-8", "replace")

    def read(self) -> bool:
        """Take in one chunk if there is one; False when there was none."""
        try:
            chunk = os.read(self.fd, CHUNK)
        except BlockingIOError:
            return False
        if chunk:
            self.total += len(chunk)
            self._take(self._cleaned(chunk))
        else:
            self._end()
        return bool(chunk)

    def read_rest(self) -> None:
        """Take in what lies in the pipe, without waiting for whoever still holds its other end."""
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

    def _cleaned(self, chunk: bytes) -> bytes:
        if self._cleaning is None:
            return chunk
        data = self._cleaning.clean(self._held + chunk)
        ready = max(data.rfind(b"\n") + 1, len(data) - self._cleaning.keep)
        self._held = data[ready:]
        return data[:ready]

    def _take(self, chunk: bytes) -> None:
        self._tail = (self._tail + chunk)[-TAIL:]
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
            # One decoding for all lines: a line break is never part of another character, not even of a broken one.
            for line in chunk[first + 1 : last].decode("utf-8", "replace").split("\n"):
                self._on_line(line)
        self._begin(chunk[last + 1 :])

    def _begin(self, part: bytes) -> None:
        self._too_long = self._too_long or len(self._begun) + len(part) > LONGEST_LINE
        if self._too_long:
            self._begun.clear()
        else:
            self._begun += part

    def _finish(self, *, empty: bool = False) -> None:
        """End the line that was begun; `empty` tells that it counts even when nothing is in it."""
        line, too_long = self._begun.decode("utf-8", "replace"), self._too_long
        self._begun.clear()
        self._too_long = False
        if too_long:
            self.cut_lines += 1
        elif line or empty:
            self._on_line(line)
