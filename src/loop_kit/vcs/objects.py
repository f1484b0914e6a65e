"""Commits and trees as objects, for a command that a person calls now and then: `loop accept`.

They are GitPython's. Git itself resolves names, compares, merges and moves branches: what GitPython does about those in
files of its own, or by other rules, is in docs/decisions/0010.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Protocol

from loop_kit.values import dataclass
from loop_kit.values.wording import path_text
from loop_kit.vcs.git import Git
from loop_kit.vcs.repository import Repository

if TYPE_CHECKING:
    from loop_kit.vcs.through_gitpython import DisarmedRepo

_SHA1 = 40  # hexadecimal digits


class Tree(Protocol):
    @property
    def hexsha(self) -> str: ...


class CommitObject(Protocol):
    """What is read of a `git.Commit`."""

    @property
    def hexsha(self) -> str: ...
    @property
    def tree(self) -> Tree: ...
    @property
    def parents(self) -> Sequence["CommitObject"]: ...


@dataclass(frozen=True, slots=True)
class Objects:
    """The objects of one repository."""

    repository: Repository
    repo: "DisarmedRepo"

    def commit(self, sha: str) -> CommitObject:
        """Return the commit that has this full id."""
        if len(sha) == _SHA1:
            try:
                found = self.repo.commit(sha)
                _ = found.tree  # reads all of the commit, while there is another way
            except (LookupError, ValueError):  # e.g. a date of five thousand digits, which git bears with
                pass
            else:
                return found
        return PlainCommit(self.repository.git, sha)

    def branch(self, name: str) -> CommitObject | None:
        """Return the commit a branch is at, None when there is no such branch."""
        sha = self.repository.commit_id(f"refs/heads/{name}")
        return None if sha is None else self.commit(sha)


@contextmanager
def opened(repository: Repository) -> Iterator[Objects]:
    """Give the objects of a repository, and leave no git behind that read them."""
    from loop_kit.vcs.through_gitpython import DisarmedRepo  # noqa: PLC0415  (takes a tenth of a second)

    with closing(DisarmedRepo(repository)) as repo:
        yield Objects(repository, repo)


@dataclass(frozen=True, slots=True)
class PlainTree:
    hexsha: str


@dataclass(frozen=True, slots=True)
class PlainCommit:
    """A commit that GitPython cannot read: it knows SHA-1 only, and no header that is odd."""

    git: Git
    hexsha: str

    @property
    def tree(self) -> PlainTree:
        return PlainTree(self.git.line("rev-parse", f"{self.hexsha}^{{tree}}"))

    @property
    def parents(self) -> tuple["PlainCommit", ...]:
        ids = self.git.out("rev-parse", f"{self.hexsha}^@").split()
        return tuple(PlainCommit(self.git, path_text(sha)) for sha in ids)
