"""Prepare stdin, stdout and stderr so that nothing that happens to them crashes loop."""

import io
import os
import select
import sys
from collections.abc import Callable
from typing import Any

_STANDARD = 3
_AT_ONCE = 4096  # bytes that a pipe takes without blocking when it is writable
_POLL = 200  # milliseconds


def prepare() -> None:
    """Open closed streams on /dev/null, and let any text be printed in any locale: what cannot be shown is escaped.

    Their descriptors are opened too, or the next file that loop opens would become a child's output.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) < _STANDARD:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    # Python sets a stream to None when its descriptor is closed.
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  (open until the process ends)
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  (same)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def flush() -> None:
    """Flush both streams; drop what cannot be written because the reader is gone or the disk is full.

    Python would try again at exit, complain, and change the exit code.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def let_go_when(given_up: Callable[[], bool]) -> None:
    """Stop waiting for a reader who does not read as soon as `given_up` is true; further output is lost.

    A full pipe or a stopped terminal blocks the writer, and a signal does not end that wait.
    """
    for name, number in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        if _number(stream) == number:
            patient = io.BufferedWriter(_Patient(number, given_up))
            setattr(sys, name, _in_place_of(stream, patient))


def _number(stream: Any) -> int:
    try:
        return int(stream.fileno())
    except (OSError, ValueError):  # replaced by a test
        return -1


def _in_place_of(stream: Any, buffer: Any) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        buffer, encoding=stream.encoding, errors=stream.errors, line_buffering=getattr(stream, "line_buffering", False)
    )


class _Patient(io.FileIO):
    """A descriptor that is written to while it is writable, and not any more once the wait was given up."""

    def __init__(self, number: int, given_up: Callable[[], bool]) -> None:
        super().__init__(number, "w", closefd=False)
        self._given_up = given_up
        self._lost = False
        self._poll = select.poll()
        self._poll.register(number, select.POLLOUT)

    def write(self, data: Any, /) -> int:
        while not self._lost and not self._poll.poll(_POLL):
            self._lost = self._given_up()
        return len(data) if self._lost else super().write(memoryview(data)[:_AT_ONCE])
