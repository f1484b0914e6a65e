"""The controlling terminal: Ctrl-C comes from it, and any program that has one can ask the person something there."""

import fcntl
import os
import termios
from functools import cache


@cache
def has_terminal() -> bool:
    """Whether this process has a controlling terminal, and with it every program that it starts in its own session."""
    try:
        os.close(_open())
    except OSError:
        return False
    return True


def give_up_terminal() -> None:
    """Have none any more, for this process and all that it starts; for who leads no session of its own."""
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
