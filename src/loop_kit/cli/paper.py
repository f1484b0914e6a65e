"""A terminal to write on: how large it is, what it can show, and text as it wants it. The one module that knows rich.

What comes from agents and files is shown and never read: neither as markup nor as commands to the terminal.
"""

import os
from collections.abc import Iterable
from typing import TextIO

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from loop_kit.cli.console import printable
from loop_kit.cli.looking import cut

WIDE = 40  # columns from which on there is room for times and labels beside the text
_SIZE = (80, 24)  # of a terminal that does not know its own
Part = tuple[str, str]  # a text and its style
Row = tuple[Part, ...]


class Paper:
    """A stream that is a terminal. What is written on it once goes there whole, or nowhere when the terminal is gone."""

    def __init__(self, stream: TextIO) -> None:
        self._stream: TextIO | None = stream
        self._descriptor = stream.fileno()
        self._encoding = stream.encoding or "utf-8"
        self._console = Console(
            file=stream, force_terminal=True, legacy_windows=False, markup=False, emoji=False, highlight=False
        )
        self._more, self._dash = ("…", "─") if self.safe("…─") == "…─" else ("~", "-")

    def size(self) -> tuple[int, int]:
        """Return columns and lines as they are now; not those of COLUMNS, which a shell may have left behind."""
        try:
            found = os.get_terminal_size(self._descriptor)
        except OSError:
            return _SIZE
        return found.columns or _SIZE[0], found.lines or _SIZE[1]

    def in_front(self) -> bool:
        """Whether the terminal is ours to draw on, and not that of a shell which put this process into the background."""
        try:
            return os.tcgetpgrp(self._descriptor) == os.getpgrp()
        except OSError:  # not the terminal that this process is controlled from: no shell shares it
            return True

    def safe(self, text: str) -> str:
        """Return what is really shown of a text: an escape takes more room than the character it stands for."""
        return printable(text).encode(self._encoding, "backslashreplace").decode(self._encoding)

    def cut(self, text: str, columns: int) -> str:
        return cut(text, columns, end=self._more)

    def wrap(self, text: str, columns: int, most: int | None = None) -> list[str]:
        """Break one safe line into as many as it needs, `most` at most; a word that fits nowhere is broken too."""
        if most is not None:
            text = self.cut(text, columns * most)  # a line of an agent may have megabytes
        rows = [row.plain.rstrip() for row in Text(text).wrap(self._console, max(columns, 1), overflow="fold")] or [""]
        if most is None or len(rows) <= most:
            return rows
        return [*rows[: most - 1], self.cut(" ".join(rows[most - 1 :]), columns)]

    def paint(self, rows: Iterable[Row]) -> str:
        """Return rows as the terminal wants them, each with its newline; in colour only where it has colours."""
        with self._console.capture() as captured:
            for row in rows:
                self._console.print(Text.assemble(*row), soft_wrap=True)
        return captured.get()

    def rule(self, title: str, style: str, columns: int) -> str:
        """Return a line across the terminal that begins with a title."""
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
