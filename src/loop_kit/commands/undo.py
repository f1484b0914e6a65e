"""Take the branch back to where the last run began; what it leaves behind stays reachable."""

from typing import Any

from loop_kit.bus.bus import Bus
from loop_kit.engine.recovery_hints import switch_back
from loop_kit.errors import DirtyTreeError, NeedsPersonError, StartError
from loop_kit.model.change import Commit
from loop_kit.model.state import RunState
from loop_kit.values import dataclass
from loop_kit.vcs import merging
from loop_kit.vcs.findings import listed
from loop_kit.vcs.repository import Repository

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoing:
    """What would leave the branch: everything after `base`. `ref` is where it will be kept."""

    state: RunState
    tip: str
    ref: str
    commits: tuple[Commit, ...]

    def to_document(self) -> dict[str, Any]:
        return {
            "task_id": self.state.task_id,
            "run_name": self.state.run_name,
            "branch": self.state.branch,
            "base_sha": self.state.base_sha,
            "tip": self.tip,
            "kept_as": self.ref,
            "commits": [f"{commit.sha[:12]} {commit.subject}" for commit in self.commits],
        }


def plan_undo(bus: Bus, repository: Repository) -> Undoing:
    """Return what an undo would take off the branch; raise the `LoopError` that says why it cannot be done."""
    state = bus.read_state()
    if state is None or not state.run_name:
        raise StartError("there is no run that could be undone", hint="loop list shows the runs of this bus")
    head = repository.check_ready()
    if head.branch != state.branch:
        raise StartError(
            f"{state.run_name} worked on {state.branch or 'a detached HEAD'}, and {head.branch or 'a detached HEAD'} is "
            f"checked out",
            hint=f"{switch_back(state.branch, state.head_sha)}, then: loop undo",
        )
    if not repository.is_ancestor(state.base_sha, head.sha):
        raise NeedsPersonError(
            f"{state.base_sha[:12]}, where {state.run_name} began, is not in the history of {head.branch or 'HEAD'}",
            hint=f"git log refs/loop/{state.run_name}/r0/base shows it",
        )
    dirty = repository.dirty()
    if dirty:
        raise DirtyTreeError(
            f"{len(dirty)} tracked file(s) have uncommitted changes: {listed(dirty, _SHOWN)}",
            hint="commit or stash them, then: loop undo",
        )
    return Undoing(
        state=state,
        tip=head.sha,
        ref=f"refs/loop/{state.run_name}/r0/undone",
        commits=repository.commits(state.base_sha, head.sha),
    )


def undo(repository: Repository, undoing: Undoing) -> None:
    """Keep the tip under `refs/loop/`, then take branch and files back to the base."""
    repository.pin(undoing.ref, undoing.tip)
    merging.set_back(repository, undoing.state.base_sha)
