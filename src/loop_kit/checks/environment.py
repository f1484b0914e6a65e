"""Refuse an environment in which checks would not see the code of their tree at all.

An editable install or a workspace link makes an environment load the project from the person's tree. What passes there says
nothing about the commit. This is found by reading files, without starting anything, so a shim that decides only when it runs
is not recognised.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from loop_kit.checks import editable, pythons, workspaces
from loop_kit.checks.origin import Origin

_WAY_OUT = 'give [prepare] an install of its own in the tree, or set where = "inplace" for these checks'
_SEARCHED = ("PYTHONPATH", "NODE_PATH")


def find_foreign(
    tree: Path, project_root: Path, environment: Mapping[str, str], argvs: Sequence[tuple[str, ...]]
) -> str:
    """Return a sentence when the environment takes the project from elsewhere than `tree`, else "".

    `project_root` is the person's tree, `argvs` are the commands that will run in `tree` with `environment`.
    """
    origin = Origin.of(tree, project_root)
    for what, where in _sources(origin, environment, argvs):
        if origin.is_foreign(where):
            return (
                f"{what} takes the project from {where.resolve()} instead of from the tree that is checked: {_WAY_OUT}"
            )
    return ""


def _sources(
    origin: Origin, environment: Mapping[str, str], argvs: Sequence[tuple[str, ...]]
) -> Iterator[tuple[str, Path]]:
    """Return each path that the environment loads code from, with the name of what points there."""
    for name in _SEARCHED:
        for entry in environment.get(name, "").split(":"):
            if entry:
                yield f"the variable {name}", origin.tree / entry
    for prefix in pythons.prefixes(origin.tree, environment, argvs):
        for file, where in editable.find(prefix, origin.project_root):
            yield str(file), where
    yield from ((str(link), where) for link, where in workspaces.find(origin.tree, origin.project_root))
