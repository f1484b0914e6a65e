"""One run: what it was started with, where it stands, and everything a step of it needs.

A `Run` is passed along; nothing is kept in globals. Its state changes in memory with `change` and reaches the bus with
`put`, which is a commit point: whatever it relies on is on the disk before.
"""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from loop_kit.bus.archive import Archive
from loop_kit.bus.bus import Bus
from loop_kit.bus.feed import Feed
from loop_kit.engine.world import World
from loop_kit.errors import DocumentError, NeedsPersonError, Outcome
from loop_kit.model.config import Settings
from loop_kit.model.events import Event
from loop_kit.model.manifest import Manifest
from loop_kit.model.state import RunState
from loop_kit.model.task import TaskCard
from loop_kit.values import dataclass, field, replace
from loop_kit.vcs import watch
from loop_kit.vcs.fetching import fetch_commits
from loop_kit.vcs.repository import Repository
from loop_kit.vcs.run_tree import open_run_tree
from loop_kit.vcs.worktree import tree_path


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


def read_manifest(bus: Bus, state: RunState) -> Manifest:
    """Return what the run of a state was started with.

    Raises `NeedsPersonError` when the two contradict each other, `DocumentError` when there is no such manifest.
    """
    archive = Archive(bus.archive_root / state.run_name)
    manifest = archive.read_manifest(state.digests.get(Manifest.kind, "none"))  # "" would take any
    facts = (manifest.run_id, manifest.run_name, manifest.base_sha, manifest.branch)
    if facts != (state.run_id, state.run_name, state.base_sha, state.branch):
        raise NeedsPersonError(
            f"{bus.state_path} and the manifest of {state.run_name} contradict each other: one of them was changed",
            hint="find out by whom; loop run --reset archives the run and starts anew",
        )
    return manifest


def find_tree(home: Repository, manifest: Manifest) -> Repository:
    """Return the repository in which the worker edits: home itself, or the run's own tree.

    Raises `NeedsPersonError` when that is gone or is another one.
    """
    if not manifest.tree:
        return home
    tree = open_run_tree(home, Path(manifest.tree))
    if tree is None:
        raise NeedsPersonError(
            f"the tree of {manifest.run_name} at {manifest.tree} is gone",
            hint="loop run --resume makes it anew from the last head that was verified",
        )
    return tree


@dataclass(slots=True, kw_only=True)
class Run:
    """One run.

    `home` is the repository that has the objects, refs and locks of the run, `tree` the one whose files the worker
    edits; in the classic mode both are one. `state` is where the run stands as far as this process knows; other
    processes read it on the bus. `round` is the one that is played. `deadline` is on `world.clock.seconds`, None without
    `--timeout`; `locks` are the descriptors of the held locks. `pins` are the run's refs as they have to be: as they
    were before the worker was asked, with those that this process has made since; every other change to them is
    somebody else's. `papers` are the documents of the round, by name, as this process has read or written them; see
    `seals`.
    """

    bus: Bus
    archive: Archive
    home: Repository
    tree: Repository
    feed: Feed
    manifest: Manifest
    world: World
    state: RunState
    round: int
    deadline: float | None = None
    locks: tuple[int, ...] = ()
    pins: dict[str, str] = field(default_factory=dict)
    papers: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def load(cls, world: World, bus: Bus, home: Repository, state: RunState, *, to_clear: bool = False) -> Self:
        """Return the run that `state` belongs to, with the manifest it was started with.

        With `to_clear` nobody is going to work in it, and its tree may be gone. Raises `NeedsPersonError` when state and
        manifest contradict each other or when a tree of the run's own is gone, `DocumentError` without a manifest.
        """
        archive = Archive(bus.archive_root / state.run_name)
        manifest = read_manifest(bus, state)
        return cls(
            bus=bus,
            archive=archive,
            home=home,
            tree=home if to_clear else find_tree(home, manifest),
            feed=Feed(bus.feed_path),
            manifest=manifest,
            world=world,
            state=state,
            round=state.round,
        )

    @property
    def name(self) -> str:
        return self.manifest.run_name

    @property
    def card(self) -> TaskCard:
        return self.manifest.card

    @property
    def settings(self) -> Settings:
        return self.manifest.settings

    @property
    def scratch(self) -> Path:
        """The folder for the run's working trees."""
        return Path(self.manifest.scratch) / self.manifest.run_id

    @property
    def review_tree(self) -> Path:
        return tree_path(self.scratch, "review")

    @property
    def checks_tree(self) -> Path:
        return tree_path(self.scratch, "checks")

    def tree_of(self, role: str) -> Path:
        """Return the folder of the tree that a reviewer judges: each of several has one of its own."""
        return self.review_tree if len(self.settings.reviewers) == 1 else tree_path(self.scratch, f"review-{role}")

    @property
    def judged_trees(self) -> tuple[Path, ...]:
        """The folders of all trees that loop makes for this run."""
        return (*map(self.tree_of, self.settings.reviewers), self.checks_tree)

    def by_hand(self, role: str) -> bool:
        return self.manifest.by_hand(role)

    def now(self) -> str:
        return self.world.clock.now()

    def emit(self, event: Event) -> None:
        """Put an event on the log, if it is worth keeping, and tell whoever watches."""
        if event.durable:
            self.feed.append(event, run_id=self.manifest.run_id, now=self.now())
        self.world.listener(event)

    def change(self, **fields: Any) -> None:
        """Change the state in memory; it reaches the bus with the next `put`."""
        self.state = replace(self.state, **fields)

    def put(self, **fields: Any) -> None:
        """Change the state and write it: the commit point of whatever was done before."""
        self.change(**{"updated_at": self.now(), **fields})
        self.bus.put_state(self.state)

    def seal(self, *papers: str) -> None:
        """Have the state know documents in memory again, once it is put; see `seals`."""
        self.know({paper: digest(self.papers[paper]) for paper in papers})

    def know(self, digests: Mapping[str, str]) -> None:
        """Have the state know more by its digest."""
        self.change(digests={**self.state.digests, **digests})

    def forget(self, *papers: str) -> None:
        """Forget documents: they were refused, or somebody is asked for others. They must not come back as answers."""
        for paper in papers:
            self.papers.pop(paper, None)
        self.change(digests={name: value for name, value in self.state.digests.items() if name not in papers})

    def outbox_of(self, role: str) -> str:
        """Return a role's newest dispatch of this round whose outbox is there, "" when there is none."""
        return self.bus.newest_outbox(self.dispatch_name(role, ""))

    def dispatch_name(self, role: str, number: int | str) -> str:
        """Return the name of a role's dispatch in this round."""
        return f"{self.name}-r{self.round}-{role}-{number}"

    def reload(self) -> None:
        """Take the state on the bus, unless it cannot be read or is another run's: what was not put does not count."""
        try:
            newest = self.bus.read_state()
        except DocumentError:
            return
        if newest is not None and newest.run_id == self.manifest.run_id:
            self.take(newest)

    def take(self, state: RunState) -> None:
        """Take what another process has left for where the run stands."""
        self.state = state
        self.round = state.round

    def end(self, outcome: Outcome, *, error: str, hint: str) -> None:
        """Note in memory why the run ends here; everything needed to go on is kept."""
        self.change(outcome=outcome, error=error, hint=hint, updated_at=self.now())

    def seconds_left(self) -> float | None:
        """Return the seconds until `--timeout` ends the run, at least 0; None without a limit."""
        return None if self.deadline is None else max(0.0, self.deadline - self.world.clock.seconds())

    def pin_name(self, name: str, round_number: int | None = None) -> str:
        """Return the ref that pins something of a round, by default the one that is played."""
        return f"refs/loop/{self.name}/r{self.round if round_number is None else round_number}/{name}"

    def pin(self, name: str, sha: str) -> str:
        """Keep a commit from being lost whatever becomes of the branch; return the ref that holds it.

        What was committed in a tree of the run's own is brought home first: nothing else is pinned.
        """
        ref = self.pin_name(name)
        fetch_commits(self.home, self.tree, sha)
        self.pins.update(self.home.pin(ref, sha))
        return ref

    def find_pins(self) -> None:
        """Take the refs that the round relies on as they are now for what they have to be."""
        found = watch.refs(self.home, self.name, self.round)
        self.pins.clear()
        self.pins.update(found)
