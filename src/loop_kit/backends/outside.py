"""Where an agent program takes settings from outside of any tree: declared as data by whoever knows the program."""

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Protocol, Self, runtime_checkable

from loop_kit.backends.base import Backend
from loop_kit.values import dataclass, replace


class SourceFormat(StrEnum):
    """How a place is read: JSON and TOML by their keys, files and whole folders byte for byte."""

    JSON = "json"
    TOML = "toml"
    FILES = "files"


@dataclass(frozen=True, slots=True)
class Source:
    """One place. `path` begins with `/`, `~` or `$NAME`, or is completed by `in_each`.

    `keys` are the settings by which a program can be made to run or to allow something, each a pattern for every step of
    the way to it, dots between; the step `@` stands for a path at or above one of the trees. `but` are the way to what
    decides nothing of that kind or is written by the program as it runs; of a folder, names in it. An entry that is empty
    is none.
    """

    path: str
    form: SourceFormat = SourceFormat.FILES
    keys: tuple[str, ...] = ("*",)
    but: tuple[str, ...] = ()


@runtime_checkable
class Influenced(Protocol):
    """A backend that says what its program reads outside of a tree; of one that does not, nobody knows."""

    @property
    def outside(self) -> tuple[Source, ...]:
        """Places in the person's home, in the program's own folder and on the machine."""

    @property
    def above(self) -> tuple[str, ...]:
        """Names of files and folders that it would pick up in any folder above the one it works in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """The folders that programs of a run work in, the repository and the tree of the reviewer, and every folder above them.

    Each as it is called and as it really is.
    """

    roots: frozenset[Path]
    parents: frozenset[Path]

    @classmethod
    def of(cls, *roots: Path) -> Self:
        found = frozenset(path for root in roots for path in (root, Path(os.path.realpath(root))))
        return cls(roots=found, parents=frozenset(parent for path in found for parent in path.parents))

    def at_or_below(self, folder: str) -> bool:
        """Whether one of them is this folder or lies in it."""
        return folder.startswith("/") and not {Path(folder)}.isdisjoint(self.roots | self.parents)


def in_each(folders: tuple[str, ...], *sources: Source) -> tuple[Source, ...]:
    """Return the sources in each of the folders."""
    return tuple(replace(source, path=f"{folder}/{source.path}") for folder in folders for source in sources)


def files(*paths: str) -> tuple[Source, ...]:
    return tuple(Source(path) for path in paths)


# What the shells read that programs start: what stands there runs with every command of an agent, and before it.
SHELLS = files(
    *("~/.profile", "~/.bash_profile", "~/.bash_login", "~/.bashrc", "~/.bash_aliases", "~/.config/fish"),
    *("~/.zshenv", "~/.zprofile", "~/.zshrc", "~/.zlogin"),
)


def sources_for(backend: Backend, environment: Mapping[str, str], trees: Trees) -> tuple[Source, ...]:
    """Return what a program with that environment reads outside of its trees, by absolute paths.

    A name that is picked up above the trees is left out where a declared place lies in it, as `.claude` in a home.
    """
    if not isinstance(backend, Influenced):
        return ()
    known = {place: replace(source, path=place) for source in backend.outside if (place := _place(source, environment))}
    above = (str(parent / name) for parent in sorted(trees.parents) for name in backend.above)
    more = {path: Source(path) for path in above if not any(_holds(path, place) for place in known)}
    return (*known.values(), *more.values())


def _place(source: Source, environment: Mapping[str, str]) -> str:
    """Return the absolute path of a source, "" when the environment names none."""
    first, slash, rest = source.path.partition("/")
    if not first:
        return source.path
    folder = environment.get("HOME" if first == "~" else first.removeprefix("$"), "")
    return os.path.normpath(f"{folder}{slash}{rest}") if folder.startswith("/") else ""


def _holds(path: str, place: str) -> bool:
    return place == path or place.startswith(f"{path}/")
