"""Whether the PM and the agents are alive, by their processes first and their heartbeats second.

An old heartbeat never makes an existing process dead, and a fresh one never makes a dead process alive. One look may fall
between two steps of a run, so the caller believes a bad verdict only when it lasts.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from loop_kit.bus import heartbeat
from loop_kit.bus.bus import Bus
from loop_kit.bus.buses import buses
from loop_kit.bus.feed import Feed
from loop_kit.bus.heartbeat import Beat
from loop_kit.bus.lock import Holder, read_holder
from loop_kit.errors import DocumentError, LoopError
from loop_kit.model.names import ROLES
from loop_kit.model.state import RunState
from loop_kit.values import dataclass
from loop_kit.values.annotations import Named
from loop_kit.views import at_work
from loop_kit.views.ages import duration, seconds_since
from loop_kit.views.at_work import OpenDispatch


class Liveness(StrEnum):
    """`alive` and `idle` (nothing to do) are in order, `stale` and `dead` are not."""

    ALIVE = "alive"
    IDLE = "idle"
    STALE = "stale"
    DEAD = "dead"


_SOUND = (Liveness.ALIVE, Liveness.IDLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """The health of the PM or of one role. `why` is one sentence.

    `pid` is the process that should be alive, `program` the agent's, both None when unknown; `age` the seconds since the
    last heartbeat, None without one.
    """

    liveness: Annotated[Liveness, Named("pulse")]
    why: str
    pid: int | None = None
    program: int | None = None
    dispatch_id: Annotated[str, Named("dispatch")] = ""
    age: Annotated[float | None, Named("age_seconds")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`run_name` is the running run, "" when there is none."""

    sound: bool
    run_name: str
    pm: Sign
    worker: Sign
    reviewer: Sign

    @classmethod
    def of(cls, run_name: str, signs: Mapping[str, Sign]) -> Self:
        sound = all(sign.liveness in _SOUND for sign in signs.values())
        return cls(sound=sound, run_name=run_name, **signs)

    @property
    def signs(self) -> dict[str, Sign]:
        return {"pm": self.pm, "worker": self.worker, "reviewer": self.reviewer}


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherHealth:
    """The health of a run on another bus in short: the worst sign there, and why."""

    run_name: str
    liveness: Annotated[Liveness, Named("pulse")]
    why: str

    @property
    def sound(self) -> bool:
        return self.liveness in _SOUND


def read_others(bus: Bus, now: datetime, ttl: float) -> Iterator[OtherHealth]:
    """Yield, for a default bus, the health of the unfinished runs on the buses of single tasks; see `read_health`."""
    for each in [] if bus.task_id else buses(bus)[1:]:
        try:
            health = read_health(each, now, ttl)
        except LoopError as error:  # one bad bus must not hide the others
            yield OtherHealth(run_name=each.task_id, liveness=Liveness.STALE, why=error.message)
            continue
        if health.run_name:
            who, sign = min(health.signs.items(), key=lambda item: item[1].liveness in _SOUND)
            yield OtherHealth(run_name=health.run_name, liveness=sign.liveness, why=f"{who}: {sign.why}")


def read_health(bus: Bus, now: datetime, ttl: float) -> Health:
    """Return the health of the run on `bus`; a heartbeat older than `ttl` seconds is stale.

    Raises `DocumentError` when the state cannot be read.
    """
    state = bus.read_state()
    holder = read_holder(bus.lock_path)
    pm = _pm_sign(bus, state, holder, now, ttl)
    if state is None or pm.liveness is Liveness.IDLE:
        nobody = Sign(liveness=Liveness.IDLE, why="no run is going on")
        return Health.of("", {"pm": pm, **dict.fromkeys(ROLES, nobody)})
    signs = {role: _role_sign(bus, state, role, now, ttl) for role in ROLES}
    dispatch = _open_dispatch(bus, state)
    if dispatch is not None:
        signs[dispatch.role] = _program_sign(bus, pm, dispatch, now, ttl)
    return Health.of(state.run_name, {"pm": pm, **signs})


def _pm_sign(bus: Bus, state: RunState | None, holder: Holder | None, now: datetime, ttl: float) -> Sign:
    """Judge the PM by the record in the lock: a PM that ends regularly clears it, a killed one does not."""
    if holder is None:
        return Sign(liveness=Liveness.IDLE, why="nobody holds the bus")
    alive = holder.alive()
    who = f"{holder.purpose} has held the bus since {holder.since}"
    if holder.stopped():
        return Sign(liveness=Liveness.STALE, why=at_work.suspended(holder), pid=holder.pid)
    if alive:
        return Sign(liveness=Liveness.ALIVE, why=who, pid=holder.pid)
    if state is None or not state.unfinished or state.outcome is not None:
        return Sign(liveness=Liveness.IDLE, why="the last run has ended")
    if alive is None:
        return _abroad(bus, holder, now, ttl)
    return Sign(liveness=Liveness.DEAD, why=f"{holder.purpose} was killed; loop run --resume goes on", pid=holder.pid)


def _abroad(bus: Bus, holder: Holder, now: datetime, ttl: float) -> Sign:
    """Judge a PM on another host by its run's heartbeats: its process cannot be seen from here."""
    ages = [_age(heartbeat.read(bus.heartbeat_path(role)), now) for role in ROLES]
    age = min((age for age in ages if age is not None), default=None)
    fresh = age is not None and age <= ttl
    return Sign(
        liveness=Liveness.ALIVE if fresh else Liveness.STALE,
        why=f"it runs on {holder.host}; only its heartbeat can be seen from here",
        pid=holder.pid,
        age=age,
    )


def _open_dispatch(bus: Bus, state: RunState) -> OpenDispatch | None:
    try:
        return at_work.open_dispatch(Feed(bus.feed_path).tail(at_work.EVENTS_READ), state.run_id)
    except DocumentError:
        return None


def _role_sign(bus: Bus, state: RunState, role: str, now: datetime, ttl: float) -> Sign:
    beat = heartbeat.read(bus.heartbeat_path(role))
    if role != at_work.awaited_person(bus, state):
        return Sign(liveness=Liveness.IDLE, why="nothing to do now")
    if beat is None:
        return Sign(liveness=Liveness.IDLE, why="waiting for you; no heartbeat is sent")
    return _person_sign(beat, now, ttl)


def _person_sign(beat: Beat, now: datetime, ttl: float) -> Sign:
    age = _age(beat, now)
    if beat.alive() is False:
        liveness, why = Liveness.DEAD, "waiting for you; the process that sent heartbeats has ended"
    else:
        liveness, why = _by_age(age, ttl), "waiting for you"
    return Sign(liveness=liveness, why=why, pid=beat.pid, dispatch_id=beat.dispatch_id, age=age)


def _program_sign(bus: Bus, pm: Sign, dispatch: OpenDispatch, now: datetime, ttl: float) -> Sign:
    """Judge a dispatch by the process that supervises it, its heartbeat, and the program."""
    beat = heartbeat.read(bus.heartbeat_path(dispatch.role))
    if beat is None or beat.dispatch_id != dispatch.dispatch_id:
        return _without_beat(bus, pm, dispatch, now, ttl)
    age, alive = _age(beat, now), beat.alive()
    program = at_work.find_program(dispatch.dispatch_id, bus, beat.pid, or_any=True) if alive else None
    if beat.stopped():
        liveness, why = Liveness.STALE, at_work.suspended(beat)
    elif alive is False:
        liveness, why = Liveness.DEAD, f"the process that supervises {dispatch.backend} has ended"
    elif alive and program is None and at_work.processes_are_listed():
        liveness, why = Liveness.DEAD, f"{dispatch.backend} has ended, and loop has not noticed"
    else:
        since = duration(seconds_since(dispatch.started_at, now) or 0.0)
        liveness, why = _by_age(age, ttl), f"{dispatch.backend} works for {since}"
    return Sign(liveness=liveness, why=why, pid=beat.pid, program=program, dispatch_id=dispatch.dispatch_id, age=age)


def _without_beat(bus: Bus, pm: Sign, dispatch: OpenDispatch, now: datetime, ttl: float) -> Sign:
    """Judge a dispatch before its first heartbeat or after its last; both moments are short, and loop works then."""
    program = at_work.find_program(dispatch.dispatch_id, bus, pm.pid) if pm.pid is not None else None
    age = seconds_since(dispatch.started_at, now)
    if pm.liveness is not Liveness.ALIVE and program is None:
        liveness, why = Liveness.DEAD, f"{dispatch.backend} was cut off"
    elif program is not None:
        liveness, why = _by_age(age, ttl), f"{dispatch.backend} was started; no heartbeat yet"
    else:
        liveness, why = Liveness.ALIVE, f"{dispatch.backend} is starting, or its report is being read"
    return Sign(liveness=liveness, why=why, program=program, dispatch_id=dispatch.dispatch_id)


def _by_age(age: float | None, ttl: float) -> Liveness:
    return Liveness.ALIVE if age is not None and age <= ttl else Liveness.STALE


def _age(beat: Beat | None, now: datetime) -> float | None:
    return None if beat is None else seconds_since(beat.at, now)
