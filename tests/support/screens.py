"""What a person sees on a terminal: its bytes, shown by an emulator."""

import re
import time
from collections.abc import Callable
from typing import Any, Protocol, Self

import pyte

from tests.support.terminals import PATIENCE, Terminal, cells

_ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07|.)")


class Sent(Protocol):
    """What was sent to a terminal of some size."""

    @property
    def lines(self) -> int: ...

    @property
    def columns(self) -> int: ...

    @property
    def seen(self) -> bytes: ...

    @property
    def text(self) -> str: ...


class Screen:
    """`lines` is what stands on the screen, `above` what has left it at the top; neither has trailing blanks."""

    def __init__(self, terminal: Sent) -> None:
        shown = pyte.HistoryScreen(terminal.columns, terminal.lines, history=10_000, ratio=0.5)
        stream = pyte.ByteStream(shown)
        stream.feed(terminal.seen)
        self.lines = [line.rstrip() for line in shown.display]
        self.above = [_text(line, terminal.columns) for line in shown.history.top]
        self.cursor = (shown.cursor.x, shown.cursor.y)
        self.cursor_hidden = bool(shown.cursor.hidden)

    @property
    def text(self) -> str:
        """All that was left: what has scrolled away, and the screen."""
        return "\n".join([*self.above, *self.lines]).rstrip("\n")

    def having(self, words: str) -> list[str]:
        """Return every line that has these words."""
        return [line for line in (*self.above, *self.lines) if words in line]

    @classmethod
    def when(cls, terminal: Terminal, fact: Callable[[Self], Any], what: str) -> Self:
        """Listen until the screen shows a fact, and return it as it is then; the test fails when that never comes."""
        until = time.monotonic() + PATIENCE
        while not fact(screen := cls(terminal)):
            assert terminal.listen(until), f"{what} never came:\n{screen.text}"
        return screen


def _text(line: Any, columns: int) -> str:
    return "".join(line[place].data for place in range(columns)).rstrip()


def too_wide(terminal: Sent) -> list[str]:
    """Return every line that was sent and does not fit: an emulator would silently go on in the next one."""
    return [line for line in bare(terminal.text).split("\n") if cells(line.rpartition("\r")[2]) > terminal.columns]


def bare(text: str) -> str:
    """Return a text without the commands to the terminal in it."""
    return _ESCAPE.sub("", text)
