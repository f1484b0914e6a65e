"""Take an approved change over: an approval is for one tree, so nothing may have moved since."""

from collections.abc import Mapping
from typing import Any

from loop_kit.bus.archive import Archive
from loop_kit.bus.bus import Bus
from loop_kit.errors import DirtyTreeError, NeedsPersonError, Outcome, StartError, UsageError
from loop_kit.model.change import Commit, FileChange
from loop_kit.model.manifest import Manifest
from loop_kit.model.state import Phase, RunState
from loop_kit.values import dataclass
from loop_kit.vcs import merging
from loop_kit.vcs.findings import listed
from loop_kit.vcs.objects import Objects, opened
from loop_kit.vcs.repository import Repository

_SUBJECT = 72
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """A change that a run has approved, as git has it now."""

    state: RunState
    goal: str
    tree: str
    rounds: int
    commits: tuple[Commit, ...]
    files: tuple[FileChange, ...]

    def to_document(self) -> dict[str, Any]:
        return {
            "task_id": self.state.task_id,
            "run_name": self.state.run_name,
            "branch": self.state.branch,
            "base_sha": self.state.base_sha,
            "head_sha": self.state.head_sha,
            "tree": self.tree,
            "rounds": self.rounds,
            "commits": [f"{commit.sha[:12]} {commit.subject}" for commit in self.commits],
            "files": [file.path for file in self.files],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a branch: `sha` is its tip now. `new` is False when it held the change already.

    `exact` says whether the tip's tree is the approved one; with commits of its own the branch has a tree nobody reviewed.
    """

    branch: str
    sha: str
    new: bool
    exact: bool

    def to_document(self) -> dict[str, Any]:
        return {"into": self.branch, "sha": self.sha, "new": self.new, "exact": self.exact}


def find_approved(bus: Bus, repository: Repository) -> Approved:
    """Return the change of the last run; raise `NeedsPersonError` unless it is approved and has not moved since."""
    state = bus.read_state()
    if state is None or not state.run_name:
        raise StartError("there is no run whose change could be accepted", hint="loop run starts one")
    if state.phase is not Phase.DONE or state.outcome is not Outcome.APPROVED or not state.round_details:
        raise NeedsPersonError(
            f"the change of {state.run_name} is not approved: {state.error or f'it stands in round {state.round}'}",
            hint=state.hint or "loop status says what is missing",
        )
    row = state.round_details[-1]
    with opened(repository) as objects:
        _check_unmoved(objects, state, row.tree)
    manifest = Archive(bus.archive_root / state.run_name).read_manifest(state.digests.get(Manifest.kind, "none"))
    return Approved(
        state=state,
        goal=manifest.card.goal,
        tree=row.tree,
        rounds=row.round,
        commits=repository.commits(state.base_sha, state.head_sha),
        files=repository.files(state.base_sha, state.head_sha),
    )


def _check_unmoved(objects: Objects, state: RunState, tree: str) -> None:
    repository = objects.repository
    tip = objects.branch(state.branch) if state.branch else objects.commit(repository.head().sha)
    name = state.branch or "HEAD"
    pinned = f"refs/loop/{state.run_name}/r{state.round}/head"
    hint = f"the approved commit is pinned: git merge {pinned} takes over exactly that"
    if tip is None:
        raise NeedsPersonError(f"branch {name} is gone", hint=hint)
    if tip.hexsha != state.head_sha:
        on_top = repository.is_ancestor(state.head_sha, tip.hexsha)
        count = repository.count_commits(state.head_sha, tip.hexsha) if on_top else 0
        what = f"has {count} commit(s) on top of" if on_top else f"is at {tip.hexsha[:12]} and no longer holds"
        raise NeedsPersonError(f"{name} {what} {state.head_sha[:12]}, which was approved", hint=hint)
    if tip.tree.hexsha != tree:
        raise NeedsPersonError(f"the tree of {name} is not {tree[:12]}, which was approved", hint=hint)
    dirty = repository.dirty()
    if dirty:
        raise DirtyTreeError(
            f"{len(dirty)} tracked file(s) have uncommitted changes that nobody reviewed: {listed(dirty, _SHOWN)}",
            hint="commit or stash them, then: loop accept",
        )


def take_over(
    repository: Repository,
    approved: Approved,
    into: str,
    *,
    squash: bool,
    message: str,
    environment: Mapping[str, str],
) -> Taken:
    """Put an approved change onto a branch, as a merge commit or as one new commit; nothing is changed when that fails."""
    with opened(repository) as objects:
        tip, change = objects.branch(into), objects.commit(approved.state.head_sha)
        if tip is None:
            raise UsageError(f"--into {into[:200]}: there is no such branch", hint="git branch lists them")
        tree = merging.merged_tree(repository, tip, change)
        exact = tree == approved.tree
        if tree == tip.tree.hexsha:
            return Taken(branch=into, sha=tip.hexsha, new=False, exact=exact)
        parents = (tip,) if squash else (tip, change)
        sha = merging.commit_as(repository, tree, parents, _message(approved, message, squash=squash), environment)
        merging.advance(repository, into, objects.commit(sha))
    return Taken(branch=into, sha=sha, new=True, exact=exact)


def _message(approved: Approved, message: str, *, squash: bool) -> str:
    """Return the commit message: the person's, or one made from the goal, and how the change was approved."""
    if not message:
        goal = " ".join(approved.goal.split())
        subject = f"{approved.state.task_id}: {goal}" if squash else f"Merge {approved.state.task_id}: {goal}"
        message = subject if len(subject) <= _SUBJECT else f"{subject[: _SUBJECT - 1]}…\n\n{approved.goal.strip()}"
    trailers = {
        "Loop-Task": approved.state.run_name,
        "Loop-Rounds": approved.rounds,
        "Loop-Tree": approved.tree,
    }
    return f"{message.strip()}\n\n" + "".join(f"{name}: {value}\n" for name, value in trailers.items())
