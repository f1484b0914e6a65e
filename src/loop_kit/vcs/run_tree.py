"""The tree of a run: a repository of its own, outside of the person's, in which a worker edits and commits.

Two repositories. *home* is the person's: it has the objects, refs, pins, locks and settings on which a run relies, and
the person goes on working in it. The *run's tree* is a folder below XDG_STATE_HOME with a `.git` of its own, which reads
the objects of home by its list of alternates and writes its own. So a worker can be let write there and nowhere else.

Who calls it. The start of a run calls `make_run_tree` once, after it has pinned the commit in home: git gc in home would
otherwise remove what the tree reads. Whoever goes on calls `open_run_tree`, which is also the question whether there is
one: a tree is made under another name beside its place and renamed at the end, so it is whole or absent. After each
worker `fetching` brings the commits home, before anything is pinned or relied on. Cleanup calls `remove_run_tree`.

What it owns. The folder it is given, and those beside it that end in `.making` and `.fetching`. Nothing in home but
objects: those that a partial clone lacked, and those that are fetched.

What the tree has. The person's settings that change files, filters or commits, `info/exclude`, `info/attributes`, sparse
patterns, branches and tags as they were, submodules that are initialised in the person's tree, contents of git-lfs that
are in the store, and the ignored files that `copy` names. No hook, no credentials, no alias; no remote but that of a
partial clone, which can be fetched from; whatever is pushed is refused by a sentence. No reflog expires, no gc runs.

What it must never do. Write in home's tree, index or HEAD. Replace a tree that is there: it may hold work that was paid
for. Run git by the settings, hooks or refs of a tree that somebody has worked in: `check` looks at files alone, `fetching`
runs git in home, and who asks the repository that `open_run_tree` returns compares with `watch` first, as ever. Use the
network, but for what a partial clone lacks.
"""

import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from loop_kit import folders
from loop_kit.errors import NeedsPersonError, StartError
from loop_kit.values import dataclass
from loop_kit.values.wording import path_text
from loop_kit.vcs import lfs_objects, shared_repository, submodules
from loop_kit.vcs.copied_files import copy_ignored
from loop_kit.vcs.fetching import folder_aside
from loop_kit.vcs.repository import Repository
from loop_kit.vcs.worktree import check_place


@dataclass(frozen=True, slots=True)
class RunTree:
    """A tree that was just made; `notes` are sentences on what of the person's tree it does not have."""

    repository: Repository
    notes: tuple[str, ...]


def make_run_tree(home: Repository, folder: Path, *, sha: str, branch: str, copy: Sequence[str] = ()) -> RunTree:
    """Make a tree in `folder`, an absolute path without links, with `branch` checked out at `sha`, a full id.

    `copy` are patterns as in a .gitignore: what the last lines take out (`!/folder/`, `!/folder/**`) does not come along.
    Raise `StartError` when there cannot be a tree, and leave nothing then.
    """
    check_place(home, folder, what="a run's tree", variables="XDG_STATE_HOME")
    if os.path.lexists(folder):
        raise StartError(
            f"{path_text(folder)} is there already, and a run's tree is never replaced: it may hold work",
            hint=f"see what it holds; to be rid of it: rm -rf {shlex.quote(path_text(folder))}",
        )
    unfinished = _unfinished(folder)
    with _disk(folder):
        try:
            folders.remove(unfinished)
            folders.make_private(folder.parent)
            notes = [*_made(home, unfinished, sha, branch), *copy_ignored(home, unfinished, copy)]
            with folders.opened(folder.parent) as parent:
                os.rename(unfinished.name, folder.name, src_dir_fd=parent, dst_dir_fd=parent)
        finally:
            folders.remove(unfinished)
    return RunTree(shared_repository.at(folder), tuple(notes))


def open_run_tree(home: Repository, folder: Path) -> Repository | None:
    """Return the tree that was made in `folder`, None when there is none.

    Raise `NeedsPersonError` when something else is there: a link, a repository that shares other objects than home's.
    """
    return shared_repository.check(home, folder) if os.path.lexists(folder) else None


def remove_run_tree(home: Repository, folder: Path) -> None:
    """Remove a tree with all that is in it, and what a start that was killed has left; nothing there is fine.

    What was not fetched is gone with it. A link in its place is removed, not what it leads to.
    """
    if any(kept.is_relative_to(folder) for kept in (home.root, home.git_dir, home.common_dir)):
        raise StartError(
            f"{path_text(folder)} holds {path_text(home.root)}", hint="a run's tree lies outside the repository"
        )
    try:
        for path in (folder, _unfinished(folder), folder_aside(folder)):
            folders.remove(path)
    except OSError as error:
        raise NeedsPersonError(
            f"the run's tree {path_text(folder)} cannot be removed: {error.filename}: {error.strerror}",
            hint=f"look at what is there and remove it by hand: rm -rf {shlex.quote(path_text(folder))}",
        ) from None


def _made(source: Repository, root: Path, sha: str, branch: str) -> Iterator[str]:
    """Make a repository that shares those of `source` and its submodules, and yield what of them stays behind."""
    folders.make(root, durable=False)
    yield from shared_repository.make(source, root, sha=sha, branch=branch)
    tree = shared_repository.at(root)
    yield from lfs_objects.pointers_left(source, tree)
    for submodule in submodules.initialised(source, sha):
        if not (root / submodule.path).is_dir():  # a sparse checkout leaves it out
            continue
        if submodule.repository.commit_id(submodule.sha) is None:
            raise StartError(
                f"the submodule {path_text(submodule.path)} does not have {submodule.sha[:12]}, which {sha[:12]} asks for",
                hint=f"git submodule update -- {shlex.quote(path_text(submodule.path))}, then run the same command again",
            )
        for note in _made(submodule.repository, root / submodule.path, submodule.sha, ""):
            yield f"submodule {path_text(submodule.path)}: {note}"


def _unfinished(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.making")


@contextmanager
def _disk(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StartError(
            f"the run's tree {path_text(folder)} cannot be made: {error.filename or ''}: {error.strerror}",
            hint=f"make room there, and let this user alone write in {path_text(folder.parent)}, or set XDG_STATE_HOME to "
            "another folder; then run the same command again",
        ) from None
