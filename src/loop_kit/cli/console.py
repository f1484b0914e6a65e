"""What a person sees: lines on stdout or stderr, in which nothing is a command to their terminal."""

import sys
from contextlib import suppress


def printable(text: str) -> str:
    """Return `text` with every control character shown and not sent: agents' text is never terminal markup."""
    return "".join(char if char == "\n" or char.isprintable() else _shown(char) for char in text)


def _shown(char: str) -> str:
    return " " if char == "\t" else repr(char)[1:-1]


def put(text: str, *, err: bool = False) -> None:
    """Print lines; that nobody reads them any more changes nothing about what was done."""
    stream = sys.stderr if err else sys.stdout
    with suppress(BrokenPipeError):
        stream.write(f"{printable(text)}\n")
        stream.flush()
