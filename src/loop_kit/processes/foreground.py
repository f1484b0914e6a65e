"""Run a program that the person uses in the terminal, such as an editor."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from loop_kit.errors import StartError
from loop_kit.processes.spawn import Command


def run_in_terminal(command: Command) -> int:
    """Run a program on this process's own streams and return its exit code; Ctrl-C meanwhile goes to the program alone."""
    try:
        with _deaf_to_the_keyboard(), subprocess.Popen(command.argv, env=command.env, cwd=command.cwd) as program:
            return program.wait()
    except OSError as error:
        raise StartError(
            f"{command.argv[0]!r} cannot be started: {error.strerror}", hint="name another one in EDITOR or VISUAL"
        ) from None


@contextmanager
def _deaf_to_the_keyboard() -> Iterator[None]:
    # A handler and not SIG_IGN: the program would inherit that.
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGQUIT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
