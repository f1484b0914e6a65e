"""Which bus `loop run` uses: the default one, or that of a task whose run has a tree of its own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loop_kit.bus.archive import Archive
from loop_kit.bus.bus import Bus
from loop_kit.bus.buses import bus_of, buses
from loop_kit.errors import DocumentError, StartError
from loop_kit.model import documents
from loop_kit.model.manifest import Manifest
from loop_kit.model.state import RunState
from loop_kit.model.task import TaskCard


def choose_bus(bus: Bus, flags: Mapping[str, Any], card_path: Path | None) -> Bus:
    """Return the bus to use; `bus` is the one that was found or named, `card_path` the card that the flags name.

    A new run with `--worktree` has the bus of its task. `--resume` goes on where the unfinished run is: that of the card
    that is named, else the only one there is. Raises `StartError` when there are several.
    """
    if bus.task_id:
        return bus
    if flags["worktree"] and not flags["resume"]:
        return bus_of(bus, _task_of(bus, card_path))
    if not flags["resume"]:
        return bus
    if card_path is not None:
        named = bus_of(bus, _task_of(bus, card_path))
        return named if _unfinished(named) else bus
    waiting = [] if _unfinished(bus) else [each for each in buses(bus) if each.task_id and _unfinished(each)]
    if len(waiting) > 1:
        names = ", ".join(each.task_id for each in waiting)
        raise StartError(
            f"{len(waiting)} runs are unfinished: {names}",
            hint=f"name one: loop run --resume --task {waiting[0].task_id}",
        )
    return waiting[0] if waiting else bus


def has_own_tree(bus: Bus) -> bool:
    """Whether the run on this bus has a tree of its own."""
    state = _state(bus)
    if state is None or not state.run_name:
        return False
    try:
        archive = Archive(bus.archive_root / state.run_name)
        return bool(archive.read_manifest(state.digests.get(Manifest.kind, "none")).tree)
    except DocumentError:  # a resume says so
        return False


def _task_of(bus: Bus, card_path: Path | None) -> str:
    path = card_path or bus.card_path
    return documents.read(TaskCard, bus.read_card(path), name=str(path)).task_id


def _unfinished(bus: Bus) -> bool:
    state = _state(bus)
    return state is not None and state.unfinished


def _state(bus: Bus) -> RunState | None:
    try:
        return bus.read_state()
    except DocumentError:
        return None
