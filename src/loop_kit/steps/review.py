"""The reviewer's half of a round: a judgement of exactly one tree, made in a tree of its own."""

import os

from loop_kit.dispatch.collect import refuse
from loop_kit.dispatch.dispatch import dispatch
from loop_kit.dispatch.request import Ask
from loop_kit.engine import seals
from loop_kit.engine.context import RunContext
from loop_kit.engine.watching import stop_if_touched
from loop_kit.errors import NeedsPersonError
from loop_kit.model.change import Change, Effect
from loop_kit.model.events import Noticed
from loop_kit.model.evidence import Evidence
from loop_kit.model.review import ReviewReport
from loop_kit.model.state import Phase, RunState
from loop_kit.model.work import WorkReport
from loop_kit.prompts.reviewer import ReviewerBrief, reviewer_prompt
from loop_kit.steps.review_request import write_diff, write_request, written
from loop_kit.steps.work import ground_of
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
    """What a reviewer is shown besides the change itself: what loop's own checks showed, and the diff unless it is long.

    `written` tells the file with a long diff from another one that somebody has put there since.
    """

    evidence: Evidence | None
    diff: str | None
    written: tuple[int, ...]


def obtain_review(
    ctx: RunContext, state: RunState, work: WorkReport, change: Change, evidence: Evidence | None
) -> tuple[ReviewReport, RunState]:
    """Return the judgement of `change` and the state after it was had; a void one is asked for once more."""
    if ctx.by_hand("reviewer"):
        shown, state = _show(ctx, state, work, change, evidence)
        return dispatch(ctx, state, _ask(ctx, state, work, change, shown))
    state = refuse_void_review(ctx, state, change.head_sha)
    seal = state.digests.get(_TREE, "")
    with worktree.preparing(ctx.repository, ctx.review_tree, change.head_sha, seal=seal) as prepared:
        shown, state = _show(ctx, state, work, change, evidence)
        tree = prepared()
    problems: tuple[str, ...] = ()
    while True:
        state = replace(state, digests={**state.digests, _TREE: tree.seal})
        ask = replace(_ask(ctx, state, work, change, shown), cwd=tree.path, problems=problems)
        review, state = dispatch(ctx, state, ask)
        # First: a setting can make git run a program when it is asked about a tree.
        stop_if_touched(ctx, state, "the review", kept=" (the review is kept on the bus)")
        _notice(ctx, state, change)
        void = _changed(state, tree, change.head_sha, compared=True)
        if not void:
            return review, state
        state = refuse(ctx, state, ReviewReport.kind, void)
        if problems:
            raise NeedsPersonError(
                f"the reviewer changed what it was to judge, twice: {void}",
                hint="give it a read-only mode in config.toml or take another reviewer, then: loop run --resume",
            )
        problems = (void,)
        tree = worktree.prepare(ctx.repository, ctx.review_tree, change.head_sha)


def _notice(ctx: RunContext, state: RunState, change: Change) -> None:
    """Tell what a review did to the person's own tree, which is no part of it: the next worker is not to blame for it."""
    status = ctx.repository.status()
    during = f"during the review of round {state.round}"
    told = []
    if (status.sha, status.branch) != (change.head_sha, state.branch):
        now = f"{status.branch or 'a detached HEAD'} at {status.sha[:12] or 'no commit'}"
        told.append(f"{during} {state.branch or 'HEAD'} at {change.head_sha[:12]} gave way to {now}")
    dirty, untracked = left_over(ground_of(ctx.manifest, state), ctx.repository, status)
    if dirty or untracked:
        told.append(f"changed in the working tree {during}: {listed([*dirty, *untracked], _NAMED)}")
    hidden = [path for path in hidden_files(ctx.repository, status.sha) if path not in ctx.manifest.hidden]
    if hidden:
        told.append(f"hidden from git by a flag in the index {during}: {listed(hidden, _NAMED)}")
    if told:
        ctx.emit(Noticed(round=state.round, what=tuple(told)))


def _show(
    ctx: RunContext, state: RunState, work: WorkReport, change: Change, evidence: Evidence | None
) -> tuple[Shown, RunState]:
    """Put on the bus what the reviewer is to judge; return it and the state that waits for the review."""
    diff = write_request(ctx, state, work, change, evidence)
    stamp = written(ctx)
    state = seals.seal(ctx, state, "review_request").at(Phase.AWAITING_REVIEW, now=ctx.now())
    ctx.bus.put_state(state)
    return Shown(evidence=evidence, diff=diff, written=stamp), state


def was_asked(ctx: RunContext, state: RunState, change: Change, *, before: RunState) -> bool:
    """Whether a reviewer was asked about exactly this head before the round was cut off; `before` is the round's start."""
    asked = before.phase is Phase.AWAITING_REVIEW and before.dispatches == state.dispatches
    return asked and ctx.repository.commit_id(ctx.pin_name("head", state.round)) == change.head_sha


def refuse_other_reviews(ctx: RunContext, state: RunState, *, asked: bool) -> RunState:
    """Refuse a review that lies there before anybody was `asked`, or that checks can have written; return the state after it.

    It is the worker's own, or about what was there before a person went on. Where people have both roles the bus is theirs.
    """
    unseen = state.phase is Phase.AWAITING_REVIEW or ReviewReport.kind in state.digests  # no check has run since
    if (asked and unseen) or (ctx.by_hand("reviewer") and ctx.by_hand("worker")):
        return state
    state = refuse(ctx, state, ReviewReport.kind, "it was there before a reviewer was asked about this head")
    ctx.bus.clear_outbox(state.dispatch_name("reviewer"))
    return state


def refuse_void_review(ctx: RunContext, state: RunState, head_sha: str) -> RunState:
    """Refuse a review of `head_sha` whose reviewer changed the tree it was to judge; return the state after it.

    To be asked before that tree is cleaned or gone, and nothing that an agent could have written is believed for it.
    """
    outbox = state.dispatch_name("reviewer")
    if not (ctx.bus.outbox(outbox).is_dir() or os.path.lexists(ctx.bus.path(ReviewReport.kind))):
        return state  # there is nothing to refuse
    tree = worktree.find(ctx.repository, ctx.review_tree)
    if tree is not None:
        void = _changed(state, tree, head_sha, compared=False)  # the run may be ending because of git's settings
    else:
        void = "the review tree is not one any more" if worktree.is_listed(ctx.repository, ctx.review_tree) else ""
    if void:
        ctx.archive.refuse(state.round, ReviewReport.kind, ctx.bus.outbox(outbox) / "report.json", void)
        state = refuse(ctx, state, ReviewReport.kind, void)
        ctx.bus.clear_outbox(outbox)
    return state


def _changed(state: RunState, tree: ReviewTree, head_sha: str, *, compared: bool) -> str:
    """Say how the tree differs from `head_sha`, "" when it does not, and run no filter that was not there at the start.

    `compared` says that the repository's settings were found to be as they were; the tree may still have some of its own.
    """
    if not compared or tree.has_settings:
        tree = replace(tree, disarmed=watch.touched_filters(tree.git, state.watch))
    return tree.changed(head_sha)


def _ask(ctx: RunContext, state: RunState, work: WorkReport, change: Change, shown: Shown) -> Ask[ReviewReport]:
    def prompt(report_path: str, again: tuple[str, ...]) -> str:
        if shown.diff is None and written(ctx) != shown.written:
            write_diff(ctx, change)
        return reviewer_prompt(
            ReviewerBrief(
                card=ctx.card,
                round=state.round,
                change=change,
                report_path=report_path,
                texts=ctx.manifest.texts,
                diff=shown.diff,
                diff_path="" if shown.diff is not None else str(ctx.bus.diff_path),
                work=work,
                findings=change.having(Effect.JUDGE),
                evidence=() if shown.evidence is None else shown.evidence.sentences,
                fix_list=seals.find_fix_list(ctx, state),
                history=state.round_details,
                again=again,
            )
        )

    return Ask(role="reviewer", expect=ReviewReport, cwd=ctx.repository.root, prompt=prompt, head_sha=change.head_sha)
