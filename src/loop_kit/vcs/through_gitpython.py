"""The door to GitPython: its objects, with every git that one of them starts disarmed as `git.py` disarms its own.

Importing this takes as long as twenty git calls, so `objects.py` does it for the commands that ask for objects. Meanwhile
GitPython calls `git version`, the one call that does not come through here; it reads no repository.
"""

from os import PathLike
from pathlib import Path
from typing import Any, NoReturn

import git

from loop_kit.vcs.git import Git
from loop_kit.vcs.repository import Repository

# What reads objects and nothing else. Whatever else GitPython would ask git may run what is configured (filters, drivers of
# diffs, signers) or moves something: plain git is for that, one call at a time.
_READING = frozenset({"cat-file"})


class DisarmedGit(git.Git):
    """What each object of GitPython starts git with; `funnel` says how."""

    def __init__(self, working_dir: str | PathLike[str] | None = None) -> None:
        super().__init__(working_dir)
        self.funnel = Git(Path(working_dir or "."))

    def execute(self, command: Any, *args: Any, **kwargs: Any) -> Any:
        """Start git as the funnel does; raise `NotImplementedError` for what does more than read objects."""
        asked = command[1:]
        if asked[0] not in _READING:
            raise NotImplementedError(f"GitPython may read objects, and asks for: git {asked[0]}")
        disarmed = {"env": self.funnel.environment, "shell": False, "start_new_session": True}
        return super().execute(self.funnel.argv(asked), *args, **{**kwargs, **disarmed})


class DisarmedRepo(git.Repo):
    """GitPython's view of a repository, to be closed: the git that reads objects runs until then."""

    GitCommandWrapperType = DisarmedGit
    git: DisarmedGit

    def __init__(self, repository: Repository) -> None:
        super().__init__(repository.root, expand_vars=False)
        self.git.funnel = repository.git

    @property
    def index(self) -> NoReturn:
        """Refuse GitPython's index: its `commit` starts hooks by itself, past git."""
        raise NotImplementedError("GitPython may read objects, and asks for the index")
