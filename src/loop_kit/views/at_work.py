"""Who works for a run right now, by the event log and the processes that exist.

The log names the open dispatch, the heartbeat the process that supervises it; the program is found among that process's
descendants by the outbox in its environment. Where the system lists no processes, finding none proves nothing.
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

# A dispatch writes a few events, so the start of the open one is among the last.
EVENTS_READ = 50
_WAITED_FOR = {Phase.AWAITING_WORK: "worker", Phase.AWAITING_REVIEW: "reviewer"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDispatch:
    """A dispatch that has started and not ended, by the event log."""

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


def open_dispatch(events: Iterable[FeedEvent], run_id: str) -> OpenDispatch | None:
    """Return the last dispatch of this run, None when it has ended; `events` are oldest first."""
    found = None
    for each in (each for each in events if each.run_id == run_id):
        match each.event:
            case DispatchStarted(role=role, backend=backend, dispatch=dispatch_id):
                found = OpenDispatch(role=role, backend=backend, dispatch_id=dispatch_id, started_at=each.at)
            case DispatchEnded() | Decided() | RunResumed() | RunEnded():
                found = None
    return found


def quota_wait(events: Iterable[FeedEvent], run_id: str) -> QuotaWait | None:
    """Return the quota that this run waits for, None when it waits for none; `events` are oldest first."""
    found = None
    for each in (each for each in events if each.run_id == run_id):
        match each.event:
            case Parked(role=role, backend=backend, until=until):
                found = QuotaWait(role=role, backend=backend, until=until)
            case _:
                found = None
    return found


def find_program(dispatch_id: str, bus: Bus, supervisor: int, *, or_any: bool = False) -> int | None:
    """Return the pid of a dispatch's program, None when no such process is found below `supervisor`.

    A program may clear its environment; with `or_any`, any living process below the supervisor counts then.
    """
    mark = b"LOOP_REPORT=" + os.fsencode(bus.outbox(dispatch_id) / "report.json")
    named = re.fullmatch(r".+-r(\d+)-(\w+)-\d+", dispatch_id)  # a reviewer that answers in a form has no outbox
    part = (b"LOOP_ROUND=" + named[1].encode(), b"LOOP_ROLE=" + named[2].encode()) if named else (mark,)
    below = [process.pid for process in descendants(supervisor) if process.alive()]
    marked = (pid for pid in below if proc.environment_holds(pid, mark) or _holds_all(pid, part))
    return next(marked, below[0] if or_any and below else None)


def _holds_all(pid: int, entries: Iterable[bytes]) -> bool:
    return all(proc.environment_holds(pid, entry) for entry in entries)


def suspended(owner: Owner) -> str:
    return f"it is suspended; kill -CONT {owner.pid}, or fg in its shell, continues it"


def processes_are_listed() -> bool:
    """Whether a process that is not found does not exist."""
    return Path("/proc/self/stat").exists()


def awaited_person(bus: Bus, state: RunState) -> str | None:
    """Return the role in which the run waits for a person, None when it does not."""
    role = _WAITED_FOR.get(state.phase)
    return role if role in people_of(bus, state) else None


def people_of(bus: Bus, state: RunState) -> tuple[str, ...]:
    """Return the roles that people have in this run; none when its manifest cannot be read.

    Only two fields are read here: the manifest's reader takes long to import.
    """
    from loop_kit.bus.archive import Archive  # noqa: PLC0415  (slow to import, and only a run that waits needs it)

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
