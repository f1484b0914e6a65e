"""A tree of the run's own: made at its start, found again later, published as a branch, and removed at its end.

The person's tree, index and HEAD are never written. What the worker commits there comes home before it is pinned
(`Run.pin`), and the branch `loop/NAME` at home moves with each round that is closed.
"""

from pathlib import Path

from loop_kit.bus.bus import Bus
from loop_kit.engine.run import Run
from loop_kit.engine.world import World
from loop_kit.errors import NeedsPersonError
from loop_kit.model.manifest import Manifest
from loop_kit.vcs.repository import Repository
from loop_kit.vcs.run_tree import make_run_tree, open_run_tree, remove_run_tree


def branch_of(run_name: str) -> str:
    """Return the branch that a run in a tree of its own works on."""
    return f"loop/{run_name}"


def folder_for(world: World, run_id: str) -> Path:
    """Return where the tree of a run lies."""
    return world.trees / run_id


def make(home: Repository, bus: Bus, manifest: Manifest, sha: str) -> tuple[str, ...]:
    """Make the run's tree with its branch at `sha`, and return sentences on what of the person's tree it does not have.

    What a start that was killed has left there goes first: nobody has worked in it.
    """
    remove_run_tree(home, Path(manifest.tree))
    copy = manifest.settings.worktrees.copy
    if copy and bus.default.root.is_relative_to(home.root):  # whatever is to be copied, the bus is not
        own = bus.default.root.relative_to(home.root)
        copy = (*copy, f"!/{own}/", f"!/{own}/**")
    made = make_run_tree(home, Path(manifest.tree), sha=sha, branch=manifest.branch, copy=copy)
    return made.notes


def make_again(home: Repository, bus: Bus, manifest: Manifest, sha: str) -> None:
    """Make the tree of a run that goes on if it is gone: what was verified and what was pinned is at home."""
    if manifest.tree and open_run_tree(home, Path(manifest.tree)) is None:
        make(home, bus, manifest, sha)


def publish(run: Run, head_sha: str) -> None:
    """Move the run's branch at home to what was judged; raises `NeedsPersonError` when somebody else has moved it."""
    if run.tree is run.home:
        return
    ref = f"refs/heads/{run.manifest.branch}"
    now = run.home.commit_id(ref) or ""
    if now == head_sha:
        return
    if now not in ("", run.state.head_sha):
        raise NeedsPersonError(
            f"{run.manifest.branch} is at {now[:12]}, where this run did not put it",
            hint=f"keep that under another name (git branch NAME {now[:12]}) and git branch -D {run.manifest.branch}, "
            "then: loop run --resume",
        )
    run.home.move(ref, head_sha, now)


def remove(run: Run) -> None:
    """Remove the tree of a run that is over: all that was paid for is at home."""
    if run.manifest.tree:
        remove_run_tree(run.home, Path(run.manifest.tree))
