"""A real terminal of a given size, for what a command does only there."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

PATIENCE = 60.0


class Terminal:
    """A program on a terminal; `text` is everything it sent there so far, with plain newlines."""

    def __init__(
        self,
        argv: Sequence[str | Path],
        *,
        cwd: Path,
        lines: int = 24,
        columns: int = 80,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._ours, theirs = pty.openpty()
        _keep_output_at_ctrl_c(theirs)
        self.lines, self.columns = lines or 24, columns or 80  # 0 is how a terminal says that it does not know
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.seen = b""
        self.process = subprocess.Popen(
            argv,
            cwd=cwd,
            env={**os.environ, "TERM": "xterm-256color", **(env or {})},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            preexec_fn=_take_terminal,  # noqa: PLW1509  (the child has one thread, and Ctrl-C has to reach it)
        )
        os.close(theirs)

    @property
    def text(self) -> str:
        return self.seen.decode(errors="replace").replace("\r\n", "\n")

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def wait_for(self, words: str) -> None:
        """Listen until `words` were shown; the test fails when they do not come."""
        until = time.monotonic() + PATIENCE
        while words not in self.text:
            assert self.listen(until), f"{words!r} never came: {self.text}"

    def wait(self) -> int:
        """Listen until the program has ended and return its exit code."""
        until = time.monotonic() + PATIENCE
        while self.listen(until):
            pass
        return self.process.wait(timeout=PATIENCE)

    def listen(self, until: float) -> bool:
        """Take in what is shown next; False at the end, or when nothing came in time."""
        if not select.select([self._ours], [], [], max(0.0, until - time.monotonic()))[0]:
            return False
        try:
            part = os.read(self._ours, 65536)
        except OSError:  # how Linux says that the other end is closed
            return False
        self.seen += part
        return bool(part)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._ours)


def _keep_output_at_ctrl_c(terminal: int) -> None:
    """Let the line discipline not throw away what was written and not yet read when somebody types Ctrl-C."""
    attributes = termios.tcgetattr(terminal)
    attributes[3] |= termios.NOFLSH
    termios.tcsetattr(terminal, termios.TCSANOW, attributes)


def _take_terminal() -> None:
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def cells(line: str) -> int:
    """Return how wide a line is on a terminal."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)
