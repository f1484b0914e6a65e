"""The buses of a repository: the default one, and one for each task that has one, `runs/{task_id}/`."""

from collections.abc import Iterator
from pathlib import Path

from loop_kit.bus.atomic import listed
from loop_kit.bus.bus import IGNORES_ALL, Bus
from loop_kit.bus.files import is_folder, read_beginning
from loop_kit.bus.layout import RUNS
from loop_kit.errors import StartError
from loop_kit.model.kinds import NAME_RULE
from loop_kit.model.names import check_task_id, is_task_id

_DEFAULT_NAME = ".loop"


def bus_of(bus: Bus, task_id: str) -> Bus:
    """Return the bus of a task, existing or not; raise `DocumentError` for an invalid task id."""
    return Bus(bus.runs_root / check_task_id(task_id))


def buses(bus: Bus) -> list[Bus]:
    """Return the default bus of `bus` and those of single tasks, by name. Anything else in runs/ is skipped."""
    root = bus.runs_root
    return [bus.default, *(Bus(root / name) for name in listed(root) if is_task_id(name) and is_folder(root / name))]


def find_strays(bus: Bus) -> Iterator[Path]:
    """Yield entries of a default bus's runs/ that are not buses; links are reported by `own_folders.find_links`."""
    root = bus.root / RUNS
    found = [root / name for name in listed(root)] if is_folder(root) else []
    yield from (path for path in found if not (path.is_symlink() or (is_task_id(path.name) and path.is_dir())))
    if root.is_file():
        yield root


def check_place(bus: Bus) -> None:
    """Raise `StartError` when the path of `bus` is that of a task's bus and it cannot be one."""
    default, called = Bus(bus.root.parent.parent), bus.root.name
    if bus.root.parent.name != RUNS or not (bus.task_id or _is_bus(default)):
        return
    if not bus.task_id:
        raise StartError(
            f"{bus.root} cannot be a bus: {called[:80]!r} is no task id, after which it would be called",
            hint=f"use {NAME_RULE}; a second run of a task has the bus of the first",
        )
    if default.task_id:
        raise StartError(
            f"{bus.root} cannot be a bus: {default.root} is the bus of {default.task_id} alone",
            hint=f"the bus of {called} is {default.runs_root / called}",
        )
    if not _is_bus(default):
        raise StartError(
            f"{bus.root} would be the bus of {called} and inherit from {default.root}, which is no bus",
            hint="loop init makes a bus; one that is to have its own settings does not lie in a folder called runs",
        )


def _is_bus(bus: Bus) -> bool:
    """Tell whether a folder is a bus: by its name, or by the `.gitignore` that keeps it out of the repository."""
    ours = bus.root.name == _DEFAULT_NAME or read_beginning(bus.root / ".gitignore", limit=16) == IGNORES_ALL
    return ours and is_folder(bus.root)
