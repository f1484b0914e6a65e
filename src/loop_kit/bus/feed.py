"""What happened, one JSON object per line, only ever appended: `logs/feed.jsonl`.

Each line carries the digest of the line before, so a missing or altered line shows. The feed is news and is not
synced; the truth is in the state and the archive. A line that a crash tore stays where it is and is ended by a newline:
it counts as broken, and the chain goes on over it. A line longer than `LINE_LIMIT` is broken too.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from loop_kit.bus import feedlines
from loop_kit.bus.atomic import write_all
from loop_kit.bus.feedlines import Line
from loop_kit.bus.files import disk_error, open_regular
from loop_kit.bus.lock import try_flock
from loop_kit.errors import StartError
from loop_kit.model.events import Event
from loop_kit.model.feed_event import FeedEvent, data_of, name_of
from loop_kit.values import dataclass

PROBLEMS_LIMIT = 100
_PATIENCE_SECONDS = 1.0


@dataclass(slots=True)
class Feed:
    """`broken` counts the lines that the last `read` had to skip."""

    path: Path
    broken: int = 0

    def append(self, event: Event, *, run_id: str, now: str) -> FeedEvent:
        """Add an event and return it as it was written: shortened when the line would be too long."""
        try:
            fd = open_regular(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, follow=False)
        except FileNotFoundError as error:
            raise disk_error("written", self.path, error) from None
        try:
            _have_to_itself(fd, self.path)
            torn, last, seq = _end_of(fd)
            added = FeedEvent(seq=seq + 1, prev=last, at=now, name=name_of(event), run_id=run_id, data=data_of(event))
            added, line = feedlines.fitting(added)
            write_all(fd, b"\n" * torn + line + b"\n")
        except OSError as error:
            raise disk_error("written", self.path, error) from None
        finally:
            os.close(fd)
        return added

    def read(self, *, after_seq: int = 0, limit: int | None = None) -> Iterator[FeedEvent]:
        """Yield the events after `after_seq`, oldest first; broken lines are skipped and counted in `broken`."""
        self.broken, given = 0, 0
        with _opened(self.path) as file:
            file.seek(_start_after(file.fileno(), after_seq))
            for line in feedlines.forwards(file):
                if limit is not None and given >= limit:
                    return
                if line.event is None:
                    self.broken += line.ended  # one without its newline may still be in the writing
                elif line.event.seq > after_seq:
                    given += 1
                    yield line.event

    def of_kinds(self, *kinds: type[Event]) -> Iterator[FeedEvent]:
        """Yield the events of these kinds, oldest first; what else is in a long feed is passed over."""
        marks = tuple(f'"{each.kind}"'.encode() for each in kinds)
        with _opened(self.path) as file:
            found = (line.event for line in feedlines.forwards(file, marks))
            yield from (event for event in found if event is not None and isinstance(event.event, kinds))

    def tail(self, count: int) -> list[FeedEvent]:
        """Return the last `count` events, oldest first, reading only the end of the file."""
        with _opened(self.path) as file:
            events = (line.event for line in feedlines.backwards(file.fileno()) if line.event is not None)
            return list(islice(events, count))[::-1]

    def verify(self, *, torn: bool = True) -> list[str]:
        """Return a sentence for each broken line, gap and wrong digest; past `PROBLEMS_LIMIT` it stops looking.

        Without `torn` nothing is said of a broken line that the chain goes on over: a kill leaves such a line.
        """
        problems: list[str] = []
        seq, digest = 0, ""
        with _opened(self.path) as file:
            for number, line in enumerate(feedlines.forwards(file), start=1):
                if torn or line.event is not None:
                    problems += _wrong_with(number, line, seq, digest)
                if len(problems) >= PROBLEMS_LIMIT:
                    break
                seq, digest = line.event.seq if line.event else seq, line.digest
        return problems


def _wrong_with(number: int, line: Line, seq: int, digest: str) -> list[str]:
    event = line.event
    if event is None:
        return [f"line {number} cannot be read" if line.ended else f"line {number}, the last, is torn"]
    problems = []
    if event.seq != seq + 1:
        problems.append(f"line {number}: event {event.seq} follows event {seq}")
    if event.prev != digest:
        problems.append(f"line {number}: the line before it is not the one it was written after")
    return problems


def _end_of(fd: int) -> tuple[bool, str, int]:
    """Return whether the last line lacks its newline, its digest, and the number of the last whole event."""
    torn, digest, seq = False, "", 0
    for place, line in enumerate(feedlines.backwards(fd)):
        if place == 0:
            torn, digest = not line.ended, line.digest
        if line.event is not None:
            seq = line.event.seq
            break
    return torn, digest, seq


def _start_after(fd: int, seq: int) -> int:
    """Return where the lines after event `seq` begin, so that following a long feed stays cheap."""
    if seq <= 0:
        return 0
    known = (line.start for line in feedlines.backwards(fd) if line.event is not None and line.event.seq <= seq)
    return next(known, 0)


def _have_to_itself(fd: int, path: Path) -> None:
    """Take turns with other writers, but never wait long for one: a wrong chain is better than a loop that hangs."""
    until = time.monotonic() + _PATIENCE_SECONDS
    try:
        while not try_flock(fd, path) and time.monotonic() < until:
            time.sleep(0.01)
    except StartError:  # no flock here: the bus lock has said so already
        return


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open the feed for reading; one that is not there is empty."""
    try:
        fd = open_regular(path, follow=False)
    except FileNotFoundError:
        fd = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        yield file
