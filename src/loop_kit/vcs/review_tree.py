"""A working tree at one exact commit that somebody else works in: what differs from that commit afterwards.

Whoever works there can write all that git believes: its index, its settings, its link. So each is believed only as far as
it is as git left it.
"""

import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self, TypeAlias

from loop_kit import folders
from loop_kit.errors import NeedsPersonError
from loop_kit.values import dataclass, replace
from loop_kit.values.wording import path_text
from loop_kit.vcs.findings import listed
from loop_kit.vcs.git import Git, zero_separated
from loop_kit.vcs.status import TreeStatus

_NAMES_IN_TEXT = 5

# What would tell that a file is another one, or was written to: inode, size and times. The last of these nobody can set.
_Seen: TypeAlias = tuple[int, int, int, int]


def _seen(file: Path) -> _Seen | None:
    try:
        seen = file.lstat()
    except OSError:
        return None
    return seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns


@dataclass(frozen=True, slots=True)
class ReviewTree:
    """`git_dir` holds the tree's HEAD and index; what stands in the tree's own `.git` file is not asked again.

    `disarmed` are git's settings that are not to be in force: filters that somebody may have planted. `index` is the index
    file as git left it when the tree was prepared, None when nobody knows: who works there can write another one.
    """

    path: Path
    git_dir: Path
    disarmed: tuple[str, ...] = ()
    index: _Seen | None = None

    @classmethod
    def prepared(cls, path: Path, git_dir: Path) -> Self:
        return cls(path, git_dir, index=_seen(git_dir / "index"))

    @property
    def seal(self) -> str:
        """By what a later process knows the index again as git left it, "" when nobody knows."""
        return "" if self.index is None else "-".join(map(str, self.index))

    def changed(self, head_sha: str) -> str:
        """Say in a sentence how the tree differs from `head_sha`, "" when it does not; untracked files do not count.

        git calls some files changed that are as a checkout makes them, e.g. for their line endings: those prove nothing. It
        is not looked into before there is a doubt.
        """
        if not self.path.is_dir():
            return f"the review tree {path_text(self.path)} is gone"
        status = TreeStatus.of(self.git, untracked=False)
        if status.sha != head_sha:
            return f"HEAD of the review tree moved from {head_sha[:12]} to {status.sha[:12] or 'nothing'}"
        doubtful = list(status.dirty_paths)
        if self.index is None or _seen(self.git_dir / "index") != self.index:
            doubtful = list(dict.fromkeys([*doubtful, *self._dirty_by_a_new_index(head_sha)]))
        changed = self.unlike_a_checkout(doubtful, head_sha) if doubtful else []
        if changed:
            return f"{len(changed)} file(s) changed in the review tree: {listed(changed, _NAMES_IN_TEXT)}"
        return ""

    def _dirty_by_a_new_index(self, head_sha: str) -> tuple[bytes, ...]:
        """Return what differs from `head_sha` by the content of every file; an index could say otherwise of any.

        Which files a sparse checkout leaves out only the tree's own index knows: there a missing file is left to that.
        """
        with _folder_aside() as folder:
            aside = self._with_index(folder)
            aside.out("read-tree", head_sha)
            dirty = TreeStatus.of(aside, untracked=False).dirty_paths
        there = tuple(path for path in dirty if os.path.lexists(self.path / os.fsdecode(path)))
        return there if there != dirty and self._is_sparse() else dirty

    def _is_sparse(self) -> bool:
        return self.git.ask("config", "--type=bool", "core.sparseCheckout").line == b"true"

    def _with_index(self, folder: str) -> Git:
        git = self.git
        return replace(git, variables={**git.variables, "GIT_INDEX_FILE": f"{folder}/.index"})

    def unlike_a_checkout(self, paths: Sequence[bytes], head_sha: str) -> list[str]:
        """Return those paths at which there is something else than a checkout of `head_sha` would put there.

        Raise `NeedsPersonError` when there is no room for such a checkout: then nobody can tell.
        """
        with _folder_aside() as folder:
            aside = self._with_index(folder)
            aside.out("read-tree", head_sha)
            known = frozenset(zero_separated(aside.out("ls-files", "-z")))
            wanted = b"".join(path + b"\0" for path in paths if path in known)  # the others will be missing there
            aside.out("checkout-index", "--quiet", "--force", f"--prefix={folder}/", "-z", "--stdin", stdin=wanted)
            return [
                path_text(path)
                for path in paths
                if not _alike(self.path / os.fsdecode(path), Path(folder, os.fsdecode(path)))
            ]

    @property
    def has_settings(self) -> bool:
        """Whether git finds settings for this tree alone, where it is told to look for such, or other than its repository's."""
        try:
            common = folders.read(self.git_dir / "commondir")
        except OSError:
            common = b""
        return os.path.lexists(self.git_dir / "config.worktree") or common != b"../..\n"

    @property
    def git(self) -> Git:
        location = (f"--git-dir={self.git_dir}", f"--work-tree={self.path}")
        return Git(self.path, location=location).without(self.disarmed)


@contextmanager
def _folder_aside() -> Iterator[str]:

    try:
        folder = tempfile.TemporaryDirectory(prefix="loop-checkout-", ignore_cleanup_errors=True)
    except OSError as error:
        raise NeedsPersonError(
            f"no folder can be made to hold the review tree against: {error.strerror} ({error.filename or 'TMPDIR'})",
            hint="make room there, or set TMPDIR to another folder; then: loop run --resume",
        ) from None
    with folder as name:
        yield name


def _alike(one: Path, other: Path) -> bool:
    """Whether both are there and are the same file or link, for git."""
    try:
        modes = one.lstat().st_mode, other.lstat().st_mode
        if stat.S_IFMT(modes[0]) != stat.S_IFMT(modes[1]) or (modes[0] ^ modes[1]) & stat.S_IXUSR:
            return False
        return one.readlink() == other.readlink() if stat.S_ISLNK(modes[0]) else one.read_bytes() == other.read_bytes()
    except OSError:
        return False
