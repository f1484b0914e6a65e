"""What a run that is there already was started with: for the round process, and for whoever goes on with the run."""

from loop_kit.bus.archive import Archive
from loop_kit.bus.bus import Bus
from loop_kit.bus.feed import Feed
from loop_kit.engine.context import RunContext, World
from loop_kit.errors import NeedsPersonError
from loop_kit.model.manifest import Manifest
from loop_kit.model.state import RunState
from loop_kit.vcs.repository import Repository


def join_run(world: World, bus: Bus, repository: Repository, state: RunState) -> RunContext:
    """Return the context of the run that `state` belongs to, with the manifest it was started with."""
    archive = Archive(bus.archive_root / state.run_name)
    manifest = archive.read_manifest(state.digests.get(Manifest.kind, "none"))  # "" would take any
    facts = (manifest.run_id, manifest.run_name, manifest.base_sha, manifest.branch)
    if facts != (state.run_id, state.run_name, state.base_sha, state.branch):
        raise NeedsPersonError(
            f"{bus.state_path} and the manifest of {state.run_name} contradict each other: somebody changed one of them",
            hint="find out by whom; loop run --reset archives the run and starts anew",
        )
    return RunContext(
        bus=bus,
        archive=archive,
        repository=repository,
        feed=Feed(bus.feed_path),
        manifest=manifest,
        world=world,
    )
