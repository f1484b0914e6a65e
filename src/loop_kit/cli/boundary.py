"""The one error boundary of all commands: what a person can cause becomes a sentence, a bug becomes a report."""

import errno
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from loop_kit import __version__
from loop_kit.cli.console import printable
from loop_kit.errors import EXIT_CODES, LoopError, Outcome


def within_boundary(environment: Mapping[str, str], call: Callable[[], Any]) -> int:
    try:
        result = call()
    except KeyboardInterrupt:
        return print_error("interrupted", "", Outcome.INTERRUPTED)
    except SystemExit as left:  # click, after completing a line for a shell or when its output was closed
        return 0 if left.code == 0 else EXIT_CODES[Outcome.TERMINATED]
    except Exception as error:  # noqa: BLE001  (the one boundary: what `expected` does not know is a bug in loop)
        known = expected(error)
        return _report_bug(environment) if known is None else print_error(*known)
    return result if isinstance(result, int) else 0


def expected(error: Exception) -> tuple[str, str, Outcome] | None:
    """Return message, hint and outcome of an error that a person can cause, None for a bug."""
    match error:
        case LoopError():
            return error.message, error.hint, error.outcome
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return f"{error.filename or 'what the output goes to'} is full", "make room there", Outcome.INVALID
        case _:
            return None


def print_error(message: str, hint: str, outcome: Outcome) -> int:
    """Print what is wrong and what to do on stderr; return the exit code of the outcome."""
    with suppress(OSError):  # stderr was closed: the exit code still tells
        # Further lines are indented, so that text of an agent cannot pass for a message of loop.
        sys.stderr.write(f"loop: {printable(message)}".replace("\n", "\n    ") + "\n")
        if hint:
            sys.stderr.write(f"  {printable(hint)}".replace("\n", "\n    ") + "\n")
    return EXIT_CODES[outcome]


def _report_bug(environment: Mapping[str, str]) -> int:
    """Save the traceback to a file and print its name; return the exit code of a bug."""
    import tempfile  # noqa: PLC0415  (6 ms with the next, and only a bug needs them)
    import traceback  # noqa: PLC0415  (the same)

    text = f"loop {__version__}, Python {sys.version}\n{sys.argv}\n\n{traceback.format_exc()}"
    if "LOOP_RUN_ID" in environment:
        sys.stderr.write(text)  # a round process: the PM keeps its stderr in the run's logs
        return EXIT_CODES[Outcome.BUG]
    last = traceback.format_exc().strip().rpartition("\n")[2]
    try:
        with tempfile.NamedTemporaryFile("w", prefix="loop-bug-", suffix=".log", delete=False, encoding="utf-8") as log:
            log.write(text)
    except OSError:  # no room for a file
        return print_error(f"a bug in loop: {last}", f"please report this:\n{text}", Outcome.BUG)
    return print_error(f"a bug in loop: {last}", f"{log.name} has the traceback; please report it", Outcome.BUG)
