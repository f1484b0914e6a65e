"""Run a small, trusted program (git) to its end and keep all of its output.

There is no limit of time or size, and its descendants are not ended: a program that is not trusted goes through
`supervise`.
"""

import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import BinaryIO

from loop_kit.processes.tty import has_terminal


def run_captured(
    argv: Sequence[str], *, env: Mapping[str, str], stdin: BinaryIO | None, pass_fds: Sequence[int]
) -> tuple[int, bytes, bytes]:
    """Return exit code, stdout and stderr; raise `OSError` when the program cannot be started.

    Ctrl-C in the terminal reaches loop alone, so git is not interrupted in the middle, and what git starts cannot ask the
    person anything.
    """
    return _captured(_started(argv, env, stdin, pass_fds))


def begin_captured(argv: Sequence[str], *, env: Mapping[str, str]) -> Callable[[], tuple[int, bytes, bytes]]:
    """Start a program with little output, and return a function that waits for its end and returns what `run_captured` does.

    Call it even when the answer is no longer needed: a child that is not waited for stays a zombie. It may be called again.
    """
    process = _started(argv, env, None, ())
    return cache(lambda: _captured(process))


def run_side_by_side(argvs: Iterable[Sequence[str]], *, env: Mapping[str, str]) -> list[tuple[int, bytes, bytes]]:
    """Run several programs at the same time and return for each what `run_captured` returns; their stdin is empty.

    The answers are read one after the other, so a program whose answer fills its pipe waits until the ones before it ended.
    """
    running: list[subprocess.Popen[bytes]] = []
    try:
        running.extend(_started(argv, env, None, ()) for argv in argvs)
    finally:  # also when one of them cannot be started
        answers = [_captured(process) for process in running]
    return answers


def _started(
    argv: Sequence[str], env: Mapping[str, str], stdin: BinaryIO | None, pass_fds: Sequence[int]
) -> "subprocess.Popen[bytes]":
    # In a session of its own it has no terminal; without a terminal a process group is enough. Linux may schedule by session
    # (autogroup), and a new session then waits up to a clock tick at each call.
    apart = has_terminal()
    return subprocess.Popen(
        argv,
        env=env,
        stdin=stdin or subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=pass_fds,
        start_new_session=apart,
        process_group=None if apart else 0,
    )


def _captured(process: "subprocess.Popen[bytes]") -> tuple[int, bytes, bytes]:
    with process:
        out, err = process.communicate()
    return process.returncode, out, err
