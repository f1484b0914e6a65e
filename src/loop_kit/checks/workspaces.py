"""Where a Node installation takes packages from besides its own folders: the links of a workspace."""

import os
from collections.abc import Iterator
from pathlib import Path

_MODULES = "node_modules"
_DEPTH = 3  # folders below the tree where a node_modules is looked for


def find(tree: Path, project_root: Path) -> Iterator[tuple[Path, Path]]:
    """Return each package in a `node_modules` of the tree, or of a linked one, that links to code in the person's tree."""
    for modules in _modules(tree, _DEPTH):
        for link in _links(modules):
            place = _resolved(link)
            # A store such as .pnpm is full of links within node_modules: those are packages, not the project's own code.
            inner = place.relative_to(project_root).parts if place.is_relative_to(project_root) else (_MODULES,)
            if _MODULES not in inner:
                yield link, place


def _modules(folder: Path, depth: int) -> Iterator[Path]:
    for entry in _scan(folder):
        path = Path(entry)
        if entry.name == _MODULES and path.is_dir():
            yield path
        elif depth > 1 and entry.name != ".git" and entry.is_dir(follow_symlinks=False):
            yield from _modules(path, depth - 1)


def _links(modules: Path) -> Iterator[Path]:
    for entry in _scan(modules):
        if entry.is_symlink():
            yield Path(entry)
        elif entry.name.startswith("@"):
            yield from (Path(scoped) for scoped in _scan(Path(entry)) if scoped.is_symlink())


def _scan(folder: Path) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path
