"""A round process that was started early gets ready: it reads the code, and waits until it is called.

A round runs the code as it is when the round begins. A worker may have changed that code meanwhile, where the repository
is loop's own: then the process begins anew, as if it had only now been started.
"""

import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import TypeAlias

import loop_kit
from loop_kit.processes.lineage import die_with_parent

_NEEDED = ("loop_kit.cli.round_process", "loop_kit.steps.round")
_READ = (
    "loop_kit.model.manifest.Manifest",
    "loop_kit.model.evidence.Evidence",
    "loop_kit.model.review.ReviewReport",
    "loop_kit.model.state.RunState",
    "loop_kit.model.work.WorkReport",
)
_Seen: TypeAlias = dict[str, tuple[int, int, int]]


def stand_by(parent: int) -> None:
    """Return when the PM calls; never return when it has gone, or sends this process away."""
    before = _code()
    if not die_with_parent(parent):
        sys.exit(0)
    _read_code()
    if not os.read(sys.stdin.fileno(), 1):
        sys.exit(0)
    if _code() != before:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:-1]])  # noqa: S606  (this very program, without a shell)


def _read_code() -> None:
    """Import what a round needs, and get ready to read its documents."""
    with suppress(Exception):  # the round imports it again, and says what is wrong
        for name in _NEEDED:
            import_module(name)
        for name in _READ:
            module, _, kind = name.rpartition(".")
            import_module("loop_kit.values.reading").prepare(getattr(import_module(module), kind))


def _code() -> _Seen:
    """Return what would tell that a file of loop's own code is another one now."""
    found: _Seen = {}
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
