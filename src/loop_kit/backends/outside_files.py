"""What lies at a path that a program reads, in a digest: bounded, without waiting, and never raising.

Links are followed as the program would follow them, and where they lead is part of the digest. What is no regular file is
never opened. What cannot be read, or is more than the bounds, is a fact like others: when it was so before it is no
difference.
"""

import os
import stat
from collections.abc import Collection, Iterable, Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path

from loop_kit.values import dataclass

_FILE_LIMIT = 1024 * 1024  # bytes; a longer file counts by its size and times
_FOLDER_LIMIT = 64 * 1024 * 1024  # bytes of all files in a folder
_ENTRIES, _DEPTH = 5000, 12
_NAMES = 200  # entries of a folder that have a digest of their own
_OF_OTHERS = frozenset({".git", ".DS_Store", "__pycache__"})  # no program takes settings from there
_SHORT = 32  # hexadecimal digits of a digest


def read_regular(path: str, *, limit: int) -> bytes | str:
    """Return a file's content, or in words why there is none to be had: "" when nothing is there."""
    try:
        kind = Path(path).stat().st_mode
        if not stat.S_ISREG(kind):
            return f"not a file ({stat.S_IFMT(kind):o})"
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                return "not a file any more"
            content = file.read(limit + 1)
    except FileNotFoundError:
        target = _target(path)
        return f"a link to {target}" if target else ""
    except NotADirectoryError:
        return ""
    except (OSError, ValueError) as error:
        return f"not readable ({type(error).__name__})"
    return content if len(content) <= limit else "too large"


def digests_at(path: str, leave: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    """Yield a digest of the file at `path`, or of each entry of the folder there, by their paths; nothing for nothing.

    `leave` names entries of the folder that are left out.
    """
    bounds = _Bounds()
    try:
        names = [name for name in _listed(path) if name not in leave] if Path(path).is_dir() else None
    except OSError:
        names = None
    single = [path] if names is None else [f"{path}/{name}" for name in names[:_NAMES]]
    for entry in single:
        yield from _digest_of(entry, _facts(entry, bounds))
    if names and len(names) > _NAMES:
        yield from _digest_of(
            f"{path}/…", (fact for name in names[_NAMES:] for fact in _facts(f"{path}/{name}", bounds))
        )


def _digest_of(name: str, facts: Iterable[str]) -> Iterator[tuple[str, str]]:
    told = "".join(facts)
    if told:
        yield name, digest(told.encode("utf-8", "backslashreplace"))


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()[:_SHORT]


@dataclass(slots=True)
class _Bounds:
    """What may still be looked at in one folder."""

    entries: int = _ENTRIES
    size: int = _FOLDER_LIMIT


def _facts(path: str, bounds: _Bounds, depth: int = 0) -> Iterator[str]:
    """Yield what can be told of a path and of all below it, a line each; nothing for nothing and for empty folders."""
    bounds.entries -= 1
    if Path(path).is_dir():
        if bounds.entries < 0 or depth > _DEPTH:
            yield f"{path} is more than is looked at\n"
            return
        try:
            names = _listed(path)
        except OSError as error:
            yield f"{path} is not readable ({type(error).__name__})\n"
            return
        for name in names:
            yield from _facts(f"{path}/{name}", bounds, depth + 1)
        return
    fact = _stamp(path) if bounds.entries < 0 or bounds.size < 0 else _content(path, bounds)
    if fact:
        yield f"{path} {_target(path)} {fact}\n"


def _content(path: str, bounds: _Bounds) -> str:
    found = read_regular(path, limit=_FILE_LIMIT)
    if isinstance(found, bytes):
        bounds.size -= len(found)
        return f"{_executable(path)} {digest(found)}"
    return _stamp(path) if found == "too large" else found


def _target(path: str) -> str:
    """Return where a link leads, "" for what is none."""
    try:
        return ascii(str(Path(path).readlink()))
    except (OSError, ValueError):
        return ""


def _executable(path: str) -> str:
    return "runs" if os.access(path, os.X_OK) else ""


def _stamp(path: str) -> str:
    try:
        info = Path(path).stat()
    except (OSError, ValueError) as error:
        return type(error).__name__
    return f"{info.st_size}-{info.st_mtime_ns}-{info.st_ctime_ns}-{info.st_ino}"


def _listed(path: str) -> list[str]:
    """Return the names in a folder, sorted; of a folder with more than are looked at those that come first."""
    with os.scandir(path) as entries:
        found = [entry.name for entry in islice(entries, _ENTRIES)]
    return sorted(name for name in found if name not in _OF_OTHERS)
