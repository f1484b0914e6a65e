"""Start a program with everything said: nothing of ours leaks into it, and it can reach nothing of ours.

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
from typing import IO

from loop_kit.errors import BackendError
from loop_kit.values import dataclass

# Four times the usual. Not more: all pipes of a user share a limit (64 MiB), and who reaches it gets tiny ones.
_PIPE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program to start; `env` is its whole environment.

    It leads a session of its own unless `session` is False: then only a process group, for loop's own processes, which get
    their share of the processor together.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    stdin: Path | None = None  # /dev/null if None
    pass_fds: tuple[int, ...] = ()  # descriptors it shall share with us, such as held locks
    session: bool = True


def spawn(command: Command, *, waiting: bool = False) -> subprocess.Popen[bytes]:
    """Start the program; BackendError says in a sentence why it could not be started.

    One that is to be `waiting` gets a pipe to read from instead. To be called from the main thread: a parent-death signal
    follows the thread that started the child.
    """
    try:
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
    except (OSError, ValueError) as error:
        raise _cannot_start(command, error) from error
    _widen(process.stdout)
    return process


def _widen(pipe: IO[bytes] | None) -> None:
    """Let a pipe hold more, where the system allows it: who prints much and who reads it then take turns less often."""
    if pipe is not None and sys.platform == "linux":
        with suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _cannot_start(command: Command, error: OSError | ValueError) -> BackendError:
    program = repr(command.argv[0])
    if not isinstance(error, OSError):  # a NUL, a lone surrogate, or an `=` in a name
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
