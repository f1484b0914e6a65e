"""What a run that is there already was started with: for the round process, and for whoever goes on with the run."""

from loop_kit.bus.archive import Archive
from loop_kit.bus.bus import Bus
from loop_kit.bus.feed import Feed
from loop_kit.errors import NeedsPersonError
from loop_kit.model.charter import Charter
from loop_kit.model.state import RunState
from loop_kit.rounds.context import RunContext, World
from loop_kit.vcs.repository import Repository


def join_run(world: World, bus: Bus, repository: Repository, state: RunState) -> RunContext:
    """Return the context of the run that `state` belongs to, with the charter it was started with."""
    archive = Archive(bus.archive_root / state.place)
    charter = archive.read_charter(state.digests.get(Charter.kind, "none"))  # "" would take any
    facts = (charter.run_id, charter.place, charter.base_sha, charter.branch)
    if facts != (state.run_id, state.place, state.base_sha, state.branch):
        raise NeedsPersonError(
            f"{bus.state_path} and the charter of {state.place} contradict each other: somebody changed one of them",
            hint="find out by whom; loop run --reset archives the run and starts anew",
        )
    return RunContext(
        bus=bus,
        archive=archive,
        repository=repository,
        feed=Feed(bus.feed_path),
        charter=charter,
        world=world,
    )
