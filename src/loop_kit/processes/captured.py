"""Run a small, trusted program to its end and keep all that it said: git, asked a question.

Without a limit of time or size, and without a look at its tree: what is not trusted goes through `supervise`.
"""

import subprocess
from collections.abc import Iterable, Mapping, Sequence
from typing import BinaryIO


def run_captured(
    argv: Sequence[str], *, env: Mapping[str, str], stdin: BinaryIO | None, pass_fds: Sequence[int]
) -> tuple[int, bytes, bytes]:
    """Return exit code, output and complaints; raises `OSError` when the program cannot be started.

    It runs in a session of its own: Ctrl-C in the terminal is for loop, and git is not torn in the middle.
    """
    return _captured(_started(argv, env, stdin, pass_fds))


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
    return subprocess.Popen(
        argv,
        env=env,
        stdin=stdin or subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=pass_fds,
        start_new_session=True,
    )


def _captured(process: "subprocess.Popen[bytes]") -> tuple[int, bytes, bytes]:
    with process:
        out, err = process.communicate()
    return process.returncode, out, err
