"""Contents that git-lfs keeps beside git's objects: git knows a pointer, and each store has contents under their digest."""

import os
import re
import stat
from collections.abc import Iterator
from hashlib import file_digest
from pathlib import Path

from loop_kit import folders
from loop_kit.values.wording import path_text
from loop_kit.vcs.copied_files import copy, files_below
from loop_kit.vcs.findings import listed
from loop_kit.vcs.git import zero_separated
from loop_kit.vcs.repository import Repository

_POINTER = b"version https://git-lfs.github.com/spec/v1\n"
_LARGEST_POINTER = 1024  # bytes, as its specification says
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAMES_SHOWN = 5


def pointers_left(source: Repository, tree: Repository) -> list[str]:
    """Say which files of a new checkout are pointers, because the store of `source` lacks what they stand for."""
    if not (source.common_dir / "lfs").is_dir():
        return []
    answer = tree.git.ask("grep", "--files-with-matches", "--fixed-strings", "-z", _POINTER.decode().strip())
    left = [path_text(path) for path in zero_separated(answer.out) if _is_pointer(tree.root / os.fsdecode(path))]
    if not left:
        return []
    what = f"{len(left)} file(s) are git-lfs pointers in the run's tree, for want of their contents here"
    return [f"{what}: {listed(left, _NAMES_SHOWN)}; git lfs pull gets them"]


def _is_pointer(path: Path) -> bool:
    try:
        return path.stat().st_size < _LARGEST_POINTER and path.read_bytes().startswith(_POINTER)
    except OSError:
        return False


def bring(tree: Repository, home: Repository) -> None:
    """Copy into the store of `home` what that of `tree` has more. What is not what its name says is no content."""
    found = list(_contents(tree.git_dir / "lfs/objects"))
    if not found:
        return
    store = _store(home)
    for path in found:
        target = store / "objects" / path.name[:2] / path.name[2:4] / path.name
        if not os.path.lexists(target):
            _bring(path, target, store / "tmp" / f"loop-{path.name}")


def _contents(folder: Path) -> Iterator[Path]:
    return (path for path, mode in files_below(folder) if stat.S_ISREG(mode) and _DIGEST.fullmatch(path.name))


def _store(home: Repository) -> Path:
    answer = home.git.ask("config", "--type=path", "lfs.storage")
    named = os.fsdecode(answer.line) if answer.code == 0 else ""
    return Path(os.path.realpath(home.common_dir / (named or "lfs")))


def _bring(path: Path, target: Path, aside: Path) -> None:
    folders.remove(aside)
    copy(path, aside)
    try:
        with aside.open("rb") as file:
            as_named = file_digest(file, "sha256").hexdigest() == target.name
            os.fsync(file.fileno())
        if as_named:
            folders.make(target.parent)
            aside.replace(target)
            with folders.opened(target.parent) as folder:
                folders.sync(folder)
    finally:
        folders.remove(aside)
