"""The controlling terminal: Ctrl-C comes from it, and a program that has one can ask the person something there."""

import fcntl
import os
import termios
from functools import cache


@cache
def has_terminal() -> bool:
    """Return whether this process has a controlling terminal; every program that it starts in its session has it too."""
    try:
        os.close(_open())
    except OSError:
        return False
    return True


def give_up_terminal() -> None:
    """Detach this process, and all that it starts later, from the terminal; not for a process that leads a session."""
    if not has_terminal():
        return

    terminal = _open()
    try:
        fcntl.ioctl(terminal, termios.TIOCNOTTY)
    finally:
        os.close(terminal)
    has_terminal.cache_clear()


def _open() -> int:
    return os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
