"""The review request: what a reviewer is shown, bounded in size whatever the change is."""

from loop_kit.engine.context import RunContext
from loop_kit.model.change import Change, Effect
from loop_kit.model.evidence import Evidence
from loop_kit.model.request import ReviewRequest
from loop_kit.model.state import RunState
from loop_kit.model.work import WorkReport

# A longer diff lies beside the request as a file and is referred to.
INLINE_DIFF_BYTES = 128 * 1024
SHOWN_FILES = 1000


def write_request(
    ctx: RunContext, state: RunState, work: WorkReport, change: Change, evidence: Evidence | None
) -> str | None:
    """Put the review request on the bus; return its diff, or None when that is long and lies beside it."""
    diff = write_diff(ctx, change)
    request = ReviewRequest(
        task_id=state.task_id,
        round=state.round,
        base_sha=change.base_sha,
        head_sha=change.head_sha,
        tree=change.tree,
        commits=tuple(f"{commit.sha[:12]} {commit.subject}" for commit in change.commits),
        diff=diff or "",
        diff_file=None if diff is not None else ctx.bus.diff_path.name,
        acceptance_criteria=ctx.card.acceptance_criteria,
        constraints=ctx.card.constraints,
        worker_notes=work.notes,
        worker_tests=work.tests,
        changed_files=change.files[:SHOWN_FILES],
        changed_files_count=len(change.files),
        evidence=() if evidence is None else evidence.results,
        findings=change.having(Effect.JUDGE),
    )
    ctx.papers[ReviewRequest.kind] = ctx.bus.write(ReviewRequest.kind, request)
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
