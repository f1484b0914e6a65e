"""Who works for a run right now: told by the feed, held against the processes that exist.

The feed says which dispatch is open; the heartbeat names the process that supervises it; the program itself is found
among that process's descendants, by the outbox it was given. Where the system lists no processes nothing is found, which
proves nothing.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from loop_kit.bus.bus import Bus
from loop_kit.errors import DocumentError
from loop_kit.model.events import Decided, DispatchEnded, DispatchStarted, Parked, RunEnded, RunResumed
from loop_kit.model.feed_event import FeedEvent
from loop_kit.model.names import ROLES
from loop_kit.model.state import Phase, RunState
from loop_kit.processes import proc
from loop_kit.processes.lineage import Owner, descendants
from loop_kit.values import dataclass

# A dispatch writes a handful of events; the start of the open one is among the last.
EVENTS_LOOKED_AT = 50
_WAITED_FOR = {Phase.AWAITING_WORK: "worker", Phase.AWAITING_REVIEW: "reviewer"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """A dispatch that has begun and not ended, as far as the feed knows."""

    role: str
    backend: str
    dispatch_id: str
    started_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaWait:
    """A wait for a spent quota; `until` is UTC in ISO 8601."""

    role: str
    backend: str
    until: str


def open_dispatch(events: Iterable[FeedEvent], run_id: str) -> Dispatch | None:
    """Return the dispatch of this run that was started last, None when it has ended; `events` are oldest first."""
    found = None
    for each in (each for each in events if each.run_id == run_id):
        match each.event:
            case DispatchStarted(role=role, backend=backend, dispatch=dispatch_id):
                found = Dispatch(role=role, backend=backend, dispatch_id=dispatch_id, started_at=each.at)
            case DispatchEnded() | Decided() | RunResumed() | RunEnded():
                found = None
    return found


def quota_wait(events: Iterable[FeedEvent], run_id: str) -> QuotaWait | None:
    """Return what this run waits for when it has no quota, None when it does not wait; `events` are oldest first."""
    found = None
    for each in (each for each in events if each.run_id == run_id):
        match each.event:
            case Parked(role=role, backend=backend, until=until):
                found = QuotaWait(role=role, backend=backend, until=until)
            case _:
                found = None
    return found


def find_program(dispatch_id: str, bus: Bus, supervisor: int, *, or_any: bool = False) -> int | None:
    """Return the pid of the program that a dispatch started, None when no such process is seen below `supervisor`.

    A program may have thrown its environment away; with `or_any` anything that lives below the supervisor counts then.
    """
    mark = b"LOOP_REPORT=" + os.fsencode(bus.outbox(dispatch_id) / "report.json")
    named = re.fullmatch(r".+-r(\d+)-(\w+)-\d+", dispatch_id)  # a reviewer who answers in a form knows no outbox
    part = (b"LOOP_ROUND=" + named[1].encode(), b"LOOP_ROLE=" + named[2].encode()) if named else (mark,)
    below = [process.pid for process in descendants(supervisor) if process.alive()]
    marked = (pid for pid in below if proc.environment_holds(pid, mark) or _holds_all(pid, part))
    return next(marked, below[0] if or_any and below else None)


def _holds_all(pid: int, entries: Iterable[bytes]) -> bool:
    return all(proc.environment_holds(pid, entry) for entry in entries)


def suspended(owner: Owner) -> str:
    return f"it is suspended; kill -CONT {owner.pid}, or fg in its shell, lets it go on"


def processes_are_listed() -> bool:
    """Tell whether a process that is not found is not there."""
    return Path("/proc/self/stat").exists()


def awaited_person(bus: Bus, state: RunState) -> str | None:
    """Return the role whose document the run waits for when a person has that role, else None."""
    role = _WAITED_FOR.get(state.phase)
    return role if role in people_of(bus, state) else None


def people_of(bus: Bus, state: RunState) -> tuple[str, ...]:
    """Return the roles that people have in this run; none when its manifest cannot be read.

    The manifest is looked into and not parsed: its parser judges the card by jsonschema, which is slow to load.
    """
    from loop_kit.bus.archive import Archive  # noqa: PLC0415  (brings the manifest's parser: only who waits for people pays)

    try:
        manifest: Any = Archive(bus.archive_root / state.run_name).read(0, "manifest") if state.run_name else None
    except (DocumentError, FileNotFoundError):
        return ()
    match manifest:
        case {"people": list(people)}:
            return tuple(role for role in ROLES if role in people)
        case {"settings": {"run": {"auto_dispatch": False}}}:
            return ROLES
        case _:
            return ()
