"""An approval is for one tree: what else lies there at the end is a person's to decide about."""

import shlex

from loop_kit.engine.run import Run
from loop_kit.errors import NeedsPersonError
from loop_kit.model.change import Change
from loop_kit.values.wording import path_text
from loop_kit.vcs.findings import listed
from loop_kit.vcs.lying_index import unlike
from loop_kit.vcs.status import TreeStatus

_NAMED = 5


def other_tree(run: Run, change: Change, *, since: str) -> NeedsPersonError | None:
    """Return why a person has to look when what lies there is not the change that was approved; `since` is the run's start."""
    now = TreeStatus.of(run.tree.git, untracked=False)
    approved = f"{change.head_sha[:12]} (tree {change.tree[:12]}) is approved, but"
    if (now.sha, now.branch) != (change.head_sha, run.manifest.branch):
        return NeedsPersonError(
            f"{approved} {now.branch or 'HEAD'} is at {now.sha[:12]}, which nobody reviewed",
            hint=f"the approved commit is pinned as {run.pin_name('head')}",
        )

    known = frozenset((*now.dirty, *run.manifest.hidden))
    hidden = unlike(run.tree, change.head_sha, since=since, known=known)
    if not hidden:
        return None
    index = shlex.quote(path_text(run.tree.git_dir / "index"))
    return NeedsPersonError(
        f"{approved} git's index hides that other content lies there: {listed(hidden, _NAMED)}",
        hint=f"rm {index} && git reset makes the index anew; git diff shows what was hidden then",
    )
