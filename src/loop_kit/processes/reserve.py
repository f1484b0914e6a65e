"""A program that is started before it is needed, and does nothing yet but get ready.

It waits for a byte on its standard input, and ends when that is closed instead: so it never outlives who started it.
"""

from contextlib import suppress
from subprocess import Popen
from typing import IO, TypeAlias, cast

from loop_kit.processes.spawn import Command, spawn

Started: TypeAlias = Popen[bytes]


class Reserve:
    """One such program."""

    def __init__(self, command: Command) -> None:
        self._process = spawn(command, waiting=True)

    def call(self) -> Started | None:
        """Tell it to begin and return it; None when it has ended, and nothing of it is left."""
        if self._process.poll() is None:
            with suppress(BrokenPipeError), cast("IO[bytes]", self._process.stdin) as word:
                word.write(b"\n")
                return self._process
        self.dismiss()
        return None

    def dismiss(self) -> None:
        """End it; it has done nothing that could be lost."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            cast("IO[bytes]", pipe).close()
        self._process.wait()
