"""Run a small, trusted program to its end and keep all that it said: git, asked a question.

Without a limit of time or size, and without a look at its tree: what is not trusted goes through `supervise`.
"""

import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import BinaryIO

from loop_kit.processes.tty import has_terminal


def run_captured(
    argv: Sequence[str], *, env: Mapping[str, str], stdin: BinaryIO | None, pass_fds: Sequence[int]
) -> tuple[int, bytes, bytes]:
    """Return exit code, output and complaints; raises `OSError` when the program cannot be started.

    Ctrl-C in the terminal is for loop: git is not torn in the middle, and what it starts cannot ask the person anything.
    """
    return _captured(_started(argv, env, stdin, pass_fds))


def begin_captured(argv: Sequence[str], *, env: Mapping[str, str]) -> Callable[[], tuple[int, bytes, bytes]]:
    """Start a program that says little, and return what waits for its end and returns what `run_captured` does.

    It has to be called, also when nobody wants the answer any more: a child that nobody waits for stays in the table of
    processes. It may be called again.
    """
    process = _started(argv, env, None, ())
    return cache(lambda: _captured(process))


def run_side_by_side(argvs: Iterable[Sequence[str]], *, env: Mapping[str, str]) -> list[tuple[int, bytes, bytes]]:
    """Run several at the same time and return for each what `run_captured` returns; none of them reads anything.

    One whose answer is long waits at its pipe until the turn is its.
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
    # A session of its own has no terminal; where there is none anyway a process group will do. Linux may share out its
    # processors by session, and then a new one waits for its turn: up to a tick for each call.
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
