"""Files that are copied from one tree into another, never through a link on either side."""

import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from loop_kit import folders
from loop_kit.values.wording import path_text
from loop_kit.vcs.findings import listed
from loop_kit.vcs.git import zero_separated
from loop_kit.vcs.repository import Repository

_NAMES_SHOWN = 5
_AT_ONCE = 1 << 20  # bytes


def copy_ignored(source: Repository, root: Path, patterns: Sequence[str]) -> list[str]:
    """Copy those ignored files of a tree into `root` that gitignore `patterns` name; return what could not come along.

    A file that is in `root` already stays. A repository inside the repository is left: what its `.git` names may lie
    anywhere.
    """
    paths = _named(source, patterns) if patterns else []
    left = [path for path in paths if path.endswith("/")]
    for path in (path for path in paths if not path.endswith("/")):
        try:
            copy(source.root / path, root / path)
        except FileExistsError:
            continue
        except OSError:
            left.append(path)
    shown = [path_text(os.fsencode(path)) for path in left]
    return [f"{len(left)} ignored file(s) could not be copied: {listed(shown, _NAMES_SHOWN)}"] if left else []


def _named(source: Repository, patterns: Sequence[str]) -> list[str]:
    """Return what both the patterns name and git ignores; untracked work that is not ignored is nobody's to copy."""
    asked = ("ls-files", "-z", "--others", "--ignored")
    answers = source.git.outs(
        (*asked, *(f"--exclude={pattern}" for pattern in patterns)), (*asked, "--exclude-standard")
    )
    named, ignored = (zero_separated(answer) for answer in answers)
    return sorted(map(os.fsdecode, frozenset(named).intersection(ignored)))


def copy(source: Path, target: Path) -> None:
    """Copy a file with its mode and times, or a link as a link; raise `OSError`, `FileExistsError` for a target that is there."""
    folders.make(target.parent, durable=False)
    with folders.opened(target.parent) as parent:
        if source.is_symlink():
            os.symlink(source.readlink(), target.name, dir_fd=parent)
            return
        with os.fdopen(folders.open_file(source, os.O_RDONLY), "rb") as from_file:
            seen = os.fstat(from_file.fileno())
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
            fd = os.open(target.name, flags, 0o600, dir_fd=parent)
            with os.fdopen(fd, "wb") as to_file:
                shutil.copyfileobj(from_file, to_file, _AT_ONCE)
                to_file.flush()
                os.fchmod(fd, stat.S_IMODE(seen.st_mode) & 0o777)
                os.utime(fd, ns=(seen.st_atime_ns, seen.st_mtime_ns))


def files_below(folder: Path) -> Iterator[tuple[Path, int]]:
    """Yield path and mode of all that is below a folder and is none; no link is followed."""
    left = [folder]
    while left:
        inside = left.pop()
        for path in (inside / name for name in folders.names(inside)):
            mode = path.lstat().st_mode
            if stat.S_ISDIR(mode):
                left.append(path)
            else:
                yield path, mode
