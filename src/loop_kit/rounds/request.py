"""The review request: what a reviewer is shown, bounded in size whatever the change is."""

from typing import Any

from loop_kit.model.change import Change, Effect
from loop_kit.model.evidence import Evidence
from loop_kit.model.state import RunState
from loop_kit.model.work import WorkReport
from loop_kit.rounds.context import RunContext

# A longer diff lies beside the request as a file and is referred to.
INLINE_DIFF_BYTES = 128 * 1024
SHOWN_FILES = 1000


def write_request(
    ctx: RunContext, state: RunState, work: WorkReport, change: Change, evidence: Evidence | None
) -> str | None:
    """Put the review request on the bus; return its diff, or None when that is long and lies beside it."""
    diff = write_diff(ctx, change)
    document = _document(ctx, state, work, change, diff)
    document["evidence"] = [] if evidence is None else evidence.to_document()["checks"]
    ctx.papers["review_request"] = ctx.bus.write("review_request", document)
    return diff


def written(ctx: RunContext) -> tuple[int, ...]:
    """Return what tells that the file with a long diff is still the one that was written; the last of it nobody can set."""
    try:
        seen = ctx.bus.diff_path.lstat()
    except OSError:
        return ()
    return seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns


def write_diff(ctx: RunContext, change: Change) -> str | None:
    """Put a long diff beside the request; a short one is returned and there is no file."""
    return ctx.repository.diff_text(change.base_sha, change.head_sha, INLINE_DIFF_BYTES, ctx.bus.diff_path)


def _document(ctx: RunContext, state: RunState, work: WorkReport, change: Change, diff: str | None) -> dict[str, Any]:
    where = {"diff": diff} if diff is not None else {"diff": "", "diff_file": ctx.bus.diff_path.name}
    return {
        "task_id": state.task_id,
        "round": state.round,
        "base_sha": change.base_sha,
        "head_sha": change.head_sha,
        "tree": change.tree,
        "commits": [f"{commit.sha[:12]} {commit.subject}" for commit in change.commits],
        **where,
        "acceptance_criteria": ctx.charter.card_document["acceptance_criteria"],
        "constraints": list(ctx.card.constraints),
        "worker_notes": work.notes,
        "worker_tests": [{"name": test.name, "result": test.result} for test in work.tests],
        "changed_files": [
            {"path": file.path, "status": file.status, "added": file.added, "removed": file.removed}
            for file in change.files[:SHOWN_FILES]
        ],
        "changed_files_count": len(change.files),
        "findings": [finding.to_document() for finding in change.having(Effect.JUDGE)],
    }
