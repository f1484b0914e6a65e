"""What commands print: times as people read them, documents, bytes and files as they are."""

import io
import json
import sys
import unicodedata
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from loop_kit.cli.console import print_, printable

_PART = 1 << 16


def now() -> datetime:
    return datetime.now(UTC)


def local_time(at: str, *, day: bool = True) -> str:
    """Return a time of the bus in the person's time zone; a text that is not a time comes back as it is."""
    try:
        then = datetime.fromisoformat(at).astimezone()
    except (ValueError, OverflowError):
        return at
    return then.strftime("%Y-%m-%d %H:%M:%S" if day else "%H:%M:%S")


def cut(text: str, cells: int, *, end: str = "…") -> str:
    """Return the beginning of a line that fits `cells` of a terminal: a wide character takes two, a combining mark none.

    `end`, one cell wide, follows when something was cut.
    """
    taken = whole = 0  # `whole`: the number of characters that leaves room for `end`
    for index, char in enumerate(text):
        taken += _cells(char)
        if taken > cells:
            return f"{text[:whole]}{end}"
        whole = index + 1 if taken < cells else whole
    return text


def width(text: str) -> int:
    """Return how many cells of a terminal a line takes."""
    return sum(map(_cells, text))


def _cells(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def print_json(document: Any, *, indent: int | None = 2) -> None:
    """Print a document as ASCII, which any terminal shows and in which escapes stay escaped."""
    print_(json.dumps(document, indent=indent))


def print_bytes(data: bytes) -> None:
    """Print bytes unchanged; on a terminal, which could obey them, as text with control characters escaped."""
    if sys.stdout.isatty():
        sys.stdout.write(printable(data.decode("utf-8", "backslashreplace")))
        sys.stdout.flush()
        return
    sys.stdout.flush()
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        return


def print_file(path: Path) -> None:
    """Print a file as `print_bytes` does, in parts."""
    with path.open("rb") as file, suppress(BrokenPipeError):
        if sys.stdout.isatty():
            text = io.TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="\n")
            for line in iter(lambda: text.readline(_PART), ""):
                sys.stdout.write(printable(line))
            sys.stdout.flush()
        else:
            sys.stdout.flush()
            for part in iter(lambda: file.read(_PART), b""):
                sys.stdout.buffer.write(part)
            sys.stdout.buffer.flush()
