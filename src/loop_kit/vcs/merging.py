"""Merge a change into a branch: objects first, so that a conflict touches nothing; then one ref moves."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from loop_kit.errors import DirtyTreeError, NeedsPersonError, StartError
from loop_kit.model.figures import counted, short_id
from loop_kit.values import replace
from loop_kit.values.wording import path_text
from loop_kit.vcs.findings import listed
from loop_kit.vcs.git import last_line, zero_separated
from loop_kit.vcs.identity import own_variables
from loop_kit.vcs.objects import CommitObject
from loop_kit.vcs.repository import Repository

_CONFLICT = 1
_SHOWN = 5


def merged_tree(repository: Repository, ours: CommitObject, theirs: CommitObject) -> str:
    """Return the id of the tree that has both; raise `NeedsPersonError` naming the files in which they contradict each other."""
    asked = ("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", ours.hexsha, theirs.hexsha)
    answer = repository.git.ask(*asked)
    parts = zero_separated(answer.out)
    if answer.code == 0:
        return path_text(parts[0])
    if answer.code != _CONFLICT:
        raise StartError(
            f"git cannot merge without a checkout: {last_line(answer.err)}", hint="git 2.38 or newer can; or: git merge"
        )
    files = [path_text(part) for part in parts[1:]]
    both, count = f"{short_id(theirs.hexsha)} and {short_id(ours.hexsha)}", counted(len(files), "file")
    raise NeedsPersonError(
        f"{both} contradict each other in {count}: {listed(files, _SHOWN)}",
        hint=f"nothing was changed; git merge {short_id(theirs.hexsha)} lets you settle it",
    )


def commit_as(
    repository: Repository, tree: str, parents: Sequence[CommitObject], message: str, environment: Mapping[str, str]
) -> str:
    """Make a commit in the person's own name and return its id; no branch refers to it yet."""
    git = replace(repository.git, variables={**repository.git.variables, **own_variables(environment)})
    options = [part for parent in parents for part in ("-p", parent.hexsha)]
    answer = git.ask("commit-tree", "--no-gpg-sign", *options, tree, stdin=message.encode("utf-8", "backslashreplace"))
    if answer.code != 0:
        raise StartError(
            f"git makes no commit: {last_line(answer.err)}", hint="git config user.name and user.email say who you are"
        )
    return path_text(answer.line)


def advance(repository: Repository, branch: str, to: CommitObject) -> None:
    """Move a branch from the first parent of `to` to it, with the files where it is checked out here; whole, or raise."""
    where = _checked_out(repository).get(f"refs/heads/{branch}")
    if where is None:
        old = to.parents[0].hexsha
        answer = repository.git.ask("update-ref", "-m", "loop", f"refs/heads/{branch}", to.hexsha, old)
        if answer.code != 0:
            raise NeedsPersonError(
                f"{branch} could not be moved: {last_line(answer.err)}", hint="did something else just move it?"
            )
    elif where == repository.root:
        set_back(repository, to.hexsha)
    else:
        raise StartError(f"{branch} is checked out in {path_text(where)}", hint="run the same command there")


def set_back(repository: Repository, sha: str) -> None:
    """Let the branch that is checked out, and the files, be as at `sha`; what was not committed stays or nothing happens."""
    answer = repository.git.ask("reset", "--keep", "--quiet", sha, "--")
    if answer.code != 0:
        raise DirtyTreeError(f"git changes no file: {last_line(answer.err)}", hint="commit, stash or move those files")


def _checked_out(repository: Repository) -> dict[str, Path]:
    """Return ref -> worktree for every branch that some worktree has checked out."""
    found: dict[str, Path] = {}
    where = repository.root
    for line in zero_separated(repository.git.out("worktree", "list", "--porcelain", "-z")):
        word, _, value = line.partition(b" ")
        if word == b"worktree":
            where = Path(os.fsdecode(value))
        elif word == b"branch":
            found[path_text(value)] = where
    return found
