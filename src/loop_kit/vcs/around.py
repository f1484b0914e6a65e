"""What a person has around a run: other refs, the stash, files that git does not have.

A worker may have a reason to touch these, so a change does not stop the run: it is reported at the end, and what git would
lose is kept.
"""

import os
import stat
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from hashlib import file_digest, sha256
from pathlib import Path

from loop_kit.values.wording import path_text
from loop_kit.vcs.refs import read_refs, refs_question
from loop_kit.vcs.repository import Repository
from loop_kit.vcs.scope import patterns_match
from loop_kit.vcs.status import TreeStatus

# Prefixes of other refs, so that the thousands that loop itself pins are not read.
OTHERS = ("refs/heads/", "refs/tags/", "refs/remotes/", "refs/notes/", "refs/stash")
_STASH = "refs/stash"
_SECRETS = ".env*"
_MOST_LOOKED_AT = 5000  # entries of ignored folders
_HUGE = frozenset({"node_modules", "__pycache__", ".git"})
_LARGEST_READ, _MOST_READ = 1 << 20, 16 << 20  # bytes: of one file, of all


def read_others(repository: Repository, branch: str, refs: Mapping[str, str]) -> dict[str, str]:
    """Return `ref NAME` or `stash ID` -> object id, of all refs that git listed except the run's own branch."""
    own = f"refs/heads/{branch}"
    others = {
        f"ref {ref}": sha
        for ref, sha in refs.items()
        if ref.startswith(OTHERS) and ref not in (own, _STASH) and not _follows_another(ref)
    }
    return others | {f"stash {sha}": sha for sha in _stashed(repository, refs)}


def others_now(repository: Repository, branch: str) -> dict[str, str]:
    return read_others(repository, branch, read_refs(repository.git.out(*refs_question(*OTHERS))))


def _follows_another(ref: str) -> bool:
    return ref.startswith("refs/remotes/") and ref.endswith("/HEAD")


def _stashed(repository: Repository, refs: Mapping[str, str]) -> Iterator[str]:
    """Yield the ids of all stashes: the ref is the newest, its reflog has the others."""
    if _STASH not in refs:
        return
    yield refs[_STASH]
    with suppress(OSError):
        for line in (repository.common_dir / "logs" / _STASH).read_bytes().splitlines():
            yield path_text(line.split(b" ", 2)[1])


def private_files(
    root: Path, status: TreeStatus, keep: Sequence[str], *, own: Collection[bytes], hidden: Iterable[str]
) -> dict[str, str]:
    """Return `untracked PATH`, `ignored PATH` or `hidden PATH` -> a record of its file, for files that git does not have.

    The ignored ones are named `.env*` or by `keep`, the `hidden` ones are flagged in the index; folders in `own` are loop's.
    """
    wanted = _wanted(keep)
    ignored = (path for path in _ignored_files(root, status.ignored_paths, own) if wanted(path_text(path)))
    found = {f"untracked {path_text(path)}": path for path in status.untracked_paths}
    found |= {f"ignored {path_text(path)}": path for path in ignored}
    found |= {f"hidden {path}": path.encode() for path in hidden}
    left = _MOST_READ
    records: dict[str, str] = {}
    for name, path in found.items():
        if not path.endswith(b"/") and path_text(path).encode() == path:
            place = root / os.fsdecode(path)
            size = _size(place)
            readable = size <= min(_LARGEST_READ, left)
            left -= size if readable else 0
            records[name] = f"{_stat(place)} {_content(place) if readable else '-'}"
    return records


def unlike(root: Path, before: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Return those of `private_files` that were changed, and those that are gone.

    A file whose times alone differ, because it was moved away and back, counts as unchanged.
    """
    changed, gone = [], []
    for name, record in before.items():
        path = name.partition(" ")[2]
        looks, _, content = record.rpartition(" ")
        now = _stat(root / path)
        if not now:
            gone.append(path)
        elif now != looks and (content == "-" or _content(root / path) != content):
            changed.append(path)
    return changed, gone


def _wanted(keep: Sequence[str]) -> Callable[[str], bool]:
    named = patterns_match(keep) if keep else None

    def wanted(path: str) -> bool:
        return fnmatchcase(path.rpartition("/")[2], _SECRETS) or (named is not None and named(path))

    return wanted


def _ignored_files(root: Path, ignored: Iterable[bytes], own: Collection[bytes]) -> Iterator[bytes]:
    """Yield ignored files. Git names a whole folder; those are looked into, the nearest files first, up to a limit."""
    inside = tuple(folder + b"/" for folder in own)  # git names what is in a folder that ignores all of itself
    others = [path for path in ignored if not (path.rstrip(b"/") + b"/").startswith(inside)]
    folders = deque(path.rstrip(b"/") for path in others if path.endswith(b"/"))
    yield from (path for path in others if not path.endswith(b"/"))
    left = _MOST_LOOKED_AT
    while folders and left > 0:
        folder = folders.popleft()
        if os.fsdecode(folder.rpartition(b"/")[2]) in _HUGE:
            continue
        with suppress(OSError), os.scandir(os.fsencode(root) + b"/" + folder) as entries:
            for entry in entries:
                left -= 1
                if left < 0:
                    return
                path = folder + b"/" + entry.name
                if entry.is_dir(follow_symlinks=False):
                    folders.append(path)
                else:
                    yield path


def _size(place: Path) -> int:
    try:
        return place.lstat().st_size
    except OSError:
        return 0


def _stat(place: Path) -> str:
    """Return the identity of a file, which changes when it is replaced or written, "" when there is none."""
    try:
        seen = place.lstat()
    except OSError:
        return ""
    return f"{seen.st_ino} {seen.st_size} {seen.st_mtime_ns} {seen.st_ctime_ns}"


def _content(place: Path) -> str:
    """Return a digest of a file's content and mode, "?" when it cannot be read."""
    try:
        mode = place.lstat().st_mode
        if stat.S_ISLNK(mode):
            return sha256(os.fsencode(place.readlink())).hexdigest()[:32]
        if not stat.S_ISREG(mode):
            return "?"
        with place.open("rb") as file:
            return f"{mode & 0o777:o}:{file_digest(file, 'sha256').hexdigest()[:32]}"
    except OSError:
        return "?"
