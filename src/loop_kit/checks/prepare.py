"""Make a tree ready for checks: link paths of the person's tree, run what installs or builds, and remember the result.

The workspace's memory says what was made: it is trusted only while all of that is still there. Cleaning a tree removes what
was prepared, unless the caller keeps it.
"""

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from loop_kit.checks.run import CheckWorkspace, nothing_changed, run_check
from loop_kit.model.check import CheckCommand, Prepare
from loop_kit.model.evidence import CheckEnding, CheckResult
from loop_kit.values import replace

NAME = "prepare"
_DEPTH = 3  # folders below the tree where what a command made is looked for: packages/a/node_modules


def prepare(setup: Prepare, workspace: CheckWorkspace) -> CheckResult | None:
    """Make the workspace's worktree ready; None when it was ready, or had only to be linked."""
    command = CheckCommand(name=NAME, argv=setup.argv, run=setup.run, timeout=setup.timeout)
    tree = workspace.worktree.path
    problem = _link(setup.link, workspace.inplace.path, tree)
    if problem:
        return CheckResult.without_run(command, workspace.worktree.tree, CheckEnding.NOT_STARTED, problem)
    memory = workspace.memory
    digest = _digest(setup, tree, apart_from=memory.made)
    made = tuple(path for path in memory.made if os.path.lexists(tree / path))
    if not setup.command_line or (setup.files and (memory.digest, memory.made) == (digest, made)):
        return None
    memory.forget()
    there = frozenset(_entries(tree))
    # Settling may clean the tree, so it waits until the memory says what is to be kept. A failure is retried, because a
    # network may fail for a moment.
    result = run_check(command, replace(workspace, settle=nothing_changed), log=f".{NAME}.log", rerun=True)
    if not result.failed:
        memory.remember(digest, tuple(sorted({*made, *_new(tree, there), *setup.link})))
    undone = workspace.settle()
    return replace(result, reason="; ".join(part for part in (result.reason, undone) if part))


def _link(paths: tuple[str, ...], source: Path, tree: Path) -> str:
    """Link each path from the person's tree; return why that is impossible, "" when it is done."""
    for name in paths:
        problem = _link_one(source / name, tree / name, tree)
        if problem:
            return f"[prepare] link: {name} {problem}"
    return ""


def _link_one(target: Path, link: Path, tree: Path) -> str:
    if not target.exists():
        return f"is not there: nothing lies at {target}"
    if link.is_symlink() and link.readlink() == target:
        return ""
    if os.path.lexists(link):
        return "cannot be linked: the commit has something of that name"
    if not link.parent.resolve().is_relative_to(tree.resolve()):
        return "cannot be linked: a link in the commit leads out of the tree"
    try:
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)
    except OSError as error:
        return f"cannot be linked: {error.strerror}"
    return ""


def _digest(setup: Prepare, tree: Path, *, apart_from: tuple[str, ...]) -> str:
    """Return a digest of what the preparation depends on: its command and the content of its files, except its own results."""
    made = tuple(tree / path for path in apart_from)
    seen = {path for pattern in setup.files for path in tree.glob(pattern)}
    files = sorted(path for path in seen if not any(path.is_relative_to(each) for each in made) and _is_regular(path))
    digest = hashlib.sha256(json.dumps([setup.command_line, setup.link]).encode())
    for path in files:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").digest()
        digest.update(os.fsencode(path.relative_to(tree)) + b"\0" + content)
    return digest.hexdigest()


def _is_regular(path: Path) -> bool:
    return stat.S_ISREG(path.lstat().st_mode)


def _new(tree: Path, there: frozenset[str]) -> Iterator[str]:
    """Return what was added, a new folder without its content."""
    now = {path for path in _entries(tree) if path not in there}
    return (path for path in now if os.path.dirname(path) not in now)  # noqa: PTH120  (texts, not paths: names are compared)


def _entries(tree: Path, inner: str = "", depth: int = _DEPTH) -> Iterator[str]:
    """Return the paths of everything in the upper folders of a tree."""
    try:
        found = list(os.scandir(tree / inner))
    except OSError:  # a folder that cannot be read has nothing to keep
        found = []
    for entry in found:
        path = os.path.join(inner, entry.name)  # noqa: PTH118  (as above)
        if entry.name != ".git":
            yield path
            if depth > 1 and entry.is_dir(follow_symlinks=False):
                yield from _entries(tree, path, depth - 1)
