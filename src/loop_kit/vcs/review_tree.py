"""A working tree at one exact commit in which an agent works: what differs from that commit afterwards.

The agent can write everything that git trusts there: index, settings, the `.git` file. So each is trusted only while it is as
git left it.
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
from loop_kit.model.figures import counted, short_id
from loop_kit.values import dataclass, replace
from loop_kit.values.wording import path_text
from loop_kit.vcs.findings import listed
from loop_kit.vcs.git import Git, zero_separated
from loop_kit.vcs.status import TreeStatus

_NAMES_IN_TEXT = 5

# The identity of a file: inode, size, mtime and ctime. It changes when the file is replaced or written; ctime cannot be set.
_Seen: TypeAlias = tuple[int, int, int, int]


def _seen(file: Path) -> _Seen | None:
    try:
        seen = file.lstat()
    except OSError:
        return None
    return seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns


@dataclass(frozen=True, slots=True)
class ReviewTree:
    """`git_dir` has the tree's HEAD and index; the tree's own `.git` file is not read again.

    `disarmed` are git settings that must not apply: filters that may have been planted. `index` identifies the index file as
    git left it when the tree was prepared, None when unknown: an agent can write another one.
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
        """What identifies the index as git left it to a later process, "" when unknown."""
        return "" if self.index is None else "-".join(map(str, self.index))

    def changed(self, head_sha: str) -> str:
        """Say in a sentence how the tree differs from `head_sha`, "" when it does not; untracked files do not count.

        Git calls some files changed that are as a checkout writes them, e.g. for their line endings: those prove nothing. So
        a file that git calls changed is compared with a checkout.
        """
        if not self.path.is_dir():
            return f"the review tree {path_text(self.path)} is gone"
        status = TreeStatus.of(self.git, untracked=False)
        if status.sha != head_sha:
            return f"HEAD of the review tree moved from {short_id(head_sha)} to {short_id(status.sha) or 'nothing'}"
        doubtful = list(status.dirty_paths)
        if self.index is None or _seen(self.git_dir / "index") != self.index:
            doubtful = list(dict.fromkeys([*doubtful, *self._dirty_by_a_new_index(head_sha)]))
        changed = self.unlike_a_checkout(doubtful, head_sha) if doubtful else []
        if changed:
            return f"{counted(len(changed), 'file')} changed in the review tree: {listed(changed, _NAMES_IN_TEXT)}"
        return ""

    def _dirty_by_a_new_index(self, head_sha: str) -> tuple[bytes, ...]:
        """Return what differs from `head_sha` by the content of every file, without trusting the tree's index.

        Only the tree's own index knows which files a sparse checkout leaves out, so there a missing file is not reported.
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
        """Return those paths whose file is not what a checkout of `head_sha` writes there.

        Raise `NeedsPersonError` when there is no room for such a checkout.
        """
        with _folder_aside() as folder:
            aside = self._with_index(folder)
            aside.out("read-tree", head_sha)
            known = frozenset(zero_separated(aside.out("ls-files", "-z")))
            wanted = b"".join(path + b"\0" for path in paths if path in known)  # the others are missing in the checkout
            aside.out("checkout-index", "--quiet", "--force", f"--prefix={folder}/", "-z", "--stdin", stdin=wanted)
            return [
                path_text(path)
                for path in paths
                if not _alike(self.path / os.fsdecode(path), Path(folder, os.fsdecode(path)))
            ]

    @property
    def has_settings(self) -> bool:
        """Whether git would read settings of this tree alone, or of another repository."""
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
    """Whether both exist and are the same file or link to git."""
    try:
        modes = one.lstat().st_mode, other.lstat().st_mode
        if stat.S_IFMT(modes[0]) != stat.S_IFMT(modes[1]) or (modes[0] ^ modes[1]) & stat.S_IXUSR:
            return False
        return one.readlink() == other.readlink() if stat.S_ISLNK(modes[0]) else one.read_bytes() == other.read_bytes()
    except OSError:
        return False
