"""What the last successful preparation of a tree made, so that it need not be made again.

It is kept in a file beside the tree, never in it, with a list of every prepared file. Agents can write in both places. So the
file is trusted only with the digest that its writer returned, prepared files only as far as the list has them unchanged, and
anything added since is removed.
"""

import json
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from loop_kit import folders

_MOST = 300_000  # files; with more the preparation runs every time

# Inode, size, mtime and ctime of a file; ctime cannot be set. Nothing for a folder: its times change with its content.
_Seen: TypeAlias = list[int]


class Memory:
    """The memory of one tree. `seal` is the digest by which a later process recognises the file, "" for none."""

    def __init__(self, tree: Path, seal: str = "") -> None:
        self.tree = tree
        self.seal = seal
        self.digest = ""
        self.made: tuple[str, ...] = ()
        self._files: dict[str, _Seen] = {}
        if not (seal and self._read()):
            self.seal = ""

    @property
    def path(self) -> Path:
        return self.tree.with_name(f"{self.tree.name}.prepared.json")

    def remember(self, digest: str, made: tuple[str, ...]) -> None:
        """Write down what was made, as it is now, and the digest of what it depends on."""
        self.digest, self.made = digest, made
        files = dict(islice(_files(self.tree, made), _MOST + 1))
        if len(files) > _MOST:
            self.forget()
            self.made = made  # for this process only
            return
        data = json.dumps({"digest": digest, "made": made, "files": files}).encode("ascii")
        try:
            folders.remove(self.path)
            with os.fdopen(folders.open_file(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
                file.write(data)
        except OSError:  # a full disk, a link in the way: the next round prepares again
            self.forget()
            self.made = made
            return
        self._files, self.seal = files, sha256(data).hexdigest()

    def forget(self) -> None:
        with suppress(OSError):  # without its seal it is not trusted
            folders.remove(self.path)
        self.digest, self.made, self.seal, self._files = "", (), "", {}

    def holds(self) -> bool:
        """Remove what was added to the prepared files; False when one of those is gone or was changed."""
        tree = os.path.realpath(self.tree)
        if any(not Path(os.path.realpath((self.tree / path).parent)).is_relative_to(tree) for path in self.made):
            return False  # a link leads elsewhere
        found = dict(islice(_files(self.tree, self.made), 2 * _MOST))
        if any(found.get(path) != seen for path, seen in self._files.items()):
            return False
        try:
            for path in found.keys() - self._files.keys():
                folders.remove(self.tree / path)
        except OSError:
            return False
        return True

    def _read(self) -> bool:
        try:
            data = folders.read(self.path)
            document: Any = json.loads(data) if sha256(data).hexdigest() == self.seal else None
        except (OSError, ValueError):
            return False
        match document:
            case {"digest": str(digest), "made": [*made], "files": dict(files)}:
                self.digest, self.made, self._files = digest, tuple(made), files
                return True
            case _:
                return False


def _files(tree: Path, made: tuple[str, ...]) -> Iterator[tuple[str, _Seen]]:
    """Yield every file and folder of what was made, by its path in the tree; no link is followed."""
    root = f"{tree}/"
    for path in made:
        with suppress(OSError):
            seen = os.lstat(root + path)
            yield path, [] if stat.S_ISDIR(seen.st_mode) else _identity(seen)
            if stat.S_ISDIR(seen.st_mode):
                yield from _below(root, path)


def _below(root: str, folder: str) -> Iterator[tuple[str, _Seen]]:
    waiting = [folder]
    while waiting:
        inner = waiting.pop()
        with suppress(OSError):  # gone or not readable: nothing is found
            for entry in list(os.scandir(root + inner)):
                path = f"{inner}/{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path)
                    yield path, []
                else:
                    yield path, _identity(entry.stat(follow_symlinks=False))


def _identity(seen: os.stat_result) -> _Seen:
    return [seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns]
