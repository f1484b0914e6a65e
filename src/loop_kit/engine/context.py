"""What every step of a run needs, passed along instead of kept in globals."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from loop_kit.bus.archive import Archive
from loop_kit.bus.bus import Bus
from loop_kit.bus.feed import Feed
from loop_kit.errors import DocumentError, StoppedError, TimeLimitError
from loop_kit.model.config import Settings
from loop_kit.model.events import Event
from loop_kit.model.manifest import Manifest
from loop_kit.model.state import RunState
from loop_kit.model.task import TaskCard
from loop_kit.processes.signals import Interruption
from loop_kit.values import dataclass, field
from loop_kit.vcs import watch
from loop_kit.vcs.repository import Repository
from loop_kit.vcs.worktree import tree_path

Listener = Callable[[Event], None]


def _nobody_waits() -> None:
    """Show nobody that time goes by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Time as an argument: `now` is UTC in ISO 8601 with milliseconds, `seconds` counts up and never jumps."""

    now: Callable[[], str]
    seconds: Callable[[], float]


def utc_now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What lies outside loop, as the edge found it.

    `environment` is the person's own, `GIT_*` included: programs started for agents are given a part of it. `listener`
    is told each event as it happens; `tick` is called about every second while loop waits, so that
    whoever shows the time needs no thread: programs are started from the main thread only. `scratch` is where worktrees
    may be put. `token` makes a name that nobody else has.
    """

    environment: Mapping[str, str]
    interruption: Interruption
    clock: Clock
    listener: Listener
    scratch: Path
    token: Callable[[], str]
    tick: Callable[[], None] = _nobody_waits


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """One run.

    `deadline` is on `clock.seconds`, None without `--timeout`; `locks` are the descriptors of the held locks. `pins` are
    the run's refs as they have to be: as they were before the worker was asked, with those that this process has made
    since; `vcs.watch` says which these are. Every other change to them is somebody else's. `papers` are the documents of
    the round, by kind, as this process has read or written them; see `sealed`.
    """

    bus: Bus
    archive: Archive
    repository: Repository
    feed: Feed
    manifest: Manifest
    world: World
    deadline: float | None = None
    locks: tuple[int, ...] = ()
    pins: dict[str, str] = field(default_factory=dict)
    papers: dict[str, bytes] = field(default_factory=dict)

    @property
    def card(self) -> TaskCard:
        return self.manifest.card

    @property
    def settings(self) -> Settings:
        return self.manifest.settings

    @property
    def review_tree(self) -> Path:
        return tree_path(Path(self.manifest.scratch) / self.manifest.run_id, "review")

    @property
    def checks_tree(self) -> Path:
        return tree_path(Path(self.manifest.scratch) / self.manifest.run_id, "checks")

    def now(self) -> str:
        return self.world.clock.now()

    def emit(self, event: Event) -> None:
        """Put an event on the feed, if it is worth keeping, and tell whoever watches."""
        if event.durable:
            self.feed.append(event, run_id=self.manifest.run_id, now=self.now())
        self.world.listener(event)

    def seconds_left(self) -> float | None:
        """Return the seconds until `--timeout` ends the run, at least 0; None without a limit."""
        return None if self.deadline is None else max(0.0, self.deadline - self.world.clock.seconds())

    def newest_state(self, state: RunState) -> RunState:
        """Return the state on the bus, or `state` when that cannot be read or is somebody else's."""
        try:
            newest = self.bus.read_state()
        except DocumentError:
            return state
        return newest if newest is not None and newest.run_id == state.run_id else state

    def by_hand(self, role: str) -> bool:
        return role in self.manifest.people

    def pin_name(self, name: str, round_number: int) -> str:
        return f"refs/loop/{self.manifest.run_name}/r{round_number}/{name}"

    def pin(self, name: str, round_number: int, sha: str) -> str:
        """Keep a commit from being lost whatever becomes of the branch; return the ref that holds it."""
        ref = self.pin_name(name, round_number)
        self.pins.update(self.repository.pin(ref, sha))
        return ref

    def find_pins(self, round_number: int) -> None:
        """Take the refs that the run relies on in that round as they are now for what they have to be."""
        found = watch.refs(self.repository, self.manifest.run_name, round_number)
        self.pins.clear()
        self.pins.update(found)

    def check_stop(self) -> None:
        """Raise when the run has been asked to end: a signal, `.loop/STOP`, or the time set for the whole run.

        Whatever waits asks this about every second, so it is also where time goes by for who watches.
        """
        self.world.tick()
        self.world.interruption.raise_if_requested()
        if self.bus.stop_requested():
            raise StoppedError(
                f"{self.bus.stop_path} asks for a stop", hint="remove that file, then: loop run --resume"
            )
        if self.seconds_left() == 0.0:
            raise TimeLimitError(
                f"the run took longer than --timeout {self.settings.run.timeout:g} s", hint="loop run --resume goes on"
            )

    def pause(self, seconds: float) -> None:
        """Wait, but no longer than until the run is asked to end."""
        until = self.world.clock.seconds() + seconds
        self.check_stop()
        while (left := until - self.world.clock.seconds()) > 0:
            self.world.interruption.sleep(min(left, 1.0))
            self.check_stop()
