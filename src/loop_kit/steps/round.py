"""One round: a tuple of steps, what loop itself decides between them, and one commit point.

Everything before the last line may be repeated: documents that are already there are taken, archiving identical bytes
succeeds, pins are the same pins. Nothing follows it.
"""

import os

from loop_kit.engine import own_tree, seals
from loop_kit.engine.log_anchor import anchor
from loop_kit.engine.run import Run
from loop_kit.engine.self_hosting import read_all_code
from loop_kit.engine.summary import write_summary
from loop_kit.engine.surroundings import notice
from loop_kit.errors import LoopError, Outcome
from loop_kit.model.decision import Decision
from loop_kit.model.events import Decided, RoundStarted, ToldIssue
from loop_kit.model.evidence import Evidence
from loop_kit.model.review import FixList, Issue
from loop_kit.model.state import RoundRow
from loop_kit.steps.approved_tree import other_tree
from loop_kit.steps.checks import Checks, check_base
from loop_kit.steps.review import Review, asked_about
from loop_kit.steps.step import RoundSoFar, Step
from loop_kit.steps.work import Work
from loop_kit.values import replace

STEPS: tuple[Step, ...] = (Work(), Checks(), Review())


def run_round(run: Run) -> None:
    """Play one round; the run's state says afterwards where it stands."""
    fix_list = seals.open_papers(run)
    run.emit(RoundStarted(round=run.round, head_sha=run.state.head_sha))
    check_base(run)
    so_far = RoundSoFar(fix_list=fix_list, history=run.state.round_details, asked_about=asked_about(run))
    for step in STEPS:
        so_far = step.play(run, so_far)
    _tell_decision(run, so_far)
    _close(run, so_far)


def play_for_pm(run: Run, pm: int) -> None:
    """Play one round in the process that the PM started; how it ended is in the state, also when the PM is gone by then."""
    read_all_code(run.tree)
    try:
        run_round(run)
    except LoopError as error:
        message = error.message if os.getppid() == pm else f"the PM of this run (pid {pm}) was killed"
        run.reload()
        run.end(error.outcome, error=message, hint=error.hint)
        run.put()
        raise


def _close(run: Run, so_far: RoundSoFar) -> None:
    """Archive the round, hand on what is to be fixed, and commit."""
    review, row = so_far.judgement, _row(run, so_far)
    own_tree.publish(run, row.head_sha)
    seals.archive_round(run)
    fix_list = _fix_list(so_far)
    passed = _passed(run.state.passed, so_far.evidence)
    digests = seals.between_rounds(run.state.digests)
    run.take(replace(run.state.after(row, now=run.now()), digests=digests, passed=passed))
    if review.approved:
        other = other_tree(run, so_far.shown, since=run.state.started_at)
        if other is not None:
            run.end(Outcome.NEEDS_PERSON, error=other.message, hint=other.hint)
        run.know(notice(run))
        write_summary(run)
    else:
        run.papers[FixList.kind] = run.bus.write(FixList.kind, fix_list)
        run.archive.put(fix_list.round, FixList.kind, run.papers[FixList.kind])
        run.seal(FixList.kind)
    anchor(run)
    run.put(updated_at=run.state.updated_at)  # the commit point, at the time that the summary says


def _passed(before: tuple[str, ...], evidence: Evidence | None) -> tuple[str, ...]:
    return tuple(sorted({*before, *(evidence.passed_names if evidence is not None else ())}))


def _row(run: Run, so_far: RoundSoFar) -> RoundRow:
    change, review = so_far.shown, so_far.judgement
    return RoundRow(
        round=review.round,
        head_sha=change.head_sha,
        tree=change.tree,
        decision=review.decision,
        judged_by=so_far.judged_by,
        blocking=len(review.blocking_issues),
        ended_at=run.now(),
        digests=seals.round_digests(run),
    )


def _fix_list(so_far: RoundSoFar) -> FixList:
    review, change = so_far.judgement, so_far.shown
    return FixList(
        task_id=review.task_id,
        round=review.round + 1,
        base_sha=change.base_sha,
        head_sha=change.head_sha,
        fixes=review.blocking_issues,
        prior_round_notes=so_far.claim.notes,
        prior_review_non_blocking=review.non_blocking_suggestions,
    )


def _tell_decision(run: Run, so_far: RoundSoFar) -> None:
    review = so_far.judgement
    issues = review.blocking_issues[:20] if review.decision is Decision.CHANGES_REQUIRED else ()
    decided = Decided(
        round=review.round,
        decision=review.decision,
        judged_by=so_far.judged_by,
        issues=tuple(map(_told, issues)),
    )
    run.emit(decided)


def _told(issue: Issue) -> ToldIssue:
    return ToldIssue(
        severity=issue.severity, file=issue.place, reason=issue.reason, required_change=issue.required_change
    )
