"""A working tree of loop's own at one exact commit, outside the repository: no reviewer can touch the person's tree.

The folder passed to `prepare` and `remove` belongs to loop: its content is replaced. The surprising part: git's entry
is found by its folder, never by `git worktree prune`, which would drop other people's entries too.
"""

import os
import re
import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from loop_kit import folders
from loop_kit.errors import NeedsPersonError, StartError
from loop_kit.values.wording import path_text
from loop_kit.vcs.git import zero_separated
from loop_kit.vcs.repository import Repository
from loop_kit.vcs.review_tree import ReviewTree

_TRIES, _PAUSE_SECONDS = 4, 0.05
_DOOMED = "loop-removed-"  # a name that no tree of a person has
_PATTERN_SIGNS, _ESCAPED = re.compile(r"[\\*?\[\] ]"), r"\\\g<0>"


def tree_path(home: Path, name: str) -> Path:
    """Return the path of a tree in the folder of a run, which has a unique name.

    Git names its entry after the folder, so even an entry that a killed git had just begun tells whose it is.
    """
    return home / f"{name}-{home.name}"


def find(repository: Repository, path: Path) -> ReviewTree | None:
    """Return the tree at `path` as it was left, None when there is none."""
    entry = _entry(repository, path)
    return None if entry is None else ReviewTree(path, entry)


def is_listed(repository: Repository, path: Path) -> bool:
    """Whether git has an entry for a tree at `path`, also when the folder is gone."""
    return bool(_entries(repository, path) or _begun(repository, path))


def prepare(
    repository: Repository, path: Path, head_sha: str, *, keep: Sequence[str] = (), seal: str = ""
) -> ReviewTree:
    """Return a clean detached tree of `head_sha` at `path`, made anew or reused; no hook runs.

    `keep` are untracked paths in the tree that are left in it, such as what an installation made there. `seal` is that of
    the tree as it was left: with another index every file is written anew, because an index can call any file unchanged.
    """
    with preparing(repository, path, head_sha, keep=keep, seal=seal) as tree:
        return tree()


@contextmanager
def preparing(
    repository: Repository, path: Path, head_sha: str, *, keep: Sequence[str] = (), seal: str = ""
) -> Iterator[Callable[[], ReviewTree]]:
    """Start what `prepare` does and yield a function that waits for the tree, so that other work can overlap.

    Git has ended at the end of the block, whether the function was called or not.
    """
    check_place(repository, path)
    entry = _entry(repository, path)
    if entry and (ReviewTree(path, entry).has_settings or os.path.lexists(entry / "info/sparse-checkout")):
        entry = None  # an agent may have made them: nothing is checked out with them
    if entry and not _without(entry, "logs"):
        entry = None  # git would append to a log that may be a link
    if entry and not (seal and ReviewTree.prepared(path, entry).seal == seal) and not _without(entry, "index"):
        entry = None
    if entry:
        answer = ReviewTree(path, entry).git.begin("checkout", "--quiet", "--force", "--detach", head_sha)
    else:
        _make_room(repository, path)
        answer = repository.git.begin(*_adding(path, head_sha))

    def tree() -> ReviewTree:
        done = answer()
        there = entry or _entry(repository, path)
        if done.code == 0 and there and _cleaned(ReviewTree(path, there), keep, made_now=entry is None):
            return ReviewTree.prepared(path, there)
        return _made_anew(repository, path, head_sha)

    try:
        yield tree
    finally:
        answer()


def _without(entry: Path, name: str) -> bool:
    try:
        folders.remove(entry / name)
    except OSError:
        return False
    return True


def _made_anew(repository: Repository, path: Path, head_sha: str) -> ReviewTree:
    _make_room(repository, path)
    _add(repository, path, head_sha)
    made = _entry(repository, path)
    if made is None:
        raise StartError(f"git made no working tree at {path_text(path)}", hint="is something else writing there?")
    return ReviewTree.prepared(path, made)


def _make_room(repository: Repository, path: Path) -> None:
    remove(repository, path)
    make_private(path.parent)


def make_private(folder: Path) -> None:
    """Make a folder for working trees; raise `StartError` for one in which others may write."""
    try:
        folders.make(folder.parent, durable=False)
        folders.make_private(folder)
    except OSError as error:
        raise StartError(
            f"the folder {path_text(folder)} for the review tree cannot be made or used: {_why(error, folder)}",
            hint=f"let this user alone write there (chmod go-w {shlex.quote(path_text(folder))}), or set XDG_CACHE_HOME to "
            "another folder; then run the same command again",
        ) from None


def _why(error: OSError, path: Path) -> str:
    """Return the system's message, with the folder when it is another one."""
    named = error.filename or os.fspath(path)
    return f"{error.strerror}" if named == os.fspath(path) else f"{named}: {error.strerror}"


def _adding(path: Path, head_sha: str) -> tuple[str, ...]:
    return ("worktree", "add", "--quiet", "--force", "--detach", "--", os.fspath(path), head_sha)


def _add(repository: Repository, path: Path, head_sha: str) -> None:
    """Add the tree; retry when git fails over an entry that another run is adding or removing."""
    for _ in range(_TRIES):
        if repository.git.ask(*_adding(path, head_sha)).code == 0:
            return
        time.sleep(_PAUSE_SECONDS)
        remove(repository, path)
    repository.git.out(*_adding(path, head_sha))


def remove(repository: Repository, path: Path) -> None:
    """Delete the tree and git's entry for it, and nothing else; a tree that is gone is fine."""
    check_place(repository, path)
    try:
        folders.remove(path)
        _remove_entries(repository, path)
    except OSError as error:
        raise StartError(
            f"the review tree {path_text(path)} cannot be removed: {_why(error, path)}",
            hint=f"look at what is at {error.filename or path_text(path)} and remove it by hand",
        ) from None


def _remove_entries(repository: Repository, path: Path) -> None:
    """Remove git's entries for a tree. Other runs of the repository may be removing theirs at the same time."""
    entries = (*_entries(repository, path), *_begun(repository, path))
    if not entries and not any(name.startswith(_DOOMED) for name in _listed(repository)):
        return
    with folders.opened(_worktrees(repository)) as parent:
        # Half an entry names no folder and would never be found again, so it gets a name of loop's before it is removed.
        for entry in entries:
            os.rename(entry.name, f"{_DOOMED}{os.urandom(4).hex()}", src_dir_fd=parent, dst_dir_fd=parent)
        for name in (name for name in os.listdir(parent) if name.startswith(_DOOMED)):  # noqa: PTH208  (a descriptor)
            for _ in range(_TRIES):
                with suppress(FileNotFoundError):  # another run removed it
                    folders.remove_in(parent, name)
                    break


def _worktrees(repository: Repository) -> Path:
    return repository.common_dir / "worktrees"


def _listed(repository: Repository) -> list[str]:
    """Return the names of git's entries for working trees."""
    try:
        return folders.names(_worktrees(repository))
    except OSError as error:
        raise NeedsPersonError(
            f"git's list of working trees cannot be read: {error.filename}: {error.strerror}",
            hint=f"look at what is at {error.filename}: it has to be a folder; then: loop run --resume",
        ) from None


def remove_home(repository: Repository, trees: Sequence[Path]) -> None:
    """Remove trees that lie in one folder of a run, then that folder, and the one above when it is empty."""
    home = trees[0].parent
    for tree in trees:
        remove(repository, tree)
    with suppress(OSError):  # the next start tries again
        folders.remove(home)
    remove_if_empty(home.parent)


def remove_if_empty(folder: Path) -> None:
    with suppress(OSError), folders.opened(folder.parent) as parent:  # another run uses it, or it is gone
        os.rmdir(folder.name, dir_fd=parent)


def check_place(
    repository: Repository, path: Path, *, what: str = "a review tree", variables: str = "TMPDIR or XDG_CACHE_HOME"
) -> None:
    """Refuse a folder whose deletion could cost the person something; `variables` say where loop puts it."""
    if path.is_symlink():
        raise StartError(
            f"{path_text(path)} is a symbolic link, and loop keeps working trees in folders only",
            hint=f"see where it leads, then remove the link: rm {path_text(path)}",
        )
    place = path.absolute()
    kept = (repository.root, repository.git_dir, repository.common_dir)
    if place != path or any(
        place.resolve().is_relative_to(folder) or folder.is_relative_to(place.resolve()) for folder in kept
    ):
        raise StartError(
            f"{path_text(path)} cannot hold {what}: it must be an absolute path outside the repository",
            hint=f"set {variables} to a folder outside the repository",
        )


def _entries(repository: Repository, path: Path) -> list[Path]:
    """Return git's entries for `path`: folders below `worktrees/` whose `gitdir` file names it."""
    wanted = {os.fsencode(path / ".git"), os.fsencode(path.resolve() / ".git")}
    entries = (_worktrees(repository) / name for name in _listed(repository))
    return [entry for entry in entries if _named_by(entry / "gitdir") in wanted]


def _begun(repository: Repository, path: Path) -> list[Path]:
    """Return unfinished entries for `path` that a killed git left and that name no folder yet; see `tree_path`."""
    if not path.name.endswith(f"-{path.parent.name}"):
        return []
    name = re.compile(rf"{re.escape(path.name)}\d*")  # git counts up when there is an entry of that name
    found = (entry for entry in _listed(repository) if name.fullmatch(entry))
    return [_worktrees(repository) / entry for entry in found if not _has_link(repository, entry)]


def _has_link(repository: Repository, entry: str) -> bool:
    return os.path.lexists(_worktrees(repository) / entry / "gitdir")


def _named_by(file: Path) -> bytes:
    """Return what an entry of git names, nothing when another run has just removed it."""
    try:
        return folders.read(file).rstrip(b"\n")
    except OSError:  # or it is not a file: then it names nothing
        return b""


def _entry(repository: Repository, path: Path) -> Path | None:
    """Return git's entry for `path` when folder and entry name each other."""
    named = _named_by(path / ".git").removeprefix(b"gitdir: ")
    return next((entry for entry in _entries(repository, path) if named == os.fsencode(entry)), None)


def _cleaned(tree: ReviewTree, keep: Sequence[str], *, made_now: bool) -> bool:
    """Remove everything but the checkout and `keep` from a tree; False when the tree has to be made anew.

    Git is trusted here: a difference that it does not see now, it would not see afterwards either.
    """
    kept = (f"--exclude=/{_PATTERN_SIGNS.sub(_ESCAPED, path)}" for path in keep)
    emptied = tree.git.ask("clean", "--quiet", "-ffdx", *kept).code == 0
    return emptied and (made_now or _emptied_submodules(tree, keep))


def _emptied_submodules(tree: ReviewTree, keep: Sequence[str]) -> bool:
    """Empty the folders of submodules, except `keep`: git makes them and ignores what is in one that is not a repository.

    They are taken from the index, because a commit can contain one that `.gitmodules` does not name.
    """
    listed = zero_separated(tree.git.out("ls-files", "--stage", "-z"))
    submodules = [os.fsdecode(line.partition(b"\t")[2]) for line in listed if line.startswith(b"160000 ")]
    try:
        for submodule in submodules:
            for name in folders.names(tree.path / submodule):
                if f"{submodule}/{name}" not in keep:
                    folders.remove(tree.path / submodule / name)
    except OSError:
        return False
    return True
