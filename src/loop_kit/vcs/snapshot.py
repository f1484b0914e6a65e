"""The working tree as a commit; the person's index stays as it is, byte for byte."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from loop_kit.values import dataclass, replace
from loop_kit.values.wording import path_text
from loop_kit.vcs.git import Git
from loop_kit.vcs.status import TreeStatus

_IDENTITY = {
    "GIT_AUTHOR_NAME": "loop",
    "GIT_AUTHOR_EMAIL": "loop@localhost",
    "GIT_COMMITTER_NAME": "loop",
    "GIT_COMMITTER_EMAIL": "loop@localhost",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    sha: str
    tree: str


def worktree_tree(git: Git, index: Path, status: TreeStatus, without: Sequence[str]) -> str:
    """Return the tree id of the files as they are: tracked and untracked, without the ignored and `without`.

    Git itself leaves out a repository inside the repository; it has its own history.
    """
    left_out = frozenset(without)
    wanted = [path for path in status.untracked_paths if path_text(path) not in left_out]
    gone = {path for path in status.dirty_paths if not _is_there(git.where, path)}
    there = [path for path in (*status.dirty_paths, *wanted) if path not in gone]

    with tempfile.TemporaryDirectory(prefix="loop-index-") as folder:
        copy = Path(folder) / "index"
        if index.exists():
            shutil.copy2(index, copy)  # with its mtime: git trusts an entry only when its file is older than the index
        aside = replace(git, variables={**git.variables, "GIT_INDEX_FILE": str(copy)})
        for options, paths in ((("--force-remove",), gone), (("--add", "--remove", "--replace"), there)):
            if paths:
                aside.out("update-index", *options, "-z", "--stdin", stdin=b"".join(path + b"\0" for path in paths))
        return aside.line("write-tree")


def _is_there(root: Path, path: bytes) -> bool:
    """Whether `path` is in the tree itself, not behind a link that replaced a folder."""
    place = os.path.join(os.fsencode(root), path)  # noqa: PTH118  (bytes, which pathlib does not take)
    parent = os.path.dirname(place)  # noqa: PTH120  (same)
    return os.path.lexists(place) and os.path.realpath(parent) == parent


def commit_tree(git: Git, tree: str, parent: str, message: str) -> Snapshot:
    """Make a commit of `tree` in loop's own name; nothing refers to it until it is pinned."""
    as_loop = replace(git, variables={**git.variables, **_IDENTITY})
    sha = as_loop.line(
        "commit-tree", "--no-gpg-sign", "-p", parent, tree, stdin=message.encode("utf-8", "backslashreplace")
    )
    return Snapshot(sha=sha, tree=tree)
