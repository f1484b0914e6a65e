"""Bring commits from a run's tree into home's own objects: nothing is pinned or relied on before that.

git runs in home only, by home's settings. It is given the tree's folder of objects, and nothing else of the tree: no
config, hook or ref that is there has a say, where `git fetch` would start `git upload-pack` inside. The new objects are
packed, and the pack is taken in as one from a stranger is: each object is hashed and examined again (`fsck`), and home
must be able to reach all of what the commits name.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from loop_kit import folders
from loop_kit.errors import NeedsPersonError
from loop_kit.values import replace
from loop_kit.values.wording import path_text
from loop_kit.vcs import lfs_objects, shared_repository, submodules
from loop_kit.vcs.copied_files import files_below
from loop_kit.vcs.git import Git, GitAnswer, last_line
from loop_kit.vcs.repository import Repository

# A forged index over packs could make git overlook objects. The pack on its way is one file, and nothing relies on it yet.
_PLAIN = ("-c", "core.multiPackIndex=false", "-c", "pack.packSizeLimit=0", "-c", "core.fsync=none")
# What the given commits have more than home's refs. `--all` would read the HEAD of every working tree too, and another
# run may be making one just now.
_BUT_HOMES = ("--stdin", "--not", "--glob=*")
_MISSING = "--missing=allow-promisor"  # what a partial clone may lack
_REASON = re.compile(r"^(?:error|fatal): (.*)$", re.MULTILINE)
_OF_SUBMODULES = "refs/loop/fetched/"  # in a submodule's own repository
_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def fetch_into_home(home: Repository, tree: Repository, sha: str, *, ref: str, before: str) -> None:
    """Bring a commit home and let `ref` name it there, which has to name `before` until then, "" for none."""
    fetch_commits(home, tree, sha)
    home.move(ref, sha, before)


def fetch_commits(home: Repository, tree: Repository, *commits: str) -> None:
    """Bring commits, full ids, with all that they need into home, contents of git-lfs and submodules included.

    Raise `NeedsPersonError` when one is no commit, when something is missing or broken, or when the tree is not the one
    that was made; then home has no ref to any of it. Nothing is done where tree and home are the same.
    """
    if tree.common_dir == home.common_dir:
        return
    try:
        _fetch(home, tree, commits, aside=folder_aside(tree.root))
    except OSError as error:
        raise NeedsPersonError(
            f"the run's tree {path_text(tree.root)} cannot be fetched from: {error.filename or ''}: {error.strerror}",
            hint="see what is there, and whether there is room; then: loop run --resume",
        ) from None


def folder_aside(root: Path) -> Path:
    """Return where a pack lies on its way from the tree in `root`."""
    return root.with_name(f"{root.name}.fetching")


def _fetch(home: Repository, tree: Repository, commits: Sequence[str], *, aside: Path) -> None:
    both = _with_objects(home, tree)
    _check_commits(both, tree, commits)
    _fetch_objects(home, tree, both, commits, aside)
    lfs_objects.bring(tree, home)
    for submodule in chain.from_iterable(submodules.initialised(home, sha) for sha in commits):
        root = tree.root / submodule.path
        if submodule.repository.commit_id(submodule.sha) is None and os.path.lexists(root / ".git"):
            inner = shared_repository.at(root)
            if _commits_among(_with_objects(submodule.repository, inner), [submodule.sha]):  # else nobody has it
                _fetch(submodule.repository, inner, [submodule.sha], aside=aside)
                submodule.repository.pin(f"{_OF_SUBMODULES}{submodule.sha}", submodule.sha)


def _with_objects(home: Repository, tree: Repository) -> Git:
    """Return git in home that finds the tree's objects as well, when they are such as loop and git have left them."""
    shared_repository.check(home, tree.root)
    folder = tree.git_dir / "objects"
    for path, mode in files_below(folder):
        if not stat.S_ISREG(mode):
            raise NeedsPersonError(
                f"{path_text(path)} among the objects of the run's tree is a link or no file",
                hint="see who made it and remove it, then: loop run --resume",
            )
    named = os.fsdecode(shared_repository.quoted(os.fsencode(folder)))
    reading = {"GIT_ALTERNATE_OBJECT_DIRECTORIES": named, "GIT_NO_LAZY_FETCH": "1"}
    return replace(home.git, variables={**home.git.variables, **reading})


def _fetch_objects(home: Repository, tree: Repository, both: Git, commits: Sequence[str], aside: Path) -> None:
    named = "".join(f"{sha}\n" for sha in commits).encode()
    listing = both.ask(*_PLAIN, "rev-list", "--boundary", *_BUT_HOMES, stdin=named)
    _check_answer(listing, tree, commits)
    lines = listing.out.splitlines()
    known = b"".join(b"^" + line.removeprefix(b"-") + b"\n" for line in lines if line.startswith(b"-"))
    if len(lines) > known.count(b"\n"):
        with _folder(aside):
            packing = ("pack-objects", "--quiet", "--revs", _MISSING, f"{aside}/new")
            _check_answer(both.ask(*_PLAIN, *packing, stdin=named + known), tree, commits)
            for path in (aside / name for name in folders.names(aside) if name.endswith(".pack")):
                with path.open("rb") as pack:
                    _check_answer(home.git.ask("index-pack", "--stdin", "--fsck-objects", stdin=pack), tree, commits)
    complete = home.git.ask("rev-list", "--objects", "--quiet", _MISSING, *_BUT_HOMES, stdin=named)
    _check_answer(complete, tree, commits)


def _check_commits(git: Git, tree: Repository, commits: Sequence[str]) -> None:
    known = _commits_among(git, commits)
    for sha in commits:
        if sha not in known:
            raise NeedsPersonError(
                f"{sha!r:.100} is no commit of the run's tree {path_text(tree.root)}",
                hint="see what is checked out there; then: loop run --resume",
            )


def _commits_among(git: Git, ids: Iterable[str]) -> frozenset[str]:
    """Return those ids that are whole and name a commit."""
    asked = "".join(f"{sha}\n" for sha in ids if _ID.fullmatch(sha)).encode()
    lines = git.out("cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=asked).splitlines()
    return frozenset(path_text(line.removesuffix(b" commit")) for line in lines if line.endswith(b" commit"))


def _check_answer(answer: GitAnswer, tree: Repository, commits: Sequence[str]) -> None:
    if answer.code != 0:
        reasons = _REASON.findall(answer.err)
        why = f"{reasons[0]:.300}" if reasons else last_line(answer.err) or f"git ended with {answer.code}"
        raise NeedsPersonError(
            f"{', '.join(sha[:12] for sha in commits)} cannot be fetched from the run's tree {path_text(tree.root)}: {why}",
            hint="nothing refers to it, and the tree stays as it is: see what was done there; then: loop run --resume",
        )


@contextmanager
def _folder(aside: Path) -> Iterator[None]:
    folders.remove(aside)
    folders.make(aside, durable=False)
    try:
        yield
    finally:
        folders.remove(aside)
