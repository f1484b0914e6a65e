"""Start a program with an explicit environment, folder and streams; it inherits nothing else from this process.

The child leads a session or a process group of its own, reads a file (never our terminal) and writes into two pipes.
"""

import errno
import fcntl
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, TypeAlias

from loop_kit.errors import BackendError
from loop_kit.values import dataclass

Process: TypeAlias = subprocess.Popen[bytes]

# Four times the default. Not more: all pipes of a user share a limit (64 MiB), beyond which they get tiny ones.
_PIPE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program to start; `env` is its whole environment.

    It leads a session of its own. With `session=False` it leads only a process group: loop's own processes stay in one
    session, because Linux may schedule by session.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    stdin: Path | None = None  # /dev/null if None
    pass_fds: tuple[int, ...] = ()  # descriptors to share with it, such as held locks
    session: bool = True


def spawn(command: Command, *, waiting: bool = False) -> Process:
    """Start the program; raise BackendError with a sentence if it cannot be started.

    With `waiting` it gets a pipe as its standard input. To be called from the main thread: a parent-death signal follows
    the thread that started the child.
    """
    try:
        return popen(command, waiting=waiting)
    except (OSError, ValueError) as error:
        raise cannot_start(command, error) from error


def popen(command: Command, *, waiting: bool = False) -> Process:
    """Do the same, and raise OSError or ValueError."""
    with open(command.stdin or os.devnull, "rb") as stdin:  # noqa: PTH123  (os.devnull is no Path)
        process = subprocess.Popen(
            command.argv,
            env=dict(command.env),
            cwd=command.cwd,
            stdin=subprocess.PIPE if waiting else stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            pass_fds=command.pass_fds,
            start_new_session=command.session,
            process_group=None if command.session else 0,
        )
    _widen(process.stdout)
    return process


def _widen(pipe: IO[bytes] | None) -> None:
    """Let a pipe hold more, where the system allows it: fewer context switches between its writer and its reader."""
    if pipe is not None and sys.platform == "linux":
        with suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def cannot_start(command: Command, error: OSError | ValueError) -> BackendError:
    """Return the error that says in a sentence why the program could not be started."""
    program = repr(command.argv[0])
    if not isinstance(error, OSError):  # a NUL, a lone surrogate, or a `=` in a variable's name
        return BackendError(f"the program {program} was given an argument or variable that cannot be passed: {error}")
    if command.stdin is not None and not os.access(command.stdin, os.R_OK):
        return BackendError(f"the program {program} cannot read its input: {command.stdin} is missing or unreadable")
    if not command.cwd.is_dir():
        return BackendError(f"the program {program} cannot start in {command.cwd}: there is no such folder")
    said, hint = _REASONS.get(error.errno or 0, (f"could not be started: {error.strerror}", ""))
    return BackendError(f"the program {program} {said}", hint=hint)


_REASONS: Mapping[int, tuple[str, str]] = {
    errno.ENOENT: (
        "was not found, or the interpreter that its first line names was not",
        "install it, or set its path in the config",
    ),
    errno.EACCES: ("is not executable", "make it executable with chmod +x, or set another path in the config"),
    errno.ENOEXEC: (
        "is in no format that this system can run",
        "a script needs a first line that names its interpreter, such as #!/bin/sh",
    ),
    errno.E2BIG: (
        "was given a longer command line than this system can pass",
        "let it read its prompt from standard input or from a file",
    ),
}
