"""A run on a terminal: a region that shows what goes on now, and above it one line for each finished phase.

The region is drawn when an event comes and on the run's tick; there is no thread, because programs are started from the
main thread only. The cursor stays on the line below and is never hidden, so even a kill leaves nothing to repair.
"""

import math
import time
from collections.abc import Callable
from typing import TextIO

from loop_kit.cli.printing import width
from loop_kit.cli.terminal import WIDE, Row, Terminal
from loop_kit.model.events import Event
from loop_kit.model.figures import clock
from loop_kit.model.shown_events import AgentAction, AgentSaid
from loop_kit.views.progress import Moment, Note, Progress, Tone

_NARROWEST, _LOWEST = 20, 5  # a smaller terminal has no room for a region
_SOON, _SECOND = 0.1, 0.25  # seconds at least between two drawings: for an agent's output, for the clock
_ROWS, _DETAILS = 3, 10  # of a note's sentence, of the lines below it
_CHATTER = (AgentAction, AgentSaid)
_STYLES = {Tone.PLAIN: "", Tone.GOOD: "green", Tone.BAD: "red", Tone.ODD: "yellow"}


class Live:
    """Listens to a run and shows it; `close` takes the region away."""

    def __init__(self, stream: TextIO, seconds: Callable[[], float] = time.monotonic) -> None:
        self._terminal = Terminal(stream)
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
        """Put a note above the region and draw the region again, in one write so that nothing flickers."""
        self._drawn_at = self._seconds()
        columns, lines = self._terminal.size()
        in_front = self._terminal.in_front()
        if not in_front:
            self._region = ()  # the shell has written there since
        drawable = self._open and in_front and columns >= _NARROWEST and lines >= _LOWEST
        region = self._lines(columns) if drawable else ()
        if note is None and region == self._region:
            return
        above = [] if note is None else self._note_rows(note, columns)
        silent = bool(self._progress.now().silence)
        styles = ("bold", _STYLES[Tone.ODD] if silent else "dim")
        styled: list[Row] = [((line, style),) for line, style in zip(region, styles, strict=False)]
        self._terminal.write(self._back(columns) + self._terminal.paint([*above, *styled]))
        self._region = region

    def _back(self, columns: int) -> str:
        """Return what erases the region; one drawn on a wider terminal may take more lines by now.

        Line by line, because tmux keeps in its history what is erased from the top of the screen to its end at once.
        """
        rows = sum(max(1, math.ceil(width(line) / columns)) for line in self._region)
        return "\r\x1b[2K" + "\x1b[1A\x1b[2K" * rows if rows else ""

    def _lines(self, columns: int) -> tuple[str, ...]:
        """Return the region: what goes on and for how long, and below it the newest action and how old the last output is."""
        now = self._progress.now()
        return (
            self._line(now.doing, f", {now.took}", columns, self._progress.elapsed()),
            *([self._line(now.action, _silence(now), columns)] if now.action or now.silence else []),
        )

    def _line(self, text: str, end: str, columns: int, elapsed: float | None = None) -> str:
        """Return a line that fits; its end is never cut, for a time that goes on shows that nothing hangs."""
        cut, room = self._terminal.cut, columns - 1
        begin = cut(f"{_stamp(elapsed, columns)}{self._terminal.safe(text)}", max(room - len(end), 0))
        return cut(begin + end, room)

    def _note_rows(self, note: Note, columns: int) -> list[Row]:
        pad = _stamp(None, columns)
        room = columns - 1 - len(pad)
        first, *details = self._terminal.safe(note.text).split("\n")
        head, *rest = self._terminal.wrap(first, room, None if note.whole else _ROWS)
        sentence = [f"{_stamp(self._progress.elapsed(), columns)}{head}", *(f"{pad}{row}" for row in rest)]
        below = [f"{pad}{row}" for row in self._details(details, room, whole=note.whole)]
        return [*(((row, _STYLES[note.tone]),) for row in sentence), *(((row, ""),) for row in below)]

    def _details(self, lines: list[str], room: int, *, whole: bool) -> list[str]:
        if whole:
            return [row for line in lines for row in self._terminal.wrap(line, room)]
        shown = [self._terminal.cut(line, room) for line in lines[:_DETAILS]]
        return shown + (
            [self._terminal.cut(f"  and {len(lines) - _DETAILS} more", room)] if len(lines) > _DETAILS else []
        )


def _silence(now: Moment) -> str:
    if not now.silence:
        return ""
    return f"{', ' if now.action else ''}last output {now.silence} ago"


def _stamp(seconds: float | None, columns: int) -> str:
    """Return the time before a line, blanks for None; on a narrow terminal only the indent of the second line is left."""
    if columns < WIDE:
        return "" if seconds is not None else "  "
    return " " * 8 if seconds is None else f"{clock(seconds):>6}  "
