"""Submodules of a commit that a person has checked out in their tree: repositories of their own, in folders of it."""

import os
from collections.abc import Iterator
from pathlib import Path

from loop_kit.values import dataclass
from loop_kit.vcs.git import zero_separated
from loop_kit.vcs.repository import Repository

_LINK = b"160000 "


@dataclass(frozen=True, slots=True)
class Submodule:
    """A place in a tree, the commit that belongs there, and the person's repository that has it."""

    path: Path
    sha: str
    repository: Repository


def initialised(source: Repository, sha: str) -> Iterator[Submodule]:
    """Yield the submodules of a commit for which there is a repository in the tree of `source`."""
    if not ((source.git_dir / "modules").exists() or (source.root / ".gitmodules").exists()):
        return
    for entry in zero_separated(source.git.out("ls-tree", "-r", "-z", "--full-tree", sha)):
        if entry.startswith(_LINK):
            about, _, name = entry.partition(b"\t")
            path = Path(os.fsdecode(name))
            if os.path.lexists(source.root / path / ".git"):
                found = Repository.find(source.root / path)
                if found.root == source.root / path:  # else what is there names another folder
                    yield Submodule(path, about.split()[2].decode("ascii"), found)
