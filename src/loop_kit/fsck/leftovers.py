"""What finished runs left behind: processes, worktrees, outboxes, heartbeats, half-written files.

Only for a bus without a live run. What an unfinished run needs when it is resumed stays.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from loop_kit.bus import atomic, delivery, heartbeat
from loop_kit.bus.archive import Archive
from loop_kit.bus.bus import Bus
from loop_kit.bus.files import is_folder
from loop_kit.errors import LoopError
from loop_kit.fsck.problem import Problem
from loop_kit.model.figures import counted
from loop_kit.model.manifest import Manifest
from loop_kit.model.names import ROLES
from loop_kit.model.state import RunState
from loop_kit.processes.lineage import count_carrying
from loop_kit.processes.tree import RUN_VARIABLE, sweep_run
from loop_kit.vcs import worktree
from loop_kit.vcs.repository import Repository

_TREES = ("review", "checks")


def examine_files(bus: Bus, state: RunState | None) -> Iterator[Problem]:
    """Yield half-written files, heartbeats of dead processes, and outboxes that no run will read."""
    for path in bus.find_leftovers():
        yield Problem(
            code="half_written",
            where=bus.name(path),
            text="a writer died over it; what it replaces is whole",
            remedy="remove it",
            repair=partial(atomic.remove, path),
        )
    for role in ROLES:
        yield from _dead_heart(bus, bus.heartbeat_path(role))
    for outbox in (bus.runtime / name for name in atomic.listed(bus.runtime)):
        if is_folder(outbox) and not _awaited(outbox.name, state):
            yield _outbox(bus, outbox)


def _dead_heart(bus: Bus, path: Path) -> Iterator[Problem]:
    beat = heartbeat.read(path)
    if beat is not None and beat.alive() is False:
        yield Problem(
            code="dead_heartbeat",
            where=bus.name(path),
            text=f"process {beat.pid}, which beat there, is gone",
            remedy="remove it",
            repair=partial(heartbeat.remove, path),
        )


def _awaited(name: str, state: RunState | None) -> bool:
    """Whether a run that can be resumed will read an outbox of that name."""
    return state is not None and state.unfinished and name.startswith(f"{state.run_name}-r{state.round}-")


def _outbox(bus: Bus, outbox: Path) -> Problem:
    filled = (outbox / delivery.REPORT).exists()
    return Problem(
        code="outbox",
        where=bus.name(outbox),
        text="a report lies in it that was never taken in" if filled else "its dispatch is over",
        remedy=f"move it to {bus.name(bus.unfiled)}" if filled else "remove it",
        repair=partial(bus.set_aside if filled else delivery.clear, outbox),
    )


def examine_runs(
    bus: Bus, repository: Repository, run_names: Iterable[str], state: RunState | None
) -> Iterator[Problem]:
    """Yield processes and worktrees of every run of this bus that has ended or was interrupted."""
    alive = count_carrying(RUN_VARIABLE)
    for run_name in run_names:
        try:
            manifest = Archive(bus.archive_root / run_name).read_manifest()
        except LoopError:
            continue  # reported with the documents
        if alive[manifest.run_id]:
            yield Problem(
                code="processes",
                where=run_name,
                text=f"the run has ended, but {counted(alive[manifest.run_id], 'process', 'processes')} of it still live",
                remedy="end them",
                repair=partial(sweep_run, manifest.run_id),
            )
        if state is None or not state.unfinished or state.run_name != run_name:
            yield from _scratch(repository, manifest)


def _scratch(repository: Repository, manifest: Manifest) -> Iterator[Problem]:
    folder = Path(manifest.scratch) / manifest.run_id
    trees = [worktree.tree_path(folder, name) for name in _TREES]
    listed = [tree for tree in trees if worktree.is_listed(repository, tree)]
    if listed or folder.is_dir():
        yield Problem(
            code="worktree",
            where=str(folder),
            text=f"the worktrees of {manifest.run_name} are still there, and the run is over",
            remedy="remove them",
            repair=partial(worktree.remove_home, repository, trees),
        )
