"""What lies outside loop, as the edge found it: handed in, so that nothing below the edge asks the system for it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from loop_kit.model.events import Event
from loop_kit.processes.signals import Interruption
from loop_kit.values import dataclass

Listener = Callable[[Event], None]


def _no_display() -> None:
    """Stand for a display where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Time as an argument: `now` is UTC in ISO 8601 with milliseconds, `seconds` counts up and never jumps."""

    now: Callable[[], str]
    seconds: Callable[[], float]


def utc_now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The person's environment, the clock, and who listens.

    `environment` is the person's own, `GIT_*` included: programs started for agents are given a part of it. `listener`
    is told each event as it happens; `tick` is called about every second while loop waits, so that a display needs no
    thread: programs are started from the main thread only. `scratch` is where working trees may be put that are
    made anew at any time, `trees` where those that hold work are kept. `token` makes a
    name that nothing else has.
    """

    environment: Mapping[str, str]
    interruption: Interruption
    clock: Clock
    listener: Listener
    scratch: Path
    trees: Path
    token: Callable[[], str]
    tick: Callable[[], None] = _no_display
