"""The review request: what a reviewer is shown, bounded in size whatever the change is."""

from loop_kit.engine.run import Run
from loop_kit.model.change import Change, Effect
from loop_kit.model.request import ReviewRequest
from loop_kit.steps.step import RoundSoFar

# A longer diff lies beside the request as a file and is referred to.
INLINE_DIFF_BYTES = 128 * 1024
SHOWN_FILES = 1000


def write_request(run: Run, so_far: RoundSoFar) -> str | None:
    """Put the review request on the bus; return its diff, or None when that is long and lies beside it."""
    change, evidence = so_far.shown, so_far.evidence
    diff = write_diff(run, change)
    request = ReviewRequest(
        task_id=run.card.task_id,
        round=run.round,
        base_sha=change.base_sha,
        head_sha=change.head_sha,
        tree=change.tree,
        commits=tuple(f"{commit.sha[:12]} {commit.subject}" for commit in change.commits),
        diff=diff or "",
        diff_file=None if diff is not None else run.bus.diff_path.name,
        acceptance_criteria=run.card.acceptance_criteria,
        constraints=run.card.constraints,
        worker_notes=so_far.claim.notes,
        worker_tests=so_far.claim.tests,
        changed_files=change.files[:SHOWN_FILES],
        changed_files_count=len(change.files),
        evidence=() if evidence is None else evidence.results,
        findings=change.having(Effect.JUDGE),
    )
    run.papers[ReviewRequest.kind] = run.bus.write(ReviewRequest.kind, request)
    return diff


def written(run: Run) -> tuple[int, ...]:
    """Return what tells that the file with a long diff is still the one that was written; the last of it nobody can set."""
    try:
        seen = run.bus.diff_path.lstat()
    except OSError:
        return ()
    return seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns


def write_diff(run: Run, change: Change) -> str | None:
    """Put a long diff beside the request; a short one is returned and there is no file."""
    return run.home.diff_text(change.base_sha, change.head_sha, INLINE_DIFF_BYTES, run.bus.diff_path)
