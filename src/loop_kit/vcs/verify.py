"""Verify a work report, which is a claim, against git.

Watched settings come first: when git's settings were touched, git is not called again, because it could run a worker's program.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import chain
from pathlib import PurePosixPath

from loop_kit.errors import NeedsPersonError
from loop_kit.model.change import Change, Effect, FileChange, Finding
from loop_kit.model.figures import short_id
from loop_kit.model.work import WorkReport
from loop_kit.values import dataclass
from loop_kit.vcs.findings import about, ask_again, stop
from loop_kit.vcs.history import History
from loop_kit.vcs.index_flags import hidden_files
from loop_kit.vcs.quoting import meant
from loop_kit.vcs.repository import Compared, Repository
from loop_kit.vcs.scope import Scope, names_in, outside
from loop_kit.vcs.status import TreeStatus
from loop_kit.vcs.suspicion import changed_judges, weakened_tests

_HEX = re.compile(r"[0-9a-f]+")
_SHORTEST_ABBREVIATION = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What a change is compared with: the state of the run before this round.

    `last_head` is the head that was verified last (the base before that); the commits of the change are listed from
    `listed_from`, the base or, in a long run, an earlier head; `untracked` are files that were untracked at the start;
    `start_tree` is the working tree at the start when it was allowed to be dirty; `seen_trees` are those of earlier rounds;
    `private` are ignored files that the person keeps for themselves;
    `hidden` are files that the person's index hid from git at the start.
    """

    base_sha: str
    last_head: str
    listed_from: str
    branch: str
    untracked: tuple[str, ...] = ()
    start_tree: str | None = None
    in_scope: tuple[str, ...] = ()
    out_of_scope: tuple[str, ...] = ()
    seen_trees: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()


def verify(report: WorkReport, baseline: Baseline, repository: Repository, touched: Sequence[Finding]) -> Change:
    """Return what git shows, with every finding; the caller acts on the gravest effect.

    `touched` are the findings of `watch`. After one of them the change is empty: a changed setting can make git run
    programs, so git is not asked.
    """
    if touched:
        return _unseen(baseline, tuple(touched))
    status, compared = _looked_at(report, baseline, repository)
    if not status.sha:
        return _unseen(baseline, (stop("head_rewritten", "the branch that is checked out has no commit any more"),))
    return Verification(
        report, baseline, repository, status, compared or _compared(baseline, repository, status.sha)
    ).judged()


def _looked_at(report: WorkReport, baseline: Baseline, repository: Repository) -> tuple[TreeStatus, Compared | None]:
    """Return what is checked out and, when the report names that commit, its comparison with the baseline.

    It usually does, and then git answers both questions at the same time.
    """
    claimed, compared = _claimed(report), None
    looking = TreeStatus.begin(repository.git)
    try:
        if _HEX.fullmatch(claimed) and len(claimed) == len(baseline.base_sha):
            with suppress(NeedsPersonError):  # there is no such commit
                compared = _compared(baseline, repository, claimed)
    finally:
        status = looking()
    return status, compared if status.sha == claimed else None


def _compared(baseline: Baseline, repository: Repository, head: str) -> Compared:
    return repository.compared(
        listed_from=baseline.listed_from, base=baseline.base_sha, last=baseline.last_head, head=head
    )


def _claimed(report: WorkReport) -> str:
    return report.head_sha.strip().lower()


def _unseen(baseline: Baseline, findings: tuple[Finding, ...]) -> Change:
    return Change(
        base_sha=baseline.base_sha, head_sha=baseline.last_head, tree="", commits=(), files=(), findings=findings
    )


@dataclass(frozen=True)
class Verification:
    """The verification of one claim; each method finds one kind of problem."""

    report: WorkReport
    baseline: Baseline
    repository: Repository
    status: TreeStatus
    compared: Compared

    def judged(self) -> Change:
        left_over = tuple(self._left_over())
        found = (
            *self._rewritten(),
            *self._branch_switched(),
            *self._untracked_committed(),
            *self._wrong_head(),
            *left_over,
            *self._hidden(),
            *(() if left_over else self._no_progress()),  # the uncommitted files may be the progress
            *self._out_of_scope(),
            *self._claims(),
            *weakened_tests(self.repository.git, self.baseline.base_sha, self.head, self.files),
            *changed_judges(self.files),
        )
        return Change(
            base_sha=self.baseline.base_sha,
            head_sha=self.head,
            tree=self.tree,
            commits=self.history.commits,
            files=self.files,
            findings=found,
        )

    @property
    def head(self) -> str:
        """What is checked out: the change ends here, whatever the report names."""
        return self.status.sha

    @property
    def history(self) -> History:
        return self.compared.history

    @property
    def files(self) -> tuple[FileChange, ...]:
        return self.compared.files

    @cached_property
    def tree(self) -> str:
        return self.history.tree or self.repository.tree_id(self.head)

    @cached_property
    def paths(self) -> tuple[str, ...]:
        return tuple(change.path for change in self.files)

    def _rewritten(self) -> Iterator[Finding]:
        base, last = self.baseline.base_sha, self.baseline.last_head
        # The last head is known to descend from the base, so git, which would walk all the way back, is not asked again.
        if self.history.leads_to(last) or self.repository.is_ancestor(last, self.head):
            return
        if self.repository.is_ancestor(base, self.head):
            yield stop("head_rewritten", f"the last head {short_id(last)} is not in the history of HEAD any more")
        else:
            yield stop("base_rewritten", f"the base {short_id(base)} is not in the history of HEAD any more")

    def _branch_switched(self) -> Iterator[Finding]:
        if self.status.branch != self.baseline.branch:
            before, now = (name or "a detached HEAD" for name in (self.baseline.branch, self.status.branch))
            yield stop("branch_switched", f"the run began on {before}, now {now} is checked out")

    def _untracked_committed(self) -> Iterator[Finding]:
        theirs = (*self.baseline.untracked, *self.baseline.private)
        if theirs and self.head != self.baseline.base_sha:
            added = self.repository.added_paths(self.baseline.base_sha, self.head)
            private = [path for path in theirs if path in added]
            if private:
                what = "committed that lay untracked before the run"
                yield about(Effect.STOP, "untracked_committed", "file", what, private)

    def _wrong_head(self) -> Iterator[Finding]:
        claimed = _claimed(self.report)
        known = dict.fromkeys((self.head, *(commit.sha for commit in self.history.commits), self.baseline.base_sha))
        named = [sha for sha in known if sha.startswith(claimed)] if _could_be_an_id(claimed) else []
        if named == [self.head]:
            return
        if len(named) == 1 or self._is_in_history(claimed):
            text = f"the report names {short_id(claimed)}, but HEAD is {short_id(self.head)}: everything up to HEAD is the change"
            yield Finding(effect=Effect.JUDGE, code="commits_on_top", text=text)
        else:
            yield ask_again("head_not_a_commit", f"head_sha {self._why_wrong(claimed, named)}; HEAD is {self.head}")

    def _is_in_history(self, claimed: str) -> bool:
        return self._is_a_commit(claimed) and self.repository.is_ancestor(claimed, self.head)

    def _is_a_commit(self, claimed: str) -> bool:
        # Only full ids: an abbreviation could also be the name of a branch.
        return (
            bool(_HEX.fullmatch(claimed))
            and len(claimed) == len(self.head)
            and self.repository.commit_id(claimed) == claimed
        )

    def _why_wrong(self, claimed: str, named: list[str]) -> str:
        shown = f"{self.report.head_sha[:64]!r}"
        if not _HEX.fullmatch(claimed):
            return f"{shown} is not the hexadecimal id of a commit"
        if len(claimed) < _SHORTEST_ABBREVIATION:
            return f"{shown} is too short to name one commit"
        if named:
            return f"{shown} could be any of {len(named)} commits"
        if self._is_a_commit(claimed):
            return f"{shown} is neither the commit that is checked out nor in its history"
        return f"{shown} names no commit of this work"

    def _left_over(self) -> Iterator[Finding]:
        dirty, untracked = left_over(self.baseline, self.repository, self.status)
        if dirty:
            yield about(Effect.ASK_AGAIN, "uncommitted_changes", "tracked file", "with uncommitted changes", dirty)
        if untracked:
            yield about(Effect.ASK_AGAIN, "new_untracked_files", "new file", "neither committed nor ignored", untracked)

    def _hidden(self) -> Iterator[Finding]:
        known = frozenset(self.baseline.hidden)
        hidden = [path for path in hidden_files(self.repository, self.head) if path not in known]
        if hidden:
            what = "hidden from git by a flag in the index (update-index --no-assume-unchanged --no-skip-worktree)"
            yield about(Effect.ASK_AGAIN, "hidden_from_git", "file", what, hidden)

    def _no_progress(self) -> Iterator[Finding]:
        if not self.compared.paths_since:
            began = short_id(self.baseline.last_head)
            yield ask_again("nothing_done", f"no file differs from {began}, where this round began")
        elif not self.paths or self.tree in self.baseline.seen_trees:
            where = "an earlier round" if self.paths else "the base"
            yield stop("in_circles", f"all files are again as they were at {where}")

    def _out_of_scope(self) -> Iterator[Finding]:
        exists = names_in(lambda: (*self.paths, *self.repository.paths(self.baseline.base_sha)))
        scopes = (Scope.read(entries, exists) for entries in (self.baseline.in_scope, self.baseline.out_of_scope))
        beyond = outside(self.paths, *scopes)
        if beyond:
            yield about(Effect.FIX, "out_of_scope", "changed file", "out of the card's scope", beyond)

    def _claims(self) -> Iterator[Finding]:
        claimed = {path: tuple(map(self._as_path, meant(path))) for path in self.report.files_changed}
        if not claimed:
            return
        untrue = {paths[0] for paths in claimed.values() if not any(map(self._was_changed, paths))}
        if untrue:
            what = "reported as changed but not changed"
            yield about(Effect.JUDGE, "claimed_not_changed", "file", what, sorted(untrue))
        said = frozenset(chain.from_iterable(claimed.values()))
        unsaid = [path for path in self.compared.paths_since if path not in said]
        if unsaid:
            yield about(Effect.NOTE, "changed_not_claimed", "changed file", "not in the report", unsaid)

    def _as_path(self, claimed: str) -> str:
        path = PurePosixPath(claimed)
        root = PurePosixPath(self.repository.root)
        return str(path.relative_to(root) if path.is_relative_to(root) else path)

    def _was_changed(self, claimed: str) -> bool:
        return any(path == claimed or path.startswith(f"{claimed}/") for path in self.paths)


def left_over(baseline: Baseline, repository: Repository, status: TreeStatus) -> tuple[list[str], list[str]]:
    """Return tracked files with uncommitted changes, and new ones, except what was so at the start."""
    known = frozenset(baseline.untracked)
    dirty, untracked = list(status.dirty), [path for path in status.untracked if path not in known]
    if baseline.start_tree and (dirty or untracked):
        now = repository.worktree_tree(baseline.untracked, status)
        since = frozenset(repository.changed_paths(baseline.start_tree, now))
        dirty, untracked = [path for path in dirty if path in since], [path for path in untracked if path in since]
    return dirty, untracked


def _could_be_an_id(claimed: str) -> bool:
    return len(claimed) >= _SHORTEST_ABBREVIATION and bool(_HEX.fullmatch(claimed))
