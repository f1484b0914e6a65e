"""A terminal to write on: its size, what it can show, text wrapped and coloured for it. The only module that uses rich.

Text of agents and files is neither markup nor a command to the terminal here.
"""

import os
from collections.abc import Iterable
from typing import TextIO

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from loop_kit.cli.console import printable
from loop_kit.cli.printing import cut

WIDE = 40  # columns that leave room for times and labels beside the text
_SIZE = (80, 24)  # of a terminal that does not report its own
Part = tuple[str, str]  # a text and its style
Row = tuple[Part, ...]


class Terminal:
    """A stream that is a terminal. After the terminal is gone, what is written is lost without an error."""

    def __init__(self, stream: TextIO) -> None:
        self._stream: TextIO | None = stream
        self._descriptor = stream.fileno()
        self._encoding = stream.encoding or "utf-8"
        self._console = Console(
            file=stream, force_terminal=True, legacy_windows=False, markup=False, emoji=False, highlight=False
        )
        self._more, self._dash = ("…", "─") if self.safe("…─") == "…─" else ("~", "-")

    def size(self) -> tuple[int, int]:
        """Return columns and lines as they are now; COLUMNS may be out of date."""
        try:
            found = os.get_terminal_size(self._descriptor)
        except OSError:
            return _SIZE
        return found.columns or _SIZE[0], found.lines or _SIZE[1]

    def in_front(self) -> bool:
        """Whether this process may draw: false while a shell has put it into the background."""
        try:
            return os.tcgetpgrp(self._descriptor) == os.getpgrp()
        except OSError:  # not the controlling terminal: no shell shares it
            return True

    def safe(self, text: str) -> str:
        """Return a text as it is shown: with control characters and what the encoding lacks escaped, which takes more room."""
        return printable(text).encode(self._encoding, "backslashreplace").decode(self._encoding)

    def cut(self, text: str, columns: int) -> str:
        return cut(text, columns, end=self._more)

    def wrap(self, text: str, columns: int, most: int | None = None) -> list[str]:
        """Break a safe line into at most `most` rows; a word that is too long is broken too."""
        if most is not None:
            text = self.cut(text, columns * most)  # an agent's line may be megabytes long
        rows = [row.plain.rstrip() for row in Text(text).wrap(self._console, max(columns, 1), overflow="fold")] or [""]
        if most is None or len(rows) <= most:
            return rows
        return [*rows[: most - 1], self.cut(" ".join(rows[most - 1 :]), columns)]

    def paint(self, rows: Iterable[Row]) -> str:
        """Return rows as text for the terminal, each with a newline; coloured only where the terminal has colours."""
        with self._console.capture() as captured:
            for row in rows:
                self._console.print(Text.assemble(*row), soft_wrap=True)
        return captured.get()

    def rule(self, title: str, style: str, columns: int) -> str:
        """Return a line across the terminal with a title at its left."""
        shown = Text(self.cut(self.safe(title), columns - 4), style=style)
        with self._console.capture() as captured:
            self._console.print(Rule(shown, characters=self._dash, align="left", style=style), width=columns)
        return captured.get()

    def write(self, text: str) -> None:
        if self._stream is None:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            self._stream = None
