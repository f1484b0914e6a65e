"""What changed between two commits, tree against tree.

The plumbing command is used because the person's diff settings do not apply to it; options override what still could. Patches
go to a file, so that their size costs disk and not memory; a temporary one has no name, so that it is gone with the process,
however that ends.
"""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from loop_kit import folders
from loop_kit.errors import NeedsPersonError
from loop_kit.model.change import FileChange
from loop_kit.values import dataclass, replace
from loop_kit.values.wording import path_text
from loop_kit.vcs.git import Git, zero_separated

_NO_INDEX = "/nonexistent/index"
LARGEST_COUNTED = 8 * 1024 * 1024  # bytes
_EXACT = (
    "diff-tree",
    "-r",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--no-relative",
    "--ignore-submodules=none",
    f"-O{os.devnull}",
)
_PATCH = (
    "--patch",
    "--full-index",
    "--find-renames=50%",
    "-l1000",
    "--diff-algorithm=myers",
    "--indent-heuristic",
    "--inter-hunk-context=0",
    "--submodule=short",
    "--src-prefix=a/",
    "--dst-prefix=b/",
)
# `log` is not plumbing: these options override a person's settings.
_ADDED = (
    "--format=",
    "--name-only",
    "-z",
    "--diff-filter=A",
    "--diff-merges=separate",
    "--no-renames",
    "--no-ext-diff",
    "--no-relative",
    "--no-show-signature",
    "--no-color",
    f"-O{os.devnull}",
)


def from_objects(git: Git) -> Git:
    """Return the same git without an index: commits are compared by their objects, and no file of a working tree is read.

    Otherwise git reads a file instead of an object that the index calls identical, and checks it again and again.
    """
    return replace(git, variables={**git.variables, "GIT_INDEX_FILE": _NO_INDEX})


def files_question(base: str, head: str) -> tuple[str, ...]:
    """Return what to ask git for every path that differs; `read_files` reads the answer.

    Lines of a file above `LARGEST_COUNTED` are not counted: that takes git as long as writing all of them.
    """
    return (
        "-c",
        f"core.bigFileThreshold={LARGEST_COUNTED}",
        *_EXACT,
        "--no-renames",
        "--raw",
        "--numstat",
        "-z",
        "--end-of-options",
        base,
        head,
    )


def read_files(answer: bytes) -> tuple[FileChange, ...]:
    """Return every path that differs. A rename is a deleted path and an added one: scope applies to both."""
    fields = iter(zero_separated(answer))
    statuses: dict[bytes, str] = {}
    counts: dict[bytes, tuple[int | None, int | None]] = {}
    for entry in fields:
        if entry.startswith(b":"):
            statuses[next(fields)] = entry.rsplit(b" ", 1)[1][:1].decode("ascii")
        else:
            added, removed, path = entry.split(b"\t", 2)
            counts[path] = (_count(added), _count(removed))
    return tuple(_file_change(path, status, *counts.get(path, (None, None))) for path, status in statuses.items())


def paths_question(base: str, head: str) -> tuple[str, ...]:
    """Return what to ask git for the paths alone, of two commits or trees; `read_paths` reads the answer."""
    return (*_EXACT, "--no-renames", "--name-only", "-z", "--end-of-options", base, head)


def read_paths(answer: bytes) -> tuple[str, ...]:
    return tuple(map(path_text, zero_separated(answer)))


def added_paths(git: Git, base: str, head: str) -> frozenset[str]:
    """Return every path that some commit of base..head added, also those that a later one removed again."""
    raw = git.out("log", *_ADDED, "--end-of-options", head, f"^{base}")
    return frozenset(path_text(path) for path in raw.split(b"\0") if path)


def write_patch(git: Git, base: str, head: str, target: Path) -> int:
    """Write the whole patch to `target`, replacing it when complete; return its size in bytes."""
    with _unfinished(git, (base, head), target) as written:
        return written.put()


def patch_text(git: Git, base: str, head: str, limit: int, target: Path) -> str | None:
    """Return the whole patch as text, or None when it has more than `limit` bytes: then it is in `target`.

    There is no `target` after a short one.
    """
    with _unfinished(git, (base, head), target) as written:
        if written.size > limit:
            written.put()
            return None
        raw = written.file.read()
        folders.remove(target)
    return raw.decode("utf-8", "backslashreplace")


def patch_lines(git: Git, base: str, head: str, paths: Sequence[str], limit: int) -> Iterator[bytes]:
    """Yield the beginnings of the lines of the patch of `paths`, without context lines, up to `limit` bytes.

    When the paths cannot be named on a command line (too many, or an escape in one), the patch of every path is read.
    """
    usable = sum(map(len, paths)) < _MOST_ARGUMENTS and not any("\\" in path for path in paths)

    with tempfile.TemporaryFile() as file:
        _patch(git, (base, head), file, context=0, paths=paths if usable else ())
        begins_a_line = True
        while file.tell() < limit and (part := file.readline(_LONGEST_LINE)):
            if begins_a_line:
                yield part
            begins_a_line = part.endswith(b"\n")


# Far below the smallest limit of a command line, also for paths whose text is longer in bytes.
_MOST_ARGUMENTS = 20_000
_LONGEST_LINE = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Patch:
    """A whole patch that was written beside `target`, in the open folder `folder` under `name`."""

    file: BinaryIO
    folder: int
    name: str
    target: Path

    @property
    def size(self) -> int:
        return os.fstat(self.file.fileno()).st_size

    def put(self) -> int:
        """Rename it to `target` and return its size in bytes."""
        os.rename(self.name, self.target.name, src_dir_fd=self.folder, dst_dir_fd=self.folder)
        return self.size


@contextmanager
def _unfinished(git: Git, between: tuple[str, str], target: Path) -> Iterator[_Patch]:
    """Write a patch beside `target`, removed at the end unless it was renamed; raise `NeedsPersonError` for a full disk."""
    # Named as the bus names its unfinished files, so that the bus removes what a killed process left.
    name = f".{target.name}.{os.getpid()}.{os.urandom(8).hex()}.tmp"
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        with folders.opened(target.parent) as folder:
            try:
                with os.fdopen(os.open(name, flags, 0o644, dir_fd=folder), "w+b") as file:
                    _patch(git, between, file)
                    yield _Patch(file, folder, name, target)
            finally:
                with suppress(OSError):
                    os.unlink(name, dir_fd=folder)
    except OSError as error:
        raise NeedsPersonError(
            f"{path_text(target)} cannot be written: {error.strerror}",
            hint="make room there and let this user write, then: loop run --resume",
        ) from None


def _patch(git: Git, between: tuple[str, str], file: BinaryIO, *, context: int = 3, paths: Sequence[str] = ()) -> None:
    """Let git write into an open file, beginning at its start."""
    options = (f"--unified={context}", f"--output=/dev/fd/{file.fileno()}")
    named = ("--", *paths) if paths else ()
    from_objects(git).out(*_EXACT, *_PATCH, *options, "--end-of-options", *between, *named, pass_fds=(file.fileno(),))
    file.seek(0)


def _count(field: bytes) -> int | None:
    return None if field == b"-" else int(field)


def _file_change(path: bytes, status: str, added: int | None, removed: int | None) -> FileChange:
    return FileChange(path=path_text(path), status=status, added=added, removed=removed)
