"""loop, but it dies: kill -9 right before one of the things that this process does to the world.

    python -P -E dying.py WHEN JOURNAL ARGS…       runs `loop ARGS`; JOURNAL gets a line for each deed

WHEN is `K` for the K-th deed, or `K:WORDS` for the K-th whose line in the journal has all these words in it; 0 for none.
With `K!ENOSPC` or `K!ENOSPC:WORDS` the process lives, and that deed fails; with `K!!ENOSPC` every later one fails too.
With `K^` its parent dies there, and the process goes on when that is done. `K@N` is not for this process but for the one
that it starts to play round N: every round has a journal of its own then, JOURNAL.1 and so on.
A deed is a call that changes files or starts a program. A write dies in the middle, with half of it written; a program's
start counts twice, before it and right after. Only the standard library is wrapped, nothing of loop: what it forgets to
make safe cannot hide here.
"""

import builtins
import errno
import io
import os
import shutil  # noqa: F401  (before its functions are wrapped: it looks which of them take descriptors)
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROGRAM = (sys.executable, "-P", "-E", str(Path(__file__)))
ROUND = "--single-round"
STAND_BY = "--stand-by"
REMOVING = ("remove", "rmdir", "unlink")  # what a full disk allows
DEEDS = ("chmod", "fsync", "ftruncate", "link", "mkdir", "remove", "rename", "replace", "rmdir", "unlink")


class Fate:
    """Tells the deeds of this process, not those of its children, and knows which one is the last."""

    def __init__(self, when: str, journal: str) -> None:
        number, _, words = when.partition(":")
        number, self.hands_on, self.heir = number.partition("@")
        self.handed = number + (f":{words}" if words else "")
        self.parent_dies = number.endswith("^")
        self.last, self.failure, self.lasting = _last("0" if self.hands_on else number.removesuffix("^"))
        self.words = words.split()
        self.met = 0
        self.process = os.getpid()
        self.journal_path = journal
        self.journal = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self.paths: dict[int, str] = {}
        self.real_write = os.write

    def comes(self, deed: str, *what: object) -> bool:
        if os.getpid() != self.process:
            return False
        line = " ".join(str(self.paths.get(word, word) if isinstance(word, int) else word) for word in (deed, *what))
        self.real_write(self.journal, line.replace("\n", " ").encode(errors="replace") + b"\n")
        meant = all(word in line for word in self.words)
        self.met += meant
        if self.lasting and self.met >= self.last:
            return deed not in REMOVING
        return meant and self.met == self.last

    def runs(self, pid: int, args: Any) -> None:
        """Be told which process a program runs in."""

    def meet(self, deed: str, *what: object) -> None:
        if self.comes(deed, *what):
            self.end(*what)

    def write(self, fd: int, data: Any) -> int:
        if self.comes("write", fd):
            if not self.parent_dies:
                self.real_write(fd, bytes(data)[: len(data) // 2])
            self.end(self.paths.get(fd))
        return self.real_write(fd, data)

    def end(self, *what: object) -> None:
        if self.failure:
            raise OSError(self.failure, os.strerror(self.failure), str(what[0]) if what else None)
        if not self.parent_dies:
            os.kill(os.getpid(), signal.SIGKILL)
        parent = os.getppid()
        os.kill(parent, signal.SIGKILL)
        while os.getppid() == parent:  # until it has gone, and this process was told
            time.sleep(0.001)

    def program(self, args: Any) -> Any:
        """Return what is started in the place of a program: a round process gets the fate that was meant for it."""
        if not self.hands_on or ROUND not in args:
            return args
        words = [str(arg) for arg in args]
        number = words[words.index("--round") + 1]
        journal = f"{self.journal_path}.{number}"
        # Nobody dies twice: a round that is started again is not the one that was meant.
        when = self.handed if number == self.heir and not Path(journal).exists() else "0"
        return [*PROGRAM, when, journal, *words[words.index("loop_kit") + 1 :]]


def _last(number: str) -> tuple[int, int, bool]:
    """Return the number of the deed, the error it ends with (0: the process dies), and whether that lasts."""
    count, _, name = number.partition("!")
    return int(count), getattr(errno, name.removeprefix("!")) if name else 0, name.startswith("!")


def lay(fate: Fate) -> None:
    """Put the fate before everything that changes the world."""
    for name in DEEDS:
        setattr(os, name, fated(fate, name, getattr(os, name)))
    real_open, real_close, real_start, real_file = os.open, os.close, subprocess.Popen.__init__, io.open

    def opened(path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
        target = whole(path, kwargs.get("dir_fd"))
        if flags & (os.O_CREAT | os.O_TRUNC):
            fate.meet("open", target)
        fd = real_open(path, flags, *args, **kwargs)
        fate.paths[fd] = str(target)
        return fd

    def file(path: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if set(mode) & set("wax+") and not isinstance(path, int):
            fate.meet("open", path)
        return real_file(path, mode, *args, **kwargs)

    def start(self: Any, args: Any, *more: Any, **kwargs: Any) -> None:
        fate.meet("start", args)
        real_start(self, fate.program(args), *more, **kwargs)
        fate.runs(self.pid, args)
        fate.meet("started", args)

    def closed(fd: int) -> None:
        fate.paths.pop(fd, None)
        real_close(fd)

    os.open, os.write, os.close = opened, fate.write, closed
    io.open = builtins.open = file  # type: ignore[assignment]  # it is the same call, but for whom it meets
    subprocess.Popen.__init__ = start  # type: ignore[method-assign]  # it is the same call, but for whom it meets


def fated(fate: Fate, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        folders = (kwargs.get("src_dir_fd", kwargs.get("dir_fd")), kwargs.get("dst_dir_fd"))
        fate.meet(name, *(whole(path, folder) for path, folder in zip(args[:2], folders, strict=False)))
        return real(*args, **kwargs)

    return call


def whole(path: Any, folder: int | None) -> Any:
    """Return a path that counts from an open folder as it is from the top."""
    if folder is None or not isinstance(path, str | bytes | os.PathLike):
        return path
    return Path(f"/proc/self/fd/{folder}").readlink() / os.fsdecode(path)


if __name__ == "__main__":
    lay(Fate(sys.argv[1], sys.argv[2]))
    sys.argv = ["loop", *sys.argv[3:]]
    from loop_kit.__main__ import run

    run()
