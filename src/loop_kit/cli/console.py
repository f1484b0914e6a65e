"""Print lines on stdout or stderr such that nothing in them is a command to the terminal."""

import sys

_ASCII = str.maketrans({"≥": ">=", "…": "..."})


def printable(text: str) -> str:
    """Return `text` with each control character escaped: text of agents must never reach the terminal as a command."""
    return "".join(char if char == "\n" or char.isprintable() else _shown(char) for char in text)


def _shown(char: str) -> str:
    return " " if char == "\t" else repr(char)[1:-1]


def _encodable(text: str, encoding: str | None) -> str:
    """Return `text` with loop's own signs in ASCII where the encoding lacks them."""
    try:
        text.encode(encoding or "utf-8")
    except UnicodeEncodeError:
        return text.translate(_ASCII)
    return text


def print_(text: str, *, err: bool = False) -> bool:
    """Print lines and return whether anybody still reads them; a closed pipe is no error."""
    stream = sys.stderr if err else sys.stdout
    try:
        stream.write(f"{_encodable(printable(text), stream.encoding)}\n")
        stream.flush()
    except BrokenPipeError:
        return False
    return True
