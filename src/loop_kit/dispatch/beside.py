"""An empty folder beside a tree, for a program that reads what lies where it is started."""

from collections.abc import Mapping
from pathlib import Path

from loop_kit import folders
from loop_kit.errors import StartError


def empty_beside(tree: Path) -> Path:
    """Return a folder that is made anew each time: an agent may have put something into the one that was there.

    Its path stays the same, because some programs keep their conversations by it. It goes with the tree's own folder.
    """
    folder = tree.with_name(f"{tree.name}.apart")
    try:
        folders.remove(folder)
        folders.make_private(folder)
    except OSError as error:
        raise StartError(
            f"no empty folder can be made at {folder}: {error.strerror}",
            hint="make room there and take away what lies there",
        ) from None
    return folder


def git_alone(folder: Path) -> Mapping[str, str]:
    """Return what has git find no repository that the folder happens to lie in, such as one of a whole home."""
    return {"GIT_CEILING_DIRECTORIES": str(folder.parent)}
