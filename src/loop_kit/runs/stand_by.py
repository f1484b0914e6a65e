"""The process of the next round, started before it is needed: while one round goes on, it imports the code of a round.

It does nothing else until a byte on its standard input calls it, and ends when that is closed instead, so it never
outlives the PM. A round runs the code as it is when the round begins. Where the repository is loop's own, a worker may
have changed that code meanwhile: then the process replaces itself, as if it had only now been started.
"""

import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import IO, TypeAlias, cast

import loop_kit
from loop_kit.processes.lineage import die_with_parent
from loop_kit.processes.spawn import Command, Process, spawn

_NEEDED = ("loop_kit.cli.play_round", "loop_kit.steps.round")
_READ = (
    "loop_kit.model.manifest.Manifest",
    "loop_kit.model.evidence.Evidence",
    "loop_kit.model.review.ReviewReport",
    "loop_kit.model.state.RunState",
    "loop_kit.model.work.WorkReport",
)
_Stamps: TypeAlias = dict[str, tuple[int, int, int]]


class Reserve:
    """Such a process, as the PM sees it. It has to be started before the round that goes on is supervised."""

    def __init__(self, command: Command) -> None:
        self._process = spawn(command, waiting=True)

    def call(self) -> Process | None:
        """Tell it to begin and return it; None when it has ended, and nothing of it is left."""
        if self._process.poll() is None:
            with suppress(BrokenPipeError), cast("IO[bytes]", self._process.stdin) as pipe:
                pipe.write(b"\n")
                return self._process
        self.dismiss()
        return None

    def dismiss(self) -> None:
        """End it; it has done nothing that could be lost."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            cast("IO[bytes]", pipe).close()
        self._process.wait()


def stand_by(parent: int) -> bool:
    """Get ready in that process and wait; return whether the PM called, False when it is gone or needs no round more."""
    before = _code()
    if not die_with_parent(parent):
        return False
    _read_code()
    if not os.read(sys.stdin.fileno(), 1):
        return False
    if _code() != before:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:-1]])  # noqa: S606  (this very program, without a shell)
    return True


def _read_code() -> None:
    """Import what a round needs, and make the readers of its documents."""
    with suppress(Exception):  # the round imports it again, and says what is wrong
        for name in _NEEDED:
            import_module(name)
        for name in _READ:
            module, _, kind = name.rpartition(".")
            import_module("loop_kit.values.reading").prepare(getattr(import_module(module), kind))


def _code() -> _Stamps:
    """Return what would show that a file of loop's own code has changed."""
    found: _Stamps = {}
    folders = [os.path.dirname(loop_kit.__file__)]  # noqa: PTH120  (hundreds of files, and somebody waits)
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.name.endswith(".py"):
                    seen = entry.stat()
                    found[entry.path] = (seen.st_ino, seen.st_size, seen.st_ctime_ns)
                elif "." not in entry.name and entry.name != "__pycache__":
                    folders.append(entry.path)
    return found
