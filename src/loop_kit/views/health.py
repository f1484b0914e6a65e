"""Whether what should live lives: told by processes first, by heartbeats second.

A process that exists is never called dead because a file is old, and a fresh file brings nobody back to life. One look may fall
between two steps of a run, so a bad verdict counts only when it is seen again a moment later.
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
from loop_kit.views import crew
from loop_kit.views.ages import seconds_since, told
from loop_kit.views.crew import Dispatch


class Pulse(StrEnum):
    """`idle` is in order: nobody is asked to do anything. `stale` and `dead` are not."""

    ALIVE = "alive"
    IDLE = "idle"
    STALE = "stale"
    DEAD = "dead"


_SOUND = (Pulse.ALIVE, Pulse.IDLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """What was seen of one party. `pid` is the process that should live, `program` the agent's, both None when not known.

    `age` counts the seconds since the last heartbeat, None when there is none. `why` is one sentence.
    """

    pulse: Pulse
    why: str
    pid: int | None = None
    program: int | None = None
    dispatch_id: Annotated[str, Named("dispatch")] = ""
    age: Annotated[float | None, Named("age_seconds")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`run_name` names the run that is going on, "" when none is."""

    sound: bool
    run_name: str
    pm: Sign
    worker: Sign
    reviewer: Sign

    @classmethod
    def of(cls, run_name: str, signs: Mapping[str, Sign]) -> Self:
        sound = all(sign.pulse in _SOUND for sign in signs.values())
        return cls(sound=sound, run_name=run_name, **signs)

    @property
    def signs(self) -> dict[str, Sign]:
        return {"pm": self.pm, "worker": self.worker, "reviewer": self.reviewer}


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherPulse:
    """How a run on another bus lives, in short: the worst pulse that was seen there, and why."""

    run_name: str
    pulse: Pulse
    why: str

    @property
    def sound(self) -> bool:
        return self.pulse in _SOUND


def read_others(bus: Bus, now: datetime, ttl: float) -> Iterator[OtherPulse]:
    """Yield, for a default bus, the runs that go on on the buses of single tasks, or should; see `read_health`."""
    for each in [] if bus.task_id else buses(bus)[1:]:
        try:
            health = read_health(each, now, ttl)
        except LoopError as error:  # it hides no other
            yield OtherPulse(run_name=each.task_id, pulse=Pulse.STALE, why=error.message)
            continue
        if health.run_name:
            who, sign = min(health.signs.items(), key=lambda item: item[1].pulse in _SOUND)
            yield OtherPulse(run_name=health.run_name, pulse=sign.pulse, why=f"{who}: {sign.why}")


def read_health(bus: Bus, now: datetime, ttl: float) -> Health:
    """Return what lives of the run on `bus`; a heartbeat older than `ttl` seconds is stale.

    Raises `DocumentError` when the state cannot be read.
    """
    state = bus.read_state()
    holder = read_holder(bus.lock_path)
    pm = _pm_sign(bus, state, holder, now, ttl)
    if state is None or pm.pulse is Pulse.IDLE:
        nobody = Sign(pulse=Pulse.IDLE, why="no run is going on")
        return Health.of("", {"pm": pm, **dict.fromkeys(ROLES, nobody)})
    signs = {role: _role_sign(bus, state, role, now, ttl) for role in ROLES}
    dispatch = _open_dispatch(bus, state)
    if dispatch is not None:
        signs[dispatch.role] = _program_sign(bus, pm, dispatch, now, ttl)
    return Health.of(state.run_name, {"pm": pm, **signs})


def _pm_sign(bus: Bus, state: RunState | None, holder: Holder | None, now: datetime, ttl: float) -> Sign:
    """Judge the PM by who says to hold the lock: a PM that ends in order takes its name out, one that was killed does not."""
    if holder is None:
        return Sign(pulse=Pulse.IDLE, why="nobody holds the bus")
    alive = holder.alive()
    who = f"{holder.purpose} holds the bus since {holder.since}"
    if holder.stopped():
        return Sign(pulse=Pulse.STALE, why=crew.suspended(holder), pid=holder.pid)
    if alive:
        return Sign(pulse=Pulse.ALIVE, why=who, pid=holder.pid)
    if state is None or not state.unfinished or state.outcome is not None:
        return Sign(pulse=Pulse.IDLE, why="the last run has ended")
    if alive is None:
        return _abroad(bus, holder, now, ttl)
    return Sign(pulse=Pulse.DEAD, why=f"{holder.purpose} was killed; loop run --resume goes on", pid=holder.pid)


def _abroad(bus: Bus, holder: Holder, now: datetime, ttl: float) -> Sign:
    """Judge a PM on another host by the heartbeats of its run: nobody here can look at its process."""
    ages = [_age(heartbeat.read(bus.heartbeat_path(role)), now) for role in ROLES]
    age = min((age for age in ages if age is not None), default=None)
    fresh = age is not None and age <= ttl
    return Sign(
        pulse=Pulse.ALIVE if fresh else Pulse.STALE,
        why=f"it runs on {holder.host}; judged by its heartbeat alone",
        pid=holder.pid,
        age=age,
    )


def _open_dispatch(bus: Bus, state: RunState) -> Dispatch | None:
    try:
        return crew.open_dispatch(Feed(bus.feed_path).tail(crew.EVENTS_LOOKED_AT), state.run_id)
    except DocumentError:
        return None


def _role_sign(bus: Bus, state: RunState, role: str, now: datetime, ttl: float) -> Sign:
    beat = heartbeat.read(bus.heartbeat_path(role))
    if role != crew.awaited_person(bus, state):
        return Sign(pulse=Pulse.IDLE, why="it is not asked to do anything now")
    if beat is None:
        return Sign(pulse=Pulse.IDLE, why="a person is waited for, who sends no heartbeat")
    return _person_sign(beat, now, ttl)


def _person_sign(beat: Beat, now: datetime, ttl: float) -> Sign:
    age = _age(beat, now)
    if beat.alive() is False:
        pulse, why = Pulse.DEAD, "a person is waited for, and the process of their heartbeat has ended"
    else:
        pulse, why = _by_age(age, ttl), "a person is waited for"
    return Sign(pulse=pulse, why=why, pid=beat.pid, dispatch_id=beat.dispatch_id, age=age)


def _program_sign(bus: Bus, pm: Sign, dispatch: Dispatch, now: datetime, ttl: float) -> Sign:
    """Judge a dispatch: the process that supervises it, its beat, and the program itself."""
    beat = heartbeat.read(bus.heartbeat_path(dispatch.role))
    if beat is None or beat.dispatch_id != dispatch.dispatch_id:
        return _without_beat(bus, pm, dispatch, now, ttl)
    age, alive = _age(beat, now), beat.alive()
    program = crew.find_program(dispatch.dispatch_id, bus, beat.pid, or_any=True) if alive else None
    if beat.stopped():
        pulse, why = Pulse.STALE, crew.suspended(beat)
    elif alive is False:
        pulse, why = Pulse.DEAD, f"the process that supervises {dispatch.backend} has ended"
    elif alive and program is None and crew.processes_are_listed():
        pulse, why = Pulse.DEAD, f"{dispatch.backend} has ended, and nobody noticed"
    else:
        since = told(seconds_since(dispatch.started_at, now) or 0.0)
        pulse, why = _by_age(age, ttl), f"{dispatch.backend} is at work for {since}"
    return Sign(pulse=pulse, why=why, pid=beat.pid, program=program, dispatch_id=dispatch.dispatch_id, age=age)


def _without_beat(bus: Bus, pm: Sign, dispatch: Dispatch, now: datetime, ttl: float) -> Sign:
    """Judge a dispatch before its first beat or after its last: both are short, and loop itself is at work then."""
    program = crew.find_program(dispatch.dispatch_id, bus, pm.pid) if pm.pid is not None else None
    age = seconds_since(dispatch.started_at, now)
    if pm.pulse is not Pulse.ALIVE and program is None:
        pulse, why = Pulse.DEAD, f"{dispatch.backend} was cut off"
    elif program is not None:
        pulse, why = _by_age(age, ttl), f"{dispatch.backend} was started, and no heartbeat came yet"
    else:
        pulse, why = Pulse.ALIVE, f"{dispatch.backend} is being started, or what it left is taken in"
    return Sign(pulse=pulse, why=why, program=program, dispatch_id=dispatch.dispatch_id)


def _by_age(age: float | None, ttl: float) -> Pulse:
    return Pulse.ALIVE if age is not None and age <= ttl else Pulse.STALE


def _age(beat: Beat | None, now: datetime) -> float | None:
    return None if beat is None else seconds_since(beat.at, now)
