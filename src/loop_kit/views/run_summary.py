"""The summary of a run: what a person wants to know first when they come back."""

from collections.abc import Iterable

from loop_kit.errors import EXIT_CODES, Outcome
from loop_kit.model.change import Commit
from loop_kit.model.events import BackendSwitched, DispatchEnded, Event, Noticed
from loop_kit.model.review import ReviewReport
from loop_kit.model.spending import with_total
from loop_kit.model.state import RunState
from loop_kit.model.summary import MOST_LISTED, DispatchFact, Summary, Switch
from loop_kit.values import dataclass

SUMMARIZED = (DispatchEnded, BackendSwitched, Noticed)  # the events that a summary is made of


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What git and the archive show of a run; `review` and `verified` are of the last round, None without one."""

    tree: str
    commits: tuple[Commit, ...]
    files: tuple[str, ...]
    review: ReviewReport | None
    verified: bool | None
    tree_settings_allowed: tuple[str, ...]


def summarize(state: RunState, found: RunFacts, events: Iterable[Event]) -> Summary:
    """Return the summary of a run that ends in `state`: outcome, commits, open issues, dispatches and costs."""
    outcome = state.outcome or Outcome.CHANGES_REQUIRED  # only --single-round leaves a run without an outcome
    last = state.round_details[-1] if state.round_details else None
    review, kept = found.review, tuple(events)
    return Summary(
        run_id=state.run_id,
        run_name=state.run_name,
        task_id=state.task_id,
        outcome=outcome,
        exit_code=EXIT_CODES[outcome],
        verified=found.verified,
        reason=state.error or _reason(outcome, verified=found.verified),
        next_step=state.hint or _next_step(state),
        base_sha=state.base_sha,
        head_sha=state.head_sha,
        tree=found.tree,
        branch=state.branch,
        rounds=last.round if last is not None else 0,
        commits=tuple(f"{commit.sha[:12]} {commit.subject}" for commit in found.commits),
        files=found.files,
        open_issues=() if outcome is Outcome.APPROVED or review is None else review.blocking_issues,
        suggestions=() if review is None else review.non_blocking_suggestions,
        self_review=review is not None and review.self_review,
        tree_settings_allowed=found.tree_settings_allowed,
        round_details=state.round_details,
        spent=with_total(state.spent),
        dispatches=tuple(_dispatch(event) for event in kept if isinstance(event, DispatchEnded)),
        switches=tuple(_switch(event) for event in kept if isinstance(event, BackendSwitched)),
        noticed=_noticed(kept),
        started_at=state.started_at,
        ended_at=state.updated_at,
    )


def _reason(outcome: Outcome, *, verified: bool | None) -> str:
    if outcome is not Outcome.APPROVED:
        return str(outcome)
    why = {None: "approved, unverified: no check is configured", False: "approved, unverified: no check verifies it"}
    return why.get(verified, "approved and verified: loop's own checks pass")


def _next_step(state: RunState) -> str:
    return f"loop diff {state.run_name} shows the approved change"


def _noticed(events: tuple[Event, ...]) -> tuple[str, ...]:
    """Return what was noticed around the run, each sentence once."""
    sentences = (sentence for event in events if isinstance(event, Noticed) for sentence in event.what)
    return tuple(dict.fromkeys(sentences))[:MOST_LISTED]


def _dispatch(event: DispatchEnded) -> DispatchFact:
    return DispatchFact(
        role=event.role,
        round=event.round,
        backend=event.backend,
        version=event.version,
        how=event.how,
        seconds=event.seconds,
        document=event.document,
        failure=event.failure,
        usage=event.usage,
        cost_usd=event.cost_usd,
        cost_source=event.cost_source,
    )


def _switch(event: BackendSwitched) -> Switch:
    return Switch(
        role=event.role,
        round=event.round,
        backend=event.backend,
        to=event.to,
        failure=event.failure,
        message=event.message,
    )
