"""Work that was cut off: pinned as a commit, so that nothing paid for is lost and the resume starts from exactly that."""

from collections.abc import Iterable

from loop_kit.engine.run import Run
from loop_kit.engine.watching import watched_in_tree
from loop_kit.model.events import UnfinishedPinned
from loop_kit.vcs import watch


def pin_unfinished(run: Run) -> str:
    """Pin what the worker left: its uncommitted files as a snapshot commit, or its last commit; return the ref or ""."""
    # A filter that somebody planted would run in loop's own name when the files are looked at.
    tree = run.tree.without(watch.touched_filters(run.tree.git, watched_in_tree(run)))
    snapshot = tree.snapshot(f"loop: unfinished work of {run.name}, round {run.round}", without=run.manifest.untracked)
    sha = run.tree.head().sha if snapshot is None else snapshot.sha
    if sha == run.state.head_sha:
        return ""
    ref = run.pin(f"unfinished-{run.state.dispatches}", sha)
    run.emit(UnfinishedPinned(round=run.round, ref=ref, sha=sha))
    return ref


def last_unfinished(run: Run, refs: Iterable[str] | None = None) -> str:
    """Return the ref of the newest unfinished work of this round, "" when there is none; `refs` are all, if they are known."""
    prefix = run.pin_name("unfinished-")
    refs = run.home.refs(prefix.rpartition("/")[0] + "/") if refs is None else refs
    found = [ref for ref in refs if ref.startswith(prefix)]
    return max(found, key=lambda ref: int(ref.removeprefix(prefix)), default="")
