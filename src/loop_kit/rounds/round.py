"""One round: the worker's claim, what git says to it, the judgement, and one commit point.

Everything before the last line may be repeated: documents that are already there are taken, archiving identical bytes
succeeds, pins are the same pins. Nothing follows it.
"""

import os
import shlex

from loop_kit.errors import LoopError, Outcome
from loop_kit.model.change import Change, Effect
from loop_kit.model.decision import Decision
from loop_kit.model.review import FixList, ReviewReport
from loop_kit.model.state import RoundRow, RunState
from loop_kit.model.work import WorkReport
from loop_kit.rounds.checking import check_base, for_reviewer, with_evidence
from loop_kit.rounds.context import RunContext
from loop_kit.rounds.request import write_request
from loop_kit.rounds.review import obtain_review, refuse_other_reviews
from loop_kit.rounds.selfhost import read_all_code
from loop_kit.rounds.work import obtain_change
from loop_kit.vcs.findings import listed
from loop_kit.vcs.git import shown
from loop_kit.vcs.status import Status

_NAMED = 5
_ANSWERS = ("work_report", "review_request", "review_report")


def run_round(ctx: RunContext, state: RunState) -> RunState:
    """Play one round and return where the run stands after it."""
    _clear_other_rounds(ctx, state)
    ctx.tell("round_started", round=state.round, head_sha=state.head_sha)
    state = check_base(ctx, state)
    before = state
    work, change, state = obtain_change(ctx, state)
    refuse_other_reviews(ctx, state, change, before=before)
    ctx.pin("head", state.round, change.head_sha)
    change, evidence, state = with_evidence(ctx, state, work, change)
    change = for_reviewer(ctx, change)
    fixes = change.having(Effect.FIX)
    if fixes:
        write_request(ctx, state, work, change, evidence)
        review = ReviewReport.from_findings(state.task_id, state.round, fixes)
        ctx.bus.write(ReviewReport.kind, review.to_document())
    else:
        review, state = obtain_review(ctx, state, work, change, evidence)
    _tell_decision(ctx, state, review, by_loop=bool(fixes))
    return _close(ctx, state, work, change, review)


def play_for_pm(ctx: RunContext, state: RunState, pm: int) -> RunState:
    """Play one round in the process that the PM started; how it ended is in the state, also when the PM is gone by then."""
    read_all_code(ctx.repository)
    try:
        return run_round(ctx, state)
    except LoopError as error:
        message = error.message if os.getppid() == pm else f"the PM of this run (pid {pm}) was killed"
        newest = ctx.newest_state(state)
        ctx.bus.put_state(newest.ended(error.outcome, error=message, hint=error.hint, now=ctx.now()))
        raise


def _close(ctx: RunContext, state: RunState, work: WorkReport, change: Change, review: ReviewReport) -> RunState:
    """Archive the round, hand on what is to be fixed, and commit."""
    ctx.archive.archive_round(ctx.bus, state.round)
    after = state.after(_row(ctx, change, review), now=ctx.now())
    if review.approved:
        from loop_kit.rounds.around import notice  # noqa: PLC0415  (only at the end somebody looks around)
        from loop_kit.rounds.summary import write_summary  # noqa: PLC0415  (only the last round is summed up)

        after = notice(ctx, _note_other_tree(ctx, after, change))
        write_summary(ctx, after)
    else:
        fix_list = _fix_list(state, work, change, review)
        ctx.bus.write(FixList.kind, fix_list.to_document())
        ctx.archive.archive_round(ctx.bus, after.round)
    ctx.bus.put_state(after)  # the commit point
    return after


def _row(ctx: RunContext, change: Change, review: ReviewReport) -> RoundRow:
    return RoundRow(
        round=review.round,
        head_sha=change.head_sha,
        tree=change.tree,
        decision=str(review.decision),
        judged_by="loop" if change.having(Effect.FIX) else "reviewer",
        blocking=len(review.blocking_issues),
        ended_at=ctx.now(),
    )


def _fix_list(state: RunState, work: WorkReport, change: Change, review: ReviewReport) -> FixList:
    return FixList(
        task_id=state.task_id,
        round=state.round + 1,
        base_sha=state.base_sha,
        head_sha=change.head_sha,
        fixes=review.blocking_issues,
        prior_round_notes=work.notes,
        prior_review_non_blocking=review.non_blocking_suggestions,
    )


def _note_other_tree(ctx: RunContext, after: RunState, change: Change) -> RunState:
    """Say so when what lies there is not what was approved: an approval is for one tree, and a person decides."""
    now = Status.of(ctx.repository.git, untracked=False)
    approved = f"{change.head_sha[:12]} (tree {change.tree[:12]}) is approved, but"
    if (now.sha, now.branch) != (change.head_sha, after.branch):
        return after.ended(
            Outcome.NEEDS_PERSON,
            error=f"{approved} {now.branch or 'HEAD'} is at {now.sha[:12]}, which nobody reviewed",
            hint=f"the approved commit is pinned as {ctx.pin_name('head', after.round)}",
            now=ctx.now(),
        )
    from loop_kit.vcs.lying_index import unlike  # noqa: PLC0415  (only what is approved is looked at like this)

    hidden = unlike(
        ctx.repository, change.head_sha, since=after.started_at, known=frozenset((*now.dirty, *ctx.charter.hidden))
    )
    if not hidden:
        return after
    index = shlex.quote(shown(ctx.repository.git_dir / "index"))
    return after.ended(
        Outcome.NEEDS_PERSON,
        error=f"{approved} git's index hides that other content lies there: {listed(hidden, _NAMED)}",
        hint=f"rm {index} && git reset makes the index anew; git diff shows what was hidden then",
        now=ctx.now(),
    )


def _clear_other_rounds(ctx: RunContext, state: RunState) -> None:
    """Take the reports of earlier rounds off the bus, so that an old answer is never taken for a new one."""
    kept = ctx.archive.archive_round(ctx.bus, state.round - 1) if state.round > 1 else ()
    answers = [kind for kind in kept if kind in _ANSWERS]
    if answers:
        ctx.bus.remove_all(answers)


def _tell_decision(ctx: RunContext, state: RunState, review: ReviewReport, *, by_loop: bool) -> None:
    ctx.tell(
        "decided",
        round=state.round,
        decision=str(review.decision),
        judged_by="loop" if by_loop else "reviewer",
        issues=[issue.to_document() for issue in review.blocking_issues[:20]]
        if review.decision is Decision.CHANGES_REQUIRED
        else [],
    )
