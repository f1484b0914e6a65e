"""One round: the worker's claim, what git says to it, the judgement, and one commit point.

Everything before the last line may be repeated: documents that are already there are taken, archiving identical bytes
succeeds, pins are the same pins. Nothing follows it.
"""

import os
import shlex

from loop_kit.engine import seals
from loop_kit.engine.anchoring import anchor
from loop_kit.engine.context import RunContext
from loop_kit.engine.self_hosting import read_all_code
from loop_kit.engine.summary import write_summary
from loop_kit.engine.surroundings import notice
from loop_kit.errors import LoopError, Outcome
from loop_kit.model.change import Change, Effect
from loop_kit.model.decision import Decision
from loop_kit.model.events import Decided, RoundStarted, ToldIssue
from loop_kit.model.evidence import Evidence
from loop_kit.model.review import FixList, Issue, ReviewReport
from loop_kit.model.state import Judge, RoundRow, RunState
from loop_kit.model.work import WorkReport
from loop_kit.steps.checks import check_base, for_reviewer, with_evidence
from loop_kit.steps.review import obtain_review, refuse_other_reviews, was_asked
from loop_kit.steps.review_request import write_request
from loop_kit.steps.work import obtain_change
from loop_kit.values import dataclass, replace
from loop_kit.vcs.findings import listed
from loop_kit.vcs.git import shown
from loop_kit.vcs.lying_index import unlike
from loop_kit.vcs.status import Status

_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a round came to: the claim, what git shows, what the checks showed (None without checks), the judgement."""

    work: WorkReport
    change: Change
    evidence: Evidence | None
    review: ReviewReport


def run_round(ctx: RunContext, state: RunState) -> RunState:
    """Play one round and return where the run stands after it."""
    seals.clear_last_round(ctx, state)
    seals.find_fix_list(ctx, state)
    state = seals.take_found(ctx, state)
    ctx.emit(RoundStarted(round=state.round, head_sha=state.head_sha))
    state = check_base(ctx, state)
    before = state
    work, change, state = obtain_change(ctx, state)
    asked = was_asked(ctx, state, change, before=before)
    ctx.pin("head", state.round, change.head_sha)
    change, evidence, state = with_evidence(ctx, state, work, change)
    state = refuse_other_reviews(ctx, state, asked=asked)
    change = for_reviewer(ctx, change)
    fixes = change.having(Effect.FIX)
    if fixes:
        write_request(ctx, state, work, change, evidence)
        review = ReviewReport.from_findings(state.task_id, state.round, fixes)
        ctx.papers[ReviewReport.kind] = ctx.bus.write(ReviewReport.kind, review)
    else:
        review, state = obtain_review(ctx, state, work, change, evidence)
    _tell_decision(ctx, state, review, by_loop=bool(fixes))
    return _close(ctx, state, Judged(work=work, change=change, evidence=evidence, review=review))


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


def _close(ctx: RunContext, state: RunState, judged: Judged) -> RunState:
    """Archive the round, hand on what is to be fixed, and commit."""
    seals.archive_round(ctx, state)
    after = state.after(_row(ctx, judged), now=ctx.now())
    after = replace(after, digests=seals.between_rounds(state), passed=_passed(state, judged.evidence))
    if judged.review.approved:
        after = notice(ctx, _note_other_tree(ctx, after, judged.change))
        write_summary(ctx, after)
    else:
        ctx.papers[FixList.kind] = ctx.bus.write(FixList.kind, _fix_list(state, judged))
        ctx.archive.put(after.round, FixList.kind, ctx.papers[FixList.kind])
        after = seals.seal(ctx, after, FixList.kind)
    after = anchor(ctx, after)
    ctx.bus.put_state(after)  # the commit point
    return after


def _passed(state: RunState, evidence: Evidence | None) -> tuple[str, ...]:
    return tuple(sorted({*state.passed, *(evidence.passed_names if evidence is not None else ())}))


def _row(ctx: RunContext, judged: Judged) -> RoundRow:
    change, review = judged.change, judged.review
    return RoundRow(
        round=review.round,
        head_sha=change.head_sha,
        tree=change.tree,
        decision=review.decision,
        judged_by=Judge.LOOP if change.having(Effect.FIX) else Judge.REVIEWER,
        blocking=len(review.blocking_issues),
        ended_at=ctx.now(),
        digests=seals.round_digests(ctx),
    )


def _fix_list(state: RunState, judged: Judged) -> FixList:
    review = judged.review
    return FixList(
        task_id=state.task_id,
        round=state.round + 1,
        base_sha=state.base_sha,
        head_sha=judged.change.head_sha,
        fixes=review.blocking_issues,
        prior_round_notes=judged.work.notes,
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

    hidden = unlike(
        ctx.repository, change.head_sha, since=after.started_at, known=frozenset((*now.dirty, *ctx.manifest.hidden))
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


def _tell_decision(ctx: RunContext, state: RunState, review: ReviewReport, *, by_loop: bool) -> None:
    issues = review.blocking_issues[:20] if review.decision is Decision.CHANGES_REQUIRED else ()
    decided = Decided(
        round=state.round,
        decision=review.decision,
        judged_by=Judge.LOOP if by_loop else Judge.REVIEWER,
        issues=tuple(map(_told, issues)),
    )
    ctx.emit(decided)


def _told(issue: Issue) -> ToldIssue:
    return ToldIssue(
        severity=issue.severity, file=issue.place, reason=issue.reason, required_change=issue.required_change
    )
