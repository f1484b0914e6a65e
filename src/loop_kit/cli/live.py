"""A run on a terminal: a region that says what goes on now, and above it one line for each finished phase.

The region is drawn when something happens and when a second has passed, by whoever waits anyway: programs are started
from the main thread only, so there is no other. The cursor stands on the line below and is never hidden: whatever ends
this process, even a kill, there is nothing to be put right.
"""

import math
import time
from collections.abc import Callable
from typing import TextIO

from loop_kit.cli.looking import width
from loop_kit.cli.paper import WIDE, Paper, Row
from loop_kit.model.events import Event
from loop_kit.model.shown_events import AgentAction, AgentSaid
from loop_kit.views.progress import Note, Progress, Tone, lasted

_NARROWEST, _LOWEST = 20, 5  # a smaller terminal has no room for a region
_SOON, _SECOND = 0.1, 0.25  # seconds between two drawings, at least: for an agent's chatter, for the time that goes by
_ROWS, _DETAILS = 3, 10  # of a note's sentence, of the lines below it
_CHATTER = (AgentAction, AgentSaid)
_STYLES = {Tone.PLAIN: "", Tone.GOOD: "green", Tone.BAD: "red", Tone.ODD: "yellow"}


class Live:
    """Listens to a run and shows it; `close` takes the region away."""

    def __init__(self, stream: TextIO, seconds: Callable[[], float] = time.monotonic) -> None:
        self._paper = Paper(stream)
        self._seconds = seconds
        self._progress = Progress(seconds)
        self._region: tuple[str, ...] = ()  # as it stands on the terminal
        self._drawn_at = -math.inf
        self._open = True

    def hear(self, event: Event) -> None:
        note = self._progress.hear(event)
        if note is not None or not isinstance(event, _CHATTER) or self._seconds() - self._drawn_at >= _SOON:
            self._draw(note)

    def tick(self) -> None:
        if self._seconds() - self._drawn_at >= _SECOND:
            self._draw()

    def close(self) -> None:
        self._open = False
        self._draw()

    def _draw(self, note: Note | None = None) -> None:
        """Put a note above the region and draw that anew, in one write so that nothing flickers."""
        self._drawn_at = self._seconds()
        columns, lines = self._paper.size()
        in_front = self._paper.in_front()
        if not in_front:
            self._region = ()  # what stands above the cursor is somebody else's now
        drawable = self._open and in_front and columns >= _NARROWEST and lines >= _LOWEST
        region = self._lines(columns) if drawable else ()
        if note is None and region == self._region:
            return
        above = [] if note is None else self._note_rows(note, columns)
        styled: list[Row] = [((line, style),) for line, style in zip(region, ("bold", "dim"), strict=False)]
        self._paper.write(self._back(columns) + self._paper.paint([*above, *styled]))
        self._region = region

    def _back(self, columns: int) -> str:
        """Return what erases the region; one drawn on a wider terminal may take more lines by now.

        Line by line: from the top of the screen to its end at once, a tmux keeps what it erases in its history.
        """
        rows = sum(max(1, math.ceil(width(line) / columns)) for line in self._region)
        return "\r\x1b[2K" + "\x1b[1A\x1b[2K" * rows if rows else ""

    def _lines(self, columns: int) -> tuple[str, ...]:
        doing, took, action = self._progress.now()
        cut, safe = self._paper.cut, self._paper.safe
        took = f", {took}"  # shown whatever room there is: that it goes on is how one sees that nothing hangs
        doing = cut(f"{_stamp(self._progress.elapsed(), columns)}{safe(doing)}", columns - 1 - len(took))
        return (doing + took, *([cut(f"{_stamp(None, columns)}{safe(action)}", columns - 1)] if action else []))

    def _note_rows(self, note: Note, columns: int) -> list[Row]:
        pad = _stamp(None, columns)
        room = columns - 1 - len(pad)
        first, *details = self._paper.safe(note.text).split("\n")
        head, *rest = self._paper.wrap(first, room, None if note.whole else _ROWS)
        sentence = [f"{_stamp(self._progress.elapsed(), columns)}{head}", *(f"{pad}{row}" for row in rest)]
        below = [f"{pad}{row}" for row in self._details(details, room, whole=note.whole)]
        return [*(((row, _STYLES[note.tone]),) for row in sentence), *(((row, ""),) for row in below)]

    def _details(self, lines: list[str], room: int, *, whole: bool) -> list[str]:
        if whole:
            return [row for line in lines for row in self._paper.wrap(line, room)]
        shown = [self._paper.cut(line, room) for line in lines[:_DETAILS]]
        return shown + ([self._paper.cut(f"  and {len(lines) - _DETAILS} more", room)] if len(lines) > _DETAILS else [])


def _stamp(seconds: float | None, columns: int) -> str:
    """Return the time before a line, None for a line below it; where there is little room, only what sets them apart."""
    if columns < WIDE:
        return "" if seconds is not None else "  "
    return " " * 8 if seconds is None else f"{lasted(seconds):>6}  "
