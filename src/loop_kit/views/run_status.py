"""Where a run stands, read from the bus."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated

from loop_kit.bus import heartbeat
from loop_kit.bus.bus import Bus
from loop_kit.bus.buses import buses
from loop_kit.bus.feed import Feed
from loop_kit.bus.lock import read_holder
from loop_kit.errors import DocumentError, LoopError, Outcome
from loop_kit.model.feed_event import FeedEvent
from loop_kit.model.spending import Spending, with_total
from loop_kit.model.state import Phase, RunState
from loop_kit.values import dataclass
from loop_kit.values.annotations import Named
from loop_kit.views import at_work
from loop_kit.views.ages import seconds_since
from loop_kit.views.at_work import OpenDispatch, QuotaWait

_LAST_EVENTS = 5
_ANSWERS = {
    "worker": "waiting for you, the worker: commit the work, then: loop submit",
    "reviewer": "waiting for you, the reviewer: loop review --approve, or loop review --change FILE --reason TEXT",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Working:
    """The role at work. `pid` is its program's, None when not found; `supervisor` is the process that sends heartbeats.

    `seconds` is the age of the dispatch, None when unknown.
    """

    role: str
    backend: str
    dispatch_id: Annotated[str, Named("dispatch")]
    pid: int | None
    supervisor: int | None
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherRun:
    """The last run on another bus, in short. `problem` says why nothing else is known of it, "" when something is."""

    run_name: str
    phase: Phase = Phase.IDLE
    round: int = 0
    outcome: Outcome | None = None
    updated_at: str = ""
    running_pid: int | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStatus:
    """Where a run stands. `next_step` is one sentence.

    `running_pid` is the PM's while it lives; `person` the role in which the run waits for a person; `parked` the backend
    whose quota it waits for. `age` is the seconds since the state changed; `goal` the card's, "" without a readable card.
    `others` are the other runs of a default bus: those that cannot be read first, then by their last change.
    """

    state: RunState | None
    goal: str
    age: Annotated[float | None, Named("age_seconds")]
    running_pid: int | None
    working: Working | None
    person: Annotated[str | None, Named("waiting_for_person")]
    parked: Annotated[QuotaWait | None, Named("waiting_for_quota")]
    spent: Mapping[str, Spending] | None
    events: tuple[FeedEvent, ...]
    others: tuple[OtherRun, ...]
    next_step: str


def read_status(bus: Bus, now: datetime) -> RunStatus:
    """Return where the run on `bus` stands; raise `DocumentError` when its state cannot be read."""
    state = bus.read_state()
    holder = read_holder(bus.lock_path)
    running = holder.pid if holder is not None and holder.alive() else None
    others = tuple(sorted(_others(bus), key=lambda other: (bool(other.problem), other.updated_at), reverse=True))
    events = _last_events(bus)
    parked = at_work.quota_wait(events, state.run_id) if state is not None and running is not None else None
    dispatch = at_work.open_dispatch(events, state.run_id) if state is not None and running is not None else None
    working = None if dispatch is None or running is None else _working(bus, dispatch, running, now)
    waits = state is not None and running is not None and working is None
    person = at_work.awaited_person(bus, state) if waits and state is not None else None
    return RunStatus(
        state=state,
        goal=_goal(bus),
        age=None if state is None else seconds_since(state.updated_at, now),
        running_pid=running,
        working=working,
        person=person,
        parked=parked,
        spent=None if state is None else with_total(state.spent),
        events=tuple(events[-_LAST_EVENTS:]),
        others=others,
        next_step=at_work.suspended(holder)
        if holder is not None and holder.stopped()
        else f"loop status {others[0].run_name} shows that run"
        if state is None and others
        else _next_step(bus, state, running=running is not None, person=person, parked=parked),
    )


def _others(bus: Bus) -> Iterator[OtherRun]:
    """Yield the runs on the buses of single tasks, for a default bus; one that cannot be read hides no other."""
    for each in [] if bus.task_id else buses(bus)[1:]:
        try:
            state = each.read_state()
        except LoopError as error:
            yield OtherRun(run_name=each.task_id, problem=error.message)
            continue
        if state is not None:
            holder = read_holder(each.lock_path)
            yield OtherRun(
                run_name=state.run_name or state.task_id,
                phase=state.phase,
                round=state.round,
                outcome=state.outcome,
                updated_at=state.updated_at,
                running_pid=holder.pid if holder is not None and holder.alive() else None,
            )


def _last_events(bus: Bus) -> list[FeedEvent]:
    try:
        return Feed(bus.feed_path).tail(at_work.EVENTS_READ)
    except DocumentError:  # the rest of the status does not need the log
        return []


def _working(bus: Bus, dispatch: OpenDispatch, pm: int, now: datetime) -> Working:
    beat = heartbeat.read(bus.heartbeat_path(dispatch.role))
    supervisor = beat.pid if beat is not None and beat.dispatch_id == dispatch.dispatch_id else None
    return Working(
        role=dispatch.role,
        backend=dispatch.backend,
        dispatch_id=dispatch.dispatch_id,
        pid=at_work.find_program(dispatch.dispatch_id, bus, supervisor or pm),
        supervisor=supervisor,
        seconds=seconds_since(dispatch.started_at, now),
    )


def _goal(bus: Bus) -> str:
    try:
        card = bus.read("task_card") or {}
    except DocumentError:
        return ""
    goal = card.get("goal")
    return goal if isinstance(goal, str) else ""


def _next_step(bus: Bus, state: RunState | None, *, running: bool, person: str | None, parked: QuotaWait | None) -> str:
    if parked is not None:
        return f"waiting until {parked.until} for the quota of {parked.backend}; create {bus.stop_path} to end it"
    if person is not None:
        return _ANSWERS[person]
    if running:
        return f"running; create {bus.stop_path} to end it so that it can be resumed"
    return _how_to_go_on(bus, state)


def _how_to_go_on(bus: Bus, state: RunState | None) -> str:
    if state is None and (bus.before / bus.state_path.name).exists():
        return "loop init says how to go on with what an older tool left"
    if state is None or state.phase is Phase.IDLE:
        return (
            "start a run: loop run --auto-dispatch"
            if bus.card_path.exists()
            else f"write {bus.card_path}, then: loop run"
        )
    if state.phase is Phase.DONE and state.outcome is Outcome.APPROVED:
        return "look at the change: loop diff; then: loop accept"
    return state.hint or "loop run --resume goes on from here"
