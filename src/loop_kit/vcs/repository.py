"""The repository a run works in: every question loop has about it, answered by git.

Nothing outside this package sees GitPython. Paths are text made by `path_text`; commits are full ids.
"""

import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from loop_kit.errors import NeedsPersonError, StartError
from loop_kit.model.change import Commit, FileChange
from loop_kit.model.figures import short_id
from loop_kit.values import dataclass, replace
from loop_kit.values.wording import path_text
from loop_kit.vcs import diff, refs
from loop_kit.vcs.git import Git, GitAnswer, last_line, zero_separated
from loop_kit.vcs.history import History
from loop_kit.vcs.snapshot import commit_tree, worktree_tree
from loop_kit.vcs.status import TreeStatus

if TYPE_CHECKING:
    from loop_kit.vcs.snapshot import Snapshot

_PLACES = ("--show-toplevel", "--absolute-git-dir", "--git-common-dir")
# What git keeps in its folder while an operation is unfinished, and the name of the operation.
_OPERATIONS = {
    "MERGE_HEAD": "merge",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "sequencer": "cherry-pick or revert",
    "BISECT_LOG": "bisect",
}


@dataclass(frozen=True, slots=True)
class Head:
    """What is checked out; `branch` is "" when HEAD is detached."""

    sha: str
    branch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A head compared with a base and with the last head; `paths_since` are those that differ from the latter."""

    history: History
    files: tuple[FileChange, ...]
    paths_since: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Repository:
    """`git_dir` belongs to this working tree (HEAD, index), `common_dir` to all of them (objects, refs, config)."""

    root: Path
    git_dir: Path
    common_dir: Path
    git: Git

    @classmethod
    def find(cls, start: Path) -> Self:
        """Find the working tree that holds `start`; raise `StartError` when there is none."""
        asked = Git(start).ask("rev-parse", "--path-format=absolute", *_PLACES)
        found = asked.line.split(b"\n")
        if asked.code != 0 or len(found) != len(_PLACES):  # a folder's name may contain a newline: then one by one
            found = _one_by_one(start)
        root, git_dir, common_dir = (Path(os.path.realpath(os.fsdecode(place))) for place in found)
        return cls.at(root, git_dir, common_dir)

    @classmethod
    def at(cls, root: Path, git_dir: Path, common_dir: Path) -> Self:
        """Return a repository whose folders are known, without asking git again."""
        return cls(root=root, git_dir=git_dir, common_dir=common_dir, git=Git(root))

    @property
    def lock_path(self) -> Path:
        """The file of the lock on this working tree: one run at a time."""
        return self.git_dir / "loop.lock"

    def head(self) -> Head:
        """Return what is checked out; raise `StartError` before the first commit."""
        answer = self.git.ask("rev-parse", "HEAD^{commit}", "--symbolic-full-name", "HEAD")
        if answer.code != 0:
            raise self._no_commit()
        sha, _, ref = answer.line.partition(b"\n")
        # When another ref is called HEAD as well, git resolves the commit and prints no ref name.
        name = ("" if ref == b"HEAD" else path_text(ref)) if ref else self.full_ref()
        return Head(sha=path_text(sha), branch=name.removeprefix("refs/heads/"))

    def full_ref(self) -> str:
        """Return the ref that HEAD names, e.g. `refs/heads/main`; "" when HEAD is detached."""
        answer = self.git.ask("symbolic-ref", "--quiet", "HEAD")
        return path_text(answer.line) if answer.code == 0 else ""

    def check_ready(self) -> Head:
        """Return what is checked out; raise `StartError` before the first commit and in the middle of a merge or the like."""
        operation = self.operation_in_progress()
        if operation:
            raise StartError(
                f"{path_text(self.root)} is in the middle of a {operation}",
                hint=f"finish or abort the {operation} first",
            )
        return self.head()

    def operation_in_progress(self) -> str:
        """Return "merge", "rebase", …, or "" for none."""
        return next((word for name, word in _OPERATIONS.items() if (self.git_dir / name).exists()), "")

    def commit_id(self, rev: str) -> str | None:
        """Return the full id of the commit that `rev` names, None when it names none."""
        return self._id(f"{rev}^{{commit}}")

    def named_commit(self, name: str) -> str:
        """Return the full id of the commit that a person names; raise `StartError` when it names none."""
        sha = self.commit_id(name)
        if sha is None:
            raise StartError(f"{name!r:.100} names no commit of {self.root}", hint="git log shows the commits")
        return sha

    def tree_id(self, rev: str) -> str:
        """Return the tree of a commit; raise `NeedsPersonError` when there is no such commit."""
        tree = self._id(f"{rev}^{{tree}}")
        if tree is None:
            raise NeedsPersonError(
                f"{path_text(self.root)} has no commit {rev}", hint="was it removed by git gc or git prune?"
            )
        return tree

    def _id(self, expression: str) -> str | None:
        if not expression.isprintable():
            return None
        answer = self.git.ask("rev-parse", "--verify", "--quiet", "--end-of-options", expression)
        return path_text(answer.line) if answer.code == 0 else None

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Whether `ancestor` is `descendant` or in its history."""
        asked = ("rev-list", "--max-count=1", "--end-of-options", ancestor, f"^{descendant}")
        return ancestor == descendant or not self.git.out(*asked)

    def commits(self, base: str, head: str, limit: int = 200) -> tuple[Commit, ...]:
        """Return the newest `limit` commits of base..head, oldest first."""
        return History.read(self.git.out(*History.question(base, head, limit))).commits

    def compared(self, *, listed_from: str, base: str, last: str, head: str) -> Compared:
        """Return how `head` differs from `base` and from `last`, and the commits since `listed_from`."""
        questions = [History.question(listed_from, head), diff.files_question(base, head)]
        if last != base:
            questions.append(diff.paths_question(last, head))
        history, files, *paths = diff.from_objects(self.git).outs(*questions)
        changes = diff.read_files(files)
        since = diff.read_paths(paths[0]) if paths else tuple(change.path for change in changes)
        return Compared(history=History.read(history), files=changes, paths_since=since)

    def count_commits(self, base: str, head: str) -> int:
        return int(self.git.out("rev-list", "--count", "--end-of-options", head, f"^{base}"))

    def added_paths(self, base: str, head: str) -> frozenset[str]:
        """Return every path that some commit of base..head added, also those that a later one removed again."""
        return diff.added_paths(self.git, base, head)

    def files(self, base: str, head: str) -> tuple[FileChange, ...]:
        """Return what differs between two commits; a rename is a deletion and an addition."""
        return diff.read_files(diff.from_objects(self.git).out(*diff.files_question(base, head)))

    def changed_paths(self, base: str, head: str) -> tuple[str, ...]:
        """Return the paths that differ between two commits or trees."""
        return diff.read_paths(diff.from_objects(self.git).out(*diff.paths_question(base, head)))

    def tracked(self, paths: Sequence[str]) -> tuple[str, ...]:
        """Return what git tracks of some paths: files there or below."""
        return tuple(map(path_text, zero_separated(self.git.out("ls-files", "-z", "--", *paths)))) if paths else ()

    def paths(self, rev: str) -> tuple[str, ...]:
        """Return every path in the tree of `rev`."""
        raw = self.git.out("ls-tree", "-r", "--name-only", "-z", "--full-tree", rev)
        return tuple(map(path_text, zero_separated(raw)))

    def write_diff(self, base: str, head: str, target: Path) -> int:
        """Write the whole patch to `target` and return its size in bytes; memory does not grow with it."""
        return diff.write_patch(self.git, base, head, target)

    def diff_text(self, base: str, head: str, limit: int, target: Path) -> str | None:
        """Return the whole patch as text, or None when it has more than `limit` bytes: then it is in `target`."""
        return diff.patch_text(self.git, base, head, limit, target)

    def show(self, rev: str, path: str, *, limit: int = 1024 * 1024) -> bytes | None:
        """Return a file as it was at `rev`, None when there was none. A link inside the repository is followed.

        Raise `StartError` above `limit` bytes.
        """
        if not path.isprintable():
            return None
        answer = self.git.out("cat-file", "--batch-check", "--follow-symlinks", stdin=f"{rev}:{path}\n".encode())
        match answer.split():
            case [sha, b"blob", size] if int(size) <= limit:
                return self.git.out("cat-file", "blob", sha.decode("ascii"))
            case [_, b"blob", _]:
                raise StartError(
                    f"{path} at {short_id(rev)} is larger than {limit} bytes", hint="shorten it and commit that"
                )
            case _:
                return None

    def status(self, *, ignored: bool = False) -> TreeStatus:
        """Return head, branch, dirty and untracked paths in one git call, and ignored ones with `ignored`."""
        return TreeStatus.of(self.git, ignored=ignored)

    def dirty(self) -> tuple[str, ...]:
        """Return tracked paths with uncommitted changes, staged or not."""
        return self.status().dirty

    def untracked(self) -> tuple[str, ...]:
        """Return untracked files that are not ignored, each by itself."""
        return self.status().untracked

    def pin(self, ref: str, sha: str) -> dict[str, str]:
        """Keep a commit alive under `ref`, e.g. `refs/loop/T-1/r1/head`; see `refs.pin`."""
        return refs.pin(self.git, ref, sha)

    def claim(self, ref: str, content: bytes) -> bool:
        """Claim a ref with `content`, first come first served; see `refs.claim`."""
        return refs.claim(self.git, ref, content)

    def blobs(self, *names: str) -> dict[str, tuple[str, bytes]]:
        """Return name -> id and content of the blob that each ref names; see `refs.blobs`."""
        return refs.blobs(self.git, *names)

    def write_blob(self, content: bytes) -> str:
        """Write a blob and return its id."""
        return refs.write_blob(self.git, content)

    def move(self, ref: str, sha: str, before: str) -> None:
        """Point a ref at another object, unless somebody else moved it; see `refs.move`."""
        refs.move(self.git, ref, sha, before)

    def refs(self, *prefixes: str) -> dict[str, str]:
        """Return full ref name -> object id for what is below the prefixes; see `refs.refs_under`."""
        return refs.refs_under(self.git, *prefixes)

    def missing(self, names: Collection[str]) -> tuple[str, ...]:
        """Return those names (ids, refs) whose object is not in the repository, in one git call."""
        asked = "".join(f"{name}\n" for name in names).encode()
        lines = self.git.out("cat-file", "--batch-check=%(objectname)", stdin=asked).splitlines()
        return tuple(name for name, line in zip(names, lines, strict=True) if line.endswith(b" missing"))

    def worktree_tree(self, without: Sequence[str] = (), status: TreeStatus | None = None) -> str:
        """Return the tree id of the working tree with its untracked files, except `without` and the ignored."""
        return worktree_tree(self.git, self.git_dir / "index", status or self.status(), without)

    def without(self, settings: Sequence[str]) -> Self:
        """Return the same repository with these git settings empty."""
        return replace(self, git=self.git.without(settings))

    def snapshot(self, message: str, *, without: Sequence[str] = ()) -> "Snapshot | None":
        """Commit the working tree on top of HEAD without moving a branch; None when it equals HEAD. Pin it to keep it."""
        status = self.status()
        if not status.sha:
            raise self._no_commit()
        tree = worktree_tree(self.git, self.git_dir / "index", status, without)
        return None if tree == self.tree_id(status.sha) else commit_tree(self.git, tree, status.sha, message)

    def _no_commit(self) -> StartError:
        branch, root = self.full_ref().removeprefix("refs/heads/"), path_text(self.root)
        return StartError(
            f"branch {branch} of {root} has no commit yet" if branch else f"HEAD of {root} names no commit",
            hint="commit what is there first: loop compares with a commit",
        )


def _one_by_one(start: Path) -> list[bytes]:
    """Return the folders of the repository that contains `start`, asked one by one; raise `StartError` for none."""
    top = Git(start).ask("rev-parse", _PLACES[0])
    if top.code != 0 or not top.line:
        raise _no_repository(start, top)
    root = Path(os.fsdecode(top.line))
    answers = (Git(root).out("rev-parse", place).removesuffix(b"\n") for place in _PLACES[1:])
    return [top.line, *(os.fsencode(root / os.fsdecode(answer)) for answer in answers)]


def _no_repository(start: Path, answer: GitAnswer) -> StartError:
    said = last_line(answer.err)
    if "not a git repository" in said:
        return StartError(
            f"{path_text(start)} is in no git repository", hint="run loop inside a repository, or make one: git init"
        )
    if "must be run in a work tree" in said or not said:
        return StartError(
            f"{path_text(start)} is in a bare repository or a .git folder, not in a working tree",
            hint="run loop in a checkout: git worktree add FOLDER makes one",
        )
    return StartError(f"git refuses {path_text(start)}: {said}", hint="git says more about it with: git status")
