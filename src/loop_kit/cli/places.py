"""Find the bus without asking git: commands that only look should answer at once."""

import os
import shlex
from pathlib import Path

from loop_kit import folders
from loop_kit.bus.bus import Bus
from loop_kit.bus.buses import check_place
from loop_kit.bus.files import link_sentence
from loop_kit.cli.invocation import Invocation
from loop_kit.errors import StartError


def bus_root(invocation: Invocation) -> Path:
    """Return the absolute path of the bus, whether or not it exists yet.

    It is the one that was named, else the nearest `.loop` from here up to the top of the repository, else `.loop` at
    that top. Raises `StartError` for one in a place where no bus can be.
    """
    if invocation.loop_dir:
        root = _named(invocation.cwd / Path(invocation.loop_dir).expanduser())
        check_place(Bus(root))
        return root
    for folder in (invocation.cwd, *invocation.cwd.parents):
        if (folder / ".loop").is_dir() or (folder / ".git").exists():
            return folder / ".loop"
    return invocation.cwd / ".loop"


def _named(path: Path) -> Path:
    """Return a bus that a person names, without links on the way to it; raise `StartError` for one in the repository.

    Such a link may have come with a clone, and would take loop out of the repository without a word. Behind one in the place
    of runs/ the bus of a task would inherit nothing.
    """
    if Bus(path).task_id and path.parent.is_symlink():
        sentence, hint = link_sentence(path.parent)
        raise StartError(sentence, hint=hint)
    for folder in path.parents:
        if folder.is_symlink() and any((outer / ".git").exists() for outer in folder.parents):
            raise StartError(
                f"{folder} on the way to the bus is a symbolic link in a repository",
                hint=f"name the folder itself: --loop-dir {shlex.quote(str(folders.real(path)))}",
            )
    return folders.real(path)


def scratch_root(invocation: Invocation) -> Path:
    """Return the folder outside the repository where a run may put its worktrees: in the person's cache."""
    cache = invocation.environment.get("XDG_CACHE_HOME") or ""
    if not Path(cache).is_absolute():
        home = invocation.environment.get("HOME") or ""
        # Without a home: a run's folder there is named by its random id and made anew, so nobody can lay a trap in it.
        cache = str(Path(home) / ".cache") if Path(home).is_absolute() else "/tmp"  # noqa: S108  (as said above)
    return Path(os.path.realpath(cache), "loop-kit")


def trees_root(invocation: Invocation) -> Path:
    """Return the folder outside the repository where runs have trees of their own: in the person's state folder."""
    state = invocation.environment.get("XDG_STATE_HOME") or ""
    if not Path(state).is_absolute():
        home = invocation.environment.get("HOME") or ""
        if not Path(home).is_absolute():
            return scratch_root(invocation) / "trees"
        state = str(Path(home) / ".local" / "state")
    return Path(os.path.realpath(state), "loop-kit", "trees")


def loop_again(invocation: Invocation) -> str:
    """Return how loop is called so that it finds the same bus again, for a person to type."""
    named = invocation.loop_dir if invocation.loop_dir != invocation.environment.get("LOOP_DIR") else None
    return f"loop --loop-dir {shlex.quote(named)}" if named else "loop"
