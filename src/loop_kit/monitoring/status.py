"""Where a run stands, gathered from the bus."""

from dataclasses import dataclass
from typing import Any

from loop_kit.bus import heartbeat
from loop_kit.bus.bus import Bus
from loop_kit.bus.feed import Feed
from loop_kit.bus.lock import read_holder
from loop_kit.errors import Outcome
from loop_kit.model.event import FeedEvent
from loop_kit.model.names import ROLES
from loop_kit.model.state import Phase, RunState

_LAST_EVENTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """`running_pid` is the PM's when it lives; `working` names the role whose program beats; `next_step` is one sentence."""

    state: RunState | None
    running_pid: int | None
    working: str | None
    events: tuple[FeedEvent, ...]
    next_step: str

    def to_document(self) -> dict[str, Any]:
        return {
            "state": None if self.state is None else self.state.to_document(),
            "running_pid": self.running_pid,
            "working": self.working,
            "events": [event.to_document() for event in self.events],
            "next_step": self.next_step,
        }


def read_status(bus: Bus) -> Status:
    """Return where the run on `bus` stands; raise `DocumentError` when its state cannot be read."""
    state = bus.read_state()
    holder = read_holder(bus.lock_path)
    running = holder.owner.pid if holder is not None and holder.owner.alive() else None
    return Status(
        state=state,
        running_pid=running,
        working=_working(bus),
        events=tuple(Feed(bus.feed_path).tail(_LAST_EVENTS)),
        next_step=_next_step(bus, state, running=running is not None),
    )


def _working(bus: Bus) -> str | None:
    for role in ROLES:
        beat = heartbeat.read(bus.heartbeat_path(role))
        if beat is not None and beat.owner.alive():
            return role
    return None


def _next_step(bus: Bus, state: RunState | None, *, running: bool) -> str:
    if state is None or state.phase is Phase.IDLE:
        return (
            "loop run --auto-dispatch starts a run"
            if bus.card_path.exists()
            else f"write {bus.card_path}, then: loop run"
        )
    if running:
        return "it is running; create .loop/STOP to end it so that it can be resumed"
    if state.phase is Phase.DONE and state.outcome is Outcome.APPROVED:
        return f"look at the change: git diff {state.base_sha[:12]} {state.head_sha[:12]}"
    return state.hint or "loop run --resume goes on from here"
