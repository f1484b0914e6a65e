"""Which repository a working tree belongs to, found as agent programs find it: without git, by the files it leaves there."""

import os
from pathlib import Path

from loop_kit.errors import BackendError

_MANY, _DEEP = 400, 8
_SHORT = 8192  # bytes; what git writes into these files is a path


def main_tree(cwd: Path) -> Path:
    """Return the main working tree of the repository that `cwd` lies in, or `cwd` itself when it lies in none."""
    for folder in (cwd, *cwd.parents):
        mark = folder / ".git"
        if mark.is_dir():
            return folder
        if mark.is_file():
            return _main_of(folder, mark)
    return cwd


def _main_of(folder: Path, mark: Path) -> Path:
    """Follow a linked worktree to where it was made; anything else that has a file there is a repository of its own."""
    git = folder / _read(mark).removeprefix("gitdir:").strip()
    common = _read(git / "commondir").strip()
    return (git / common).resolve().parent if common else folder


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(_SHORT)
    except OSError:
        return ""


def files_named(name: str, folder: Path) -> tuple[Path, ...]:
    """Return the files of that name below a folder, links followed; raise `BackendError` when they are too many."""
    found: dict[Path, None] = {}
    for looked, (place, folders, files) in enumerate(os.walk(folder, followlinks=True)):
        if looked > 10 * _MANY or len(found) > _MANY:
            raise BackendError(f"{folder} holds too much to be switched off", hint="take out what nobody needs there")
        if len(Path(place).relative_to(folder).parts) >= _DEEP:
            folders.clear()
        if name in files:
            found[Path(place, name)] = None
            found[Path(place, name).resolve()] = None
    return tuple(found)
