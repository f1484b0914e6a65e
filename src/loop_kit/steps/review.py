"""The step `review`: one judgement of exactly one tree, by each reviewer in a tree of its own."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import ClassVar

from loop_kit.dispatch.collect import refuse
from loop_kit.dispatch.request import DocumentRequest
from loop_kit.engine.run import Run
from loop_kit.engine.seals import papers_of
from loop_kit.engine.watching import refuse_touched
from loop_kit.errors import LoopError, NeedsPersonError
from loop_kit.model.change import Effect, Finding
from loop_kit.model.events import Noticed
from loop_kit.model.request import ReviewRequest
from loop_kit.model.review import ReviewReport
from loop_kit.model.roles import WORKER
from loop_kit.model.state import Phase
from loop_kit.prompts.reviewer import ReviewerBrief, reviewer_prompt
from loop_kit.steps.quorum import agreed
from loop_kit.steps.review_request import write_diff, write_request, written
from loop_kit.steps.step import RoundSoFar, ask
from loop_kit.values import dataclass, replace
from loop_kit.vcs import watch, worktree
from loop_kit.vcs.findings import listed
from loop_kit.vcs.index_flags import hidden_files
from loop_kit.vcs.review_tree import ReviewTree
from loop_kit.vcs.verify import left_over

_NAMED = 10
_TREE = "review_tree"  # in the state's digests


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What reviewers are shown besides the change itself: the diff, unless it is long and lies in a file of its own.

    `written` tells that file from another one that somebody has put there since.
    """

    diff: str | None
    written: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Review:
    """Asks the reviewers for their judgement of the change, all at once."""

    name: ClassVar[str] = "review"

    def play(self, run: Run, so_far: RoundSoFar) -> RoundSoFar:
        head, roles = so_far.shown.head_sha, run.settings.reviewers
        for role in roles:
            _refuse_void(run, role, head, asked=so_far.asked_about == head)
        if so_far.fixes:  # nobody is paid to say again what loop has found
            return _sent_back(run, so_far)
        with ExitStack() as stack:
            begun = {role: stack.enter_context(_preparing(run, role, head)) for role in roles if not run.by_hand(role)}
            shown = _show(run, so_far)
            trees = {role: tree() for role, tree in begun.items()}
        run.know({_seal_name(run, role): tree.seal for role, tree in trees.items()})
        watched = run.state.watch
        questions = [ReviewQuestion(run, so_far, shown, watched, role, trees.get(role)) for role in roles]
        return replace(so_far, review=agreed(run, ask(run, questions)))


class ReviewQuestion:
    """What one reviewer is asked in this round; `tree` is the one that it judges, None for a person."""

    def __init__(
        self, run: Run, so_far: RoundSoFar, shown: Shown, watched: Mapping[str, str], role: str, tree: ReviewTree | None
    ) -> None:
        self._run = run
        self._so_far = so_far
        self._shown = shown
        self._watched = watched
        self._role = role
        self._tree = tree

    def request(self, problems: tuple[str, ...]) -> DocumentRequest[ReviewReport]:
        run, head, tree = self._run, self._so_far.shown.head_sha, self._tree
        if tree is not None and problems:  # the reviewer has changed the one that it was given
            tree = self._tree = worktree.prepare(run.home, run.tree_of(self._role), head)
        return DocumentRequest(
            role=self._role,
            expect=ReviewReport,
            paper=papers_of(run.settings)[self._role],
            cwd=run.tree.root if tree is None else tree.path,
            prompt=self._prompt,
            about=(run.card.task_id, run.round),
            since=self._so_far.held_against.last_head,
            problems=problems,
            head_sha=head,
        )

    def judge(self, _report: ReviewReport, touched: Sequence[Finding]) -> tuple[Finding, ...]:
        """Return a finding when the reviewer has changed what it was to judge: then its judgement is void."""
        run, tree = self._run, self._tree
        if tree is None:
            return ()
        # First: a setting can make git run a program when it is asked about a tree.
        refuse_touched(touched, "the review", kept=" (the review is kept on the bus)")
        _notice(run, self._so_far)
        void = _changed(tree, self._watched, self._so_far.shown.head_sha, compared=True)
        return (Finding(effect=Effect.ASK_AGAIN, code="review_void", text=void),) if void else ()

    def before_asking_again(self, _findings: Sequence[Finding]) -> bool:
        return False

    def give_up(self, findings: Sequence[Finding]) -> LoopError:
        void = "; ".join(finding.text for finding in findings)
        return NeedsPersonError(
            f"the {self._role} changed what it was to judge, twice: {void}",
            hint="give it a read-only mode in config.toml or take another reviewer, then: loop run --resume",
        )

    def _prompt(self, report_path: str, again: tuple[str, ...]) -> str:
        run, shown, evidence = self._run, self._shown, self._so_far.evidence
        change = self._so_far.shown
        if shown.diff is None and written(run) != shown.written:
            write_diff(run, change)
        return reviewer_prompt(
            ReviewerBrief(
                card=run.card,
                round=run.round,
                change=change,
                report_path=report_path,
                texts=run.manifest.texts,
                diff=shown.diff,
                diff_path="" if shown.diff is not None else str(run.bus.diff_path),
                work=self._so_far.claim,
                findings=change.having(Effect.JUDGE),
                evidence=() if evidence is None else evidence.sentences,
                fix_list=self._so_far.fix_list,
                history=self._so_far.history,
                again=again,
            )
        )


def asked_about(run: Run) -> str:
    """Return the head that a reviewer had been asked about when this round was cut off, "" otherwise."""
    if run.state.phase is not Phase.AWAITING_REVIEW:
        return ""
    return run.home.commit_id(run.pin_name("head")) or ""


def refuse_void_review(run: Run, role: str, head_sha: str) -> None:
    """Refuse a review of `head_sha` whose reviewer changed the tree it was to judge; see `_refuse_void`."""
    _refuse_void(run, role, head_sha, asked=True)


def _refuse_void(run: Run, role: str, head_sha: str, *, asked: bool) -> None:
    """Refuse a review that counts for nothing.

    It lies there before anybody was `asked` about this head, or checks can have written it: then it is the worker's own, or
    about what was there before a person went on. (Where people have both roles the bus is theirs.) Or its reviewer changed
    the tree it was to judge: that is asked before the tree is cleaned or gone, and nothing that an agent could have
    written is believed for it.
    """
    paper, outbox = papers_of(run.settings)[role], run.outbox_of(role)
    if not (outbox or os.path.lexists(run.bus.path(paper))):
        return  # there is nothing to refuse
    people = run.by_hand(role) and run.by_hand(WORKER)
    unseen = run.state.phase is Phase.AWAITING_REVIEW or paper in run.state.digests  # no check has run since
    if people or (asked and unseen):
        void = _void(run, role, head_sha)
    else:
        void = "it was there before a reviewer was asked about this head"
    if not void:
        return
    if outbox:
        run.archive.refuse(run.round, paper, run.bus.outbox(outbox) / "report.json", void)
    refuse(run, paper, void)
    if outbox:
        run.bus.clear_outbox(outbox)


def _void(run: Run, role: str, head_sha: str) -> str:
    """Say how a reviewer's tree is not what it was to judge, "" when it is, or when there is none."""
    path = run.tree_of(role)
    tree = worktree.find(run.home, path)
    if tree is not None:
        return _changed(
            tree, run.state.watch, head_sha, compared=False
        )  # the run may be ending because of git's settings
    return "the review tree is not one any more" if worktree.is_listed(run.home, path) else ""


def _sent_back(run: Run, so_far: RoundSoFar) -> RoundSoFar:
    """Judge for loop: what it found is a fix list already."""
    write_request(run, so_far)
    review = ReviewReport.from_findings(run.card.task_id, run.round, so_far.fixes)
    run.papers[ReviewReport.kind] = run.bus.write(ReviewReport.kind, review)
    return replace(so_far, review=review)


def _preparing(run: Run, role: str, head_sha: str) -> AbstractContextManager[Callable[[], ReviewTree]]:
    seal = run.state.digests.get(_seal_name(run, role), "")
    return worktree.preparing(run.home, run.tree_of(role), head_sha, seal=seal)


def _seal_name(run: Run, role: str) -> str:
    """Return the name in the state's digests by which a reviewer's tree is known again."""
    return _TREE if len(run.settings.reviewers) == 1 else f"{_TREE}-{role}"


def _show(run: Run, so_far: RoundSoFar) -> Shown:
    """Put on the bus what reviewers are to judge, and have the state wait for the review."""
    diff = write_request(run, so_far)
    stamp = written(run)
    run.seal(ReviewRequest.kind)
    run.put(phase=Phase.AWAITING_REVIEW)
    return Shown(diff=diff, written=stamp)


def _changed(tree: ReviewTree, watched: Mapping[str, str], head_sha: str, *, compared: bool) -> str:
    """Say how the tree differs from `head_sha`, "" when it does not, and run no filter that was not there at the start.

    `compared` says that the repository's settings were found to be as they were; the tree may still have some of its own.
    """
    if not compared or tree.has_settings:
        tree = replace(tree, disarmed=watch.touched_filters(tree.git, watched))
    return tree.changed(head_sha)


def _notice(run: Run, so_far: RoundSoFar) -> None:
    """Tell what a review did to the person's own tree, which is no part of it: the next worker is not to blame for it."""
    status, branch, change = run.tree.status(), run.manifest.branch, so_far.shown
    during = f"during the review of round {run.round}"
    told = []
    if (status.sha, status.branch) != (change.head_sha, branch):
        now = f"{status.branch or 'a detached HEAD'} at {status.sha[:12] or 'no commit'}"
        told.append(f"{during} {branch or 'HEAD'} at {change.head_sha[:12]} gave way to {now}")
    dirty, untracked = left_over(so_far.held_against, run.tree, status)
    if dirty or untracked:
        told.append(f"changed in the working tree {during}: {listed([*dirty, *untracked], _NAMED)}")
    hidden = [path for path in hidden_files(run.tree, status.sha) if path not in run.manifest.hidden]
    if hidden:
        told.append(f"hidden from git by a flag in the index {during}: {listed(hidden, _NAMED)}")
    if told:
        run.emit(Noticed(round=run.round, what=tuple(told)))
