"""Several reviewers, one judgement: what anybody asks for blocks, and it takes a quorum to approve."""

from collections.abc import Sequence

from loop_kit.engine.run import Run
from loop_kit.errors import LoopError
from loop_kit.model.decision import Decision
from loop_kit.model.events import Noticed
from loop_kit.model.review import ReviewReport
from loop_kit.values import replace

_MOST = 500  # issues and suggestions that a report may have


def agreed(run: Run, answers: Sequence[ReviewReport | LoopError]) -> ReviewReport:
    """Return the one judgement that reviewers come to: the only one's own, or that of several, put on the bus.

    What one of them asks for blocks, whether another shares it or not. Without that, as many approvals as the quorum
    says are an approval; one short of it is none, and the error that a reviewer failed with is raised.
    """
    roles = run.settings.reviewers
    reports = [(role, answer) for role, answer in zip(roles, answers, strict=True) if isinstance(answer, ReviewReport)]
    errors = [answer for answer in answers if isinstance(answer, LoopError)]
    if len(roles) == 1 and reports:
        return reports[0][1]
    issues = tuple(
        replace(issue, reason=f"{role}: {issue.reason}") for role, report in reports for issue in report.blocking_issues
    )
    if not issues and len(reports) < run.settings.quorum_needed:
        raise errors[0]
    if errors:
        run.emit(Noticed(round=run.round, what=tuple(f"judged without: {error.message}" for error in errors)))
    together = ReviewReport(
        task_id=run.card.task_id,
        round=run.round,
        decision=Decision.CHANGES_REQUIRED if issues else Decision.APPROVE,
        blocking_issues=issues[:_MOST],
        non_blocking_suggestions=tuple(
            f"{role}: {text}" for role, report in reports for text in report.non_blocking_suggestions
        )[:_MOST],
    )
    run.papers[ReviewReport.kind] = run.bus.write(ReviewReport.kind, together)
    return together
