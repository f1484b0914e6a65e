"""Work that was cut off: pinned as a commit, so that nothing paid for is lost and the resume starts from exactly that."""

from collections.abc import Iterable

from loop_kit.engine.context import RunContext
from loop_kit.model.events import UnfinishedPinned
from loop_kit.model.state import RunState
from loop_kit.vcs import watch


def pin_unfinished(ctx: RunContext, state: RunState) -> str:
    """Pin what the worker left: its uncommitted files as a snapshot commit, or its last commit; return the ref or ""."""
    # A filter that somebody planted would run in loop's own name when the files are looked at.
    repository = ctx.repository.without(watch.touched_filters(ctx.repository.git, state.watch))
    snapshot = repository.snapshot(
        f"loop: unfinished work of {state.run_name}, round {state.round}", without=ctx.manifest.untracked
    )
    sha = ctx.repository.head().sha if snapshot is None else snapshot.sha
    if sha == state.head_sha:
        return ""
    ref = ctx.pin(f"unfinished-{state.dispatches}", state.round, sha)
    ctx.emit(UnfinishedPinned(round=state.round, ref=ref, sha=sha))
    return ref


def last_unfinished(ctx: RunContext, state: RunState, refs: Iterable[str] | None = None) -> str:
    """Return the ref of the newest unfinished work of this round, "" when there is none; `refs` are all, if they are known."""
    prefix = ctx.pin_name("unfinished-", state.round)
    refs = ctx.repository.refs(prefix.rpartition("/")[0] + "/") if refs is None else refs
    found = [ref for ref in refs if ref.startswith(prefix)]
    return max(found, key=lambda ref: int(ref.removeprefix(prefix)), default="")
