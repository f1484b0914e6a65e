"""What happened, one JSON object per line, only ever appended: `logs/feed.jsonl`.

Each line has the digest of the line before, which reveals a missing or altered line; the last line is named by the state and
pinned in git, after a `sync`. No decision depends on the log: the truth is in the state and the archive. A line that a crash
tore stays and is ended by a newline: it counts as broken, and the chain continues after it. A line longer than `LINE_LIMIT` is
broken too.
"""

import os
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from loop_kit.bus import feedlines
from loop_kit.bus.atomic import sync_names, write_all
from loop_kit.bus.feedlines import Line
from loop_kit.bus.files import disk_error, open_regular
from loop_kit.bus.lock import try_flock
from loop_kit.errors import LockedError, NeedsPersonError
from loop_kit.model.events import Event
from loop_kit.model.feed_event import FeedEvent, data_of, name_of
from loop_kit.model.state import LogAnchor
from loop_kit.values import dataclass
from loop_kit.values.wording import path_text

PROBLEMS_LIMIT = 100
# A writer holds the log only while it adds a line, but on a busy machine that may take a while.
PATIENCE_SECONDS = 10.0


class Fault(NamedTuple):
    """Something wrong with the chain; `seq` is the last event before it."""

    seq: int
    text: str


@dataclass(slots=True)
class Feed:
    """`broken` counts the lines that the last `read` skipped; `patience` is the time to wait for the lock, in seconds."""

    path: Path
    broken: int = 0
    patience: float = PATIENCE_SECONDS

    def append(self, event: Event, *, run_id: str, now: str) -> FeedEvent:
        """Add an event and return it as it was written: shortened when the line would be too long."""
        try:
            fd = open_regular(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, follow=False)
        except FileNotFoundError as error:
            raise disk_error("written", self.path, error) from None
        try:
            _have_to_itself(fd, self.path, self.patience)
            torn, last, seq = _end_of(fd)
            added = FeedEvent(seq=seq + 1, prev=last, at=now, name=name_of(event), run_id=run_id, data=data_of(event))
            added, line = feedlines.fitting(added)
            write_all(fd, b"\n" * torn + line + b"\n")
        except OSError as error:
            raise disk_error("written", self.path, error) from None
        finally:
            os.close(fd)
        return added

    def sync(self, since: LogAnchor | None = None) -> LogAnchor | None:
        """Make what was added durable and return the last event, None when there is none.

        Raises `NeedsPersonError` when the log does not contain `since` any more: then it is not the log that was anchored.
        """
        try:
            fd = open_regular(self.path, follow=False)
        except FileNotFoundError:
            head, held = None, since is None
        else:
            try:
                _have_to_itself(fd, self.path, self.patience)
                head, held = _head(fd, since)
                os.fsync(fd)
            except OSError as error:
                raise disk_error("synced", self.path, error) from None
            finally:
                os.close(fd)
        if not held:
            raise NeedsPersonError(
                f"{path_text(self.path)} was changed: it does not hold event {since and since.seq} as it was anchored",
                hint="find out by whom, loop fsck tells what is left; loop run --resume goes on with the log as it is",
            )
        if since is None and head is not None:
            sync_names(self.path.parent)
        return head

    def read(self, *, after_seq: int = 0, limit: int | None = None) -> Iterator[FeedEvent]:
        """Yield the events after `after_seq`, oldest first; broken lines are skipped and counted in `broken`."""
        self.broken, given = 0, 0
        with _opened(self.path) as file:
            file.seek(_start_after(file.fileno(), after_seq))
            for line in feedlines.forwards(file):
                if limit is not None and given >= limit:
                    return
                if line.event is None:
                    self.broken += line.ended  # without its newline it may still be being written
                elif line.event.seq > after_seq:
                    given += 1
                    yield line.event

    def of_kinds(self, *kinds: type[Event]) -> Iterator[FeedEvent]:
        """Yield the events of these kinds, oldest first; other lines of a long feed are not parsed."""
        marks = tuple(f'"{each.kind}"'.encode() for each in kinds)
        with _opened(self.path) as file:
            found = (line.event for line in feedlines.forwards(file, marks))
            yield from (event for event in found if event is not None and isinstance(event.event, kinds))

    def tail(self, count: int) -> list[FeedEvent]:
        """Return the last `count` events, oldest first, reading only the end of the file."""
        with _opened(self.path) as file:
            events = (line.event for line in feedlines.backwards(file.fileno()) if line.event is not None)
            return list(islice(events, count))[::-1]

    def holds(self, anchors: Collection[LogAnchor]) -> set[LogAnchor]:
        """Return those anchors whose line is there, unaltered."""
        wanted = set(anchors)
        with _opened(self.path) as file:
            lines = (LogAnchor(line.event.seq, line.digest) for line in feedlines.forwards(file) if line.event)
            return {line for line in lines if line in wanted} if wanted else set()

    def end(self) -> tuple[int, bool]:
        """Return the number of the last event, 0 for none, and whether the last line is torn."""
        with _opened(self.path) as file:
            torn, _digest, seq = _end_of(file.fileno())
            return seq, torn

    def verify(self, *, torn: bool = True) -> list[Fault]:
        """Return a fault for each broken line, gap and wrong digest; past `PROBLEMS_LIMIT` it stops looking.

        Without `torn` a broken line after which the chain continues is not reported: a kill leaves such a line.
        """
        faults: list[Fault] = []
        seq, digest = 0, ""
        with _opened(self.path) as file:
            for number, line in enumerate(feedlines.forwards(file), start=1):
                if torn or line.event is not None:
                    faults += (Fault(seq, text) for text in _wrong_with(number, line, seq, digest))
                if len(faults) >= PROBLEMS_LIMIT:
                    break
                seq, digest = line.event.seq if line.event else seq, line.digest
        return faults


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


def _head(fd: int, since: LogAnchor | None) -> tuple[LogAnchor | None, bool]:
    """Return the last event, and whether one chain leads from `since` to it; only the lines after `since` are read."""
    head, prev, seq = None, "", 0
    for line in feedlines.backwards(fd):
        if prev not in ("", line.digest):
            return head, False
        prev = line.event.prev if line.event is not None else ""
        if line.event is None:
            continue
        here = LogAnchor(line.event.seq, line.digest)
        if seq not in (0, here.seq + 1):
            return head, False
        head, seq = head or here, here.seq
        if since is None or here.seq <= since.seq:
            return head, since in (None, here)
    return head, since is None


def _start_after(fd: int, seq: int) -> int:
    """Return the offset of the lines after event `seq`, so that following a long feed stays cheap."""
    if seq <= 0:
        return 0
    known = (line.start for line in feedlines.backwards(fd) if line.event is not None and line.event.seq <= seq)
    return next(known, 0)


def _have_to_itself(fd: int, path: Path, patience: float) -> None:
    """Lock the log; raise `LockedError` when another writer does not release it. Without the lock the chain would break."""
    until = time.monotonic() + patience
    while not try_flock(fd, path):
        if time.monotonic() >= until:
            raise LockedError(
                f"another process has held {path_text(path)} for more than {patience:g} s",
                hint=f"find it with: fuser {path_text(path)}; when it has ended, loop run --resume goes on",
            )
        time.sleep(0.01)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open the feed for reading; one that is not there is empty."""
    try:
        fd = open_regular(path, follow=False)
    except FileNotFoundError:
        fd = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        yield file
