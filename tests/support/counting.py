"""loop, counted: what it costs in things that no clock is needed for.

    python -P -E counting.py JOURNAL ARGS…      runs `loop ARGS`; JOURNAL gets a line for each thing counted

A line is who did it, `pm` or `round`, and what: `start` with the program's name, `sync`, or `list` for a look through what
the archive holds of a run. Programs are told by Python itself, whichever call starts them, so that another way to start one
is not a way around the count; a round process that is started from a counted PM is counted too.
"""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

ROUND = "--single-round"
PROGRAM = (sys.executable, "-P", "-E", str(Path(__file__)))
STARTING = {
    "subprocess.Popen": 0,
    "os.posix_spawn": 0,
    "os.exec": 0,
    "os.system": 0,
}  # which argument names the program
LISTING = ("os.listdir", "os.scandir")
GROWING = "/.loop/archive/"  # a folder below it has more files after every round


class Count:
    """Writes what this process does, not what a fork of it does."""

    def __init__(self, journal: str) -> None:
        self.journal = journal
        self.file = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self.who = "round" if ROUND in sys.argv else "pm"
        self.process = os.getpid()

    def note(self, what: str) -> None:
        if os.getpid() == self.process:
            os.write(self.file, f"{self.who} {what}\n".encode(errors="replace"))

    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        if event in STARTING and not (event == "os.posix_spawn" and _within_popen()):
            self.note(f"start {Path(os.fsdecode(args[STARTING[event]])).name}")
        elif event in LISTING and isinstance(args[0], str | bytes) and GROWING in os.fsdecode(args[0]):
            self.note("list")

    def program(self, args: Any) -> Any:
        if ROUND not in args:
            return args
        begin = list(args).index("loop_kit") + 1
        return [*PROGRAM, self.journal, *list(args)[begin:]]


def _within_popen() -> bool:
    """Whether this start is one that `subprocess` has told of already."""
    frame: Any = sys._getframe()
    while frame is not None and frame.f_globals.get("__name__") != "subprocess":
        frame = frame.f_back
    return frame is not None


def count(counter: Count) -> None:
    """Listen to every start and every sync of this process."""
    sys.addaudithook(counter.hear)
    for name in ("fsync", "fdatasync", "sync"):
        setattr(os, name, _noted(counter, getattr(os, name)))
    real = subprocess.Popen.__init__

    def start(self: Any, args: Any, *more: Any, **kwargs: Any) -> None:
        real(self, counter.program(args), *more, **kwargs)

    subprocess.Popen.__init__ = start  # type: ignore[method-assign]  # it is the same call, but a round goes on counting


def _noted(counter: Count, real: Any) -> Any:
    def call(*args: Any) -> Any:
        counter.note("sync")
        return real(*args)

    return call


def read(journal: Path) -> Counter[str]:
    """Return how often each line stands in a journal."""
    return Counter(journal.read_text(encoding="utf-8").splitlines())


if __name__ == "__main__":
    count(Count(sys.argv[1]))
    sys.argv = ["loop", *sys.argv[2:]]
    from loop_kit.__main__ import run

    run()
