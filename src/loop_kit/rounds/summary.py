"""The summary: what a person who comes back wants to know first."""

from collections.abc import Sequence
from typing import Any

from loop_kit.bus.archive import Archive
from loop_kit.bus.document import dump
from loop_kit.errors import EXIT_CODES, Outcome
from loop_kit.model import documents
from loop_kit.model.events import BackendSwitched, DispatchEnded, Event, Noticed
from loop_kit.model.evidence import Evidence
from loop_kit.model.feed_event import data_of
from loop_kit.model.spending import totals
from loop_kit.model.state import RoundRow, RunState
from loop_kit.rounds.context import RunContext
from loop_kit.rounds.sealed import read_judged
from loop_kit.rounds.tree_settings import allowed_reviewers

MOST_LISTED = 200  # commits and files in a summary
_OF_A_DISPATCH = (
    "role",
    "round",
    "backend",
    "version",
    "how",
    "seconds",
    "document",
    "failure",
    "usage",
    "cost_usd",
    "cost_source",
)
_OF_A_SWITCH = ("role", "round", "backend", "to", "failure", "message")


def write_summary(ctx: RunContext, state: RunState) -> None:
    """Put the summary on the bus and into the archive; to be done before the state that it sums up."""
    summary = summarize(ctx, state)
    ctx.archive.put(state.round, "summary", dump(summary))
    ctx.bus.write("summary", summary)


def summarize(ctx: RunContext, state: RunState) -> dict[str, Any]:
    """Return `summary.json` for a run that ends in `state`: the outcome, what git has of it, what is open, who was paid."""
    outcome = state.outcome or Outcome.CHANGES_REQUIRED  # only a single round leaves a run that has not ended
    last = state.round_details[-1] if state.round_details else None
    commits = ctx.repository.commits(state.base_sha, state.head_sha, limit=MOST_LISTED)
    paths = ctx.repository.changed_paths(state.base_sha, state.head_sha)[:MOST_LISTED]
    review = read_judged(ctx.archive, last, "review_report") if last is not None else None
    verified = is_verified(ctx.archive, last) if last is not None else None
    kept = ctx.feed.of_kinds(DispatchEnded, BackendSwitched, Noticed)
    events = [each.event for each in kept if each.run_id == state.run_id]
    return {
        "schema_version": 1,
        "run_id": state.run_id,
        "place": state.place,
        "task_id": state.task_id,
        "outcome": str(outcome),
        "exit_code": EXIT_CODES[outcome],
        "verified": verified,
        "reason": state.error or _reason(outcome, verified=verified),
        "next_step": state.hint or _next_step(state),
        "base_sha": state.base_sha,
        "head_sha": state.head_sha,
        "tree": last.tree if last is not None else ctx.repository.tree_id(state.head_sha),
        "branch": state.branch,
        "rounds": last.round if last is not None else 0,
        "commits": [f"{commit.sha[:12]} {commit.subject}" for commit in commits],
        "files": list(paths),
        "open_issues": [] if outcome is Outcome.APPROVED or review is None else review.get("blocking_issues", []),
        "suggestions": [] if review is None else review.get("non_blocking_suggestions", []),
        "self_review": review is not None and review.get("self_review") is True,
        "tree_settings_allowed": list(allowed_reviewers(ctx.settings, ctx.charter.people)),
        "round_details": documents.write(state.round_details),
        "spent": totals(state.spent),
        "dispatches": _facts(events, DispatchEnded, _OF_A_DISPATCH),
        "switches": _facts(events, BackendSwitched, _OF_A_SWITCH),
        "noticed": _noticed(events),
        "started_at": state.started_at,
        "ended_at": state.updated_at,
    }


def is_verified(archive: Archive, row: RoundRow) -> bool | None:
    """Whether loop's own checks bear out what a round ended with; None when the run has no checks."""
    document = read_judged(archive, row, Evidence.kind)
    if document is None:  # lost evidence bears nothing out
        return False if Evidence.kind in row.digests else None
    return documents.read(Evidence, document).verified


def _reason(outcome: Outcome, *, verified: bool | None) -> str:
    if outcome is not Outcome.APPROVED:
        return str(outcome)
    why = {None: "approved, unverified: no check is configured", False: "approved, unverified: no check bears it out"}
    return why.get(verified, "approved, and loop's own checks pass")


def _next_step(state: RunState) -> str:
    return f"git diff {state.base_sha[:12]} {state.head_sha[:12]} shows the approved change"


def _noticed(events: Sequence[Event]) -> list[str]:
    """Return what was told of the run's surroundings, each thing once."""
    told = (event.what for event in events if isinstance(event, Noticed))
    return list(dict.fromkeys(sentence for sentences in told for sentence in sentences))[:MOST_LISTED]


def _facts(events: Sequence[Event], kind: type[Event], keys: Sequence[str]) -> list[dict[str, Any]]:
    found = (data_of(event) for event in events if isinstance(event, kind))
    return [{key: data[key] for key in keys} for data in found]
