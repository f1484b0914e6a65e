"""Files that the index hides from git: flagged so that git does not check whether they were changed.

The index is parsed here, because that starts no program; an index in an unknown form is left to git.
"""

import os
import struct
from pathlib import Path

from loop_kit import folders
from loop_kit.values.wording import path_text
from loop_kit.vcs.git import zero_separated
from loop_kit.vcs.repository import Repository

_HEADER = struct.Struct(">4sII")
_STAT_SIZE = 40  # bytes of an entry before the object id
_ASSUME_VALID, _EXTENDED, _NAME_LENGTH = 0x8000, 0x4000, 0x0FFF
_SKIP_WORKTREE = 0x4000  # in the second word of flags
_WITH_PADDING, _COMPRESSED = (2, 3), 4
_SPLIT = b"link"  # the extension of an index most of whose entries are in another file
_SHA1, _SHA1_HEX = 20, 40


def hidden_files(repository: Repository, head_sha: str) -> tuple[str, ...]:
    """Return the paths that git does not check; what a sparse checkout leaves out is not hidden."""
    flagged = _flagged(repository, _SHA1 if len(head_sha) == _SHA1_HEX else 32)
    absent = [path for path, skipped in flagged.items() if skipped and not _is_there(repository.root, path)]
    if absent and repository.git.ask("config", "--type=bool", "core.sparseCheckout").line == b"true":
        flagged = {path: skipped for path, skipped in flagged.items() if path not in frozenset(absent)}
    return tuple(map(path_text, flagged))


def _is_there(root: Path, path: bytes) -> bool:
    return os.path.lexists(root / os.fsdecode(path))


def _flagged(repository: Repository, hash_size: int) -> dict[bytes, bool]:
    """Return path -> whether git is told to skip it, False when it is told to assume it unchanged."""
    try:
        data = folders.read(repository.git_dir / "index")
    except FileNotFoundError:
        return {}
    except OSError:  # a link, which some set-ups make, or unreadable: git decides
        return _asked(repository)
    try:
        return _read(data, hash_size)
    except (ValueError, IndexError, struct.error):
        return _asked(repository)


def _asked(repository: Repository) -> dict[bytes, bool]:
    rows = (row.split(b" ", 1) for row in zero_separated(repository.git.out("ls-files", "-v", "-z")))
    return {path: tag in (b"S", b"s") for tag, path in rows if tag == b"S" or tag.islower()}


def _read(data: bytes, hash_size: int) -> dict[bytes, bool]:
    """Read an index; raise `ValueError` for one that is split, or in an unknown form."""
    signature, version, count = _HEADER.unpack_from(data)
    if signature != b"DIRC" or version not in (*_WITH_PADDING, _COMPRESSED):
        raise ValueError("not an index in a known form")
    found: dict[bytes, bool] = {}
    place, name = _HEADER.size, b""
    flags_at = _STAT_SIZE + hash_size
    for _ in range(count):
        flags = data[place + flags_at] << 8 | data[place + flags_at + 1]
        begin = place + flags_at + 2
        skipped = False
        if flags & _EXTENDED:
            skipped = bool((data[begin] << 8 | data[begin + 1]) & _SKIP_WORKTREE)
            begin += 2
        if version == _COMPRESSED:
            strip, begin = _varint(data, begin)
            end = data.index(b"\0", begin)
            name = name[: len(name) - strip] + data[begin:end]
            after = end + 1
        else:
            length = flags & _NAME_LENGTH
            end = begin + length if length < _NAME_LENGTH else data.index(b"\0", begin)
            after = place + (end - place + 8) // 8 * 8
        if skipped or flags & _ASSUME_VALID:
            found[name if version == _COMPRESSED else data[begin:end]] = skipped
        place = after
    if _SPLIT in _extensions(data, place, hash_size):
        raise ValueError("a part of the index is elsewhere")
    return found


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """Return a number of variable width and where it ends."""
    byte = data[place]
    value = byte & 0x7F
    while byte & 0x80:
        place += 1
        byte = data[place]
        value = (value + 1) << 7 | byte & 0x7F
    return value, place + 1


def _extensions(data: bytes, place: int, hash_size: int) -> list[bytes]:
    names = []
    while place + 8 <= len(data) - hash_size:
        names.append(data[place : place + 4])
        place += 8 + int.from_bytes(data[place + 4 : place + 8], "big")
    return names
