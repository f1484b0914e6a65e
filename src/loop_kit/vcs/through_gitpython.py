"""Git through GitPython, for commands that a person calls now and then and that move a branch.

Importing GitPython takes as long as twenty git calls, and it calls `git version` twice meanwhile. A round has about
that many calls in all, and a command that only looks has two: those start git directly (`processes/captured.py`).
"""

from collections.abc import Mapping, Sequence
from typing import BinaryIO


def run_through_gitpython(
    argv: Sequence[str], *, env: Mapping[str, str], stdin: BinaryIO | None, pass_fds: Sequence[int]
) -> tuple[int, bytes, bytes]:
    """Return exit code, output and complaints; raises `OSError` when there is no git to run."""
    try:
        # Imported here because GitPython looks for git while it is imported, and says so with an ImportError.
        from git import Git  # noqa: PLC0415  (the reason stands above)
        from git.exc import GitCommandNotFound  # noqa: PLC0415  (comes with it)
    except ImportError as error:
        raise FileNotFoundError(str(error)) from None
    try:
        code, out, complaint = Git().execute(
            list(argv),
            istream=stdin,
            with_extended_output=True,
            with_exceptions=False,
            stdout_as_string=False,
            strip_newline_in_stdout=False,
            env=dict(env),
            pass_fds=tuple(pass_fds),
            start_new_session=True,
        )
    except GitCommandNotFound as error:
        raise FileNotFoundError(str(error)) from None
    return code, out, complaint.encode("utf-8", "surrogateescape")
