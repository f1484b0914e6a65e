"""Run a small, trusted program to its end and keep all that it said: git, asked a question.

Without a limit of time or size, and without a look at its tree: what is not trusted goes through `supervise`.
"""

import subprocess
from collections.abc import Mapping, Sequence
from typing import BinaryIO


def run_captured(
    argv: Sequence[str], *, env: Mapping[str, str], stdin: BinaryIO | None, pass_fds: Sequence[int]
) -> tuple[int, bytes, bytes]:
    """Return exit code, output and complaints; raises `OSError` when the program cannot be started.

    It runs in a session of its own: Ctrl-C in the terminal is for loop, and git is not torn in the middle.
    """
    done = subprocess.run(
        argv,
        env=env,
        stdin=stdin or subprocess.DEVNULL,
        capture_output=True,
        pass_fds=pass_fds,
        start_new_session=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr
