"""Move what loop would misread on a bus of agent-task-runner; no byte is changed or lost.

Documents of its runs go to the archive under the task and the round that they name, because that tool filed them under others;
the run name `{task}@0` keeps them apart from runs of loop's own. Everything else keeps its path, below `archive/_before`.

Each step is one rename, or writes a whole file. The facts by which the bus is recognised go last: after a kill the bus is still
to be adopted, and the next call does the rest.
"""

import os
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from itertools import chain, count, takewhile
from pathlib import Path
from typing import Any

from loop_kit.adopt import traces
from loop_kit.bus import atomic
from loop_kit.bus.archive import Archive
from loop_kit.bus.bus import Bus
from loop_kit.bus.document import parse
from loop_kit.bus.files import is_folder, read_bytes
from loop_kit.bus.layout import LIMITS
from loop_kit.errors import DocumentError, LockedError
from loop_kit.model.names import ROLES, before_name, is_before, is_task_id
from loop_kit.processes import proc
from loop_kit.processes.lineage import ancestors
from loop_kit.values import dataclass

_KINDS = ("fix_list", "work_report", "review_request", "review_report")
_ARCHIVED = re.compile(rf"r[0-9]+_({'|'.join(_KINDS)}|task_card)\.json")
_LOOPS_OWN = re.compile(r"r0_.*|r[0-9]+_summary.*|.*\.refused-[0-9]+\.json")
_TOOLS_OWN = (
    ".state.json.bak",
    "task_packet.json",
    "state.tmp",
    "task_card.tmp",
    "handoff",
    "context/module_map.json",
    "context/patterns.jsonl",
    "logs/orchestrator.log*",
    "logs/worker_dispatch.log",
    "logs/reviewer_dispatch.log",
    "logs/feed.jsonl.*",
)
_ROUND_LIMIT = 10**6


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """The new paths: `filed` are documents of runs, `kept` files and folders below `archive/_before`."""

    filed: tuple[Path, ...]
    kept: tuple[Path, ...]


def adopt(bus: Bus, config: bytes) -> Adopted:
    """Move what the older tool left and loop would misread; `config` becomes config.toml unless there is one.

    For the holder of the lock; the older tool uses the same one.
    """
    bus.ensure_layout()
    bus.remove_leftovers()
    filed, kept = _take_runs(bus) if traces.has_its_documents(bus) else ([], [])
    kept += [_keep(bus, path) for path in _of_the_tool(bus)]
    atomic.exclusive_write(bus.config_path, config)
    kept += [_keep(bus, path) for path in _facts(bus)]
    return Adopted(filed=tuple(filed), kept=tuple(kept))


def last_state(bus: Bus) -> dict[str, Any]:
    """Return the older tool's last state; empty when loop has run here since or the bus was never adopted."""
    if bus.state_path.exists():
        return {}
    kept = list(takewhile(os.path.lexists, _names(bus.before / bus.state_path.name)))
    return traces.read_state(bus, kept[-1]) if kept else {}


def _take_runs(bus: Bus) -> tuple[list[Path], list[Path]]:
    filed = [_file(bus, *found) for found in _documents(bus)]
    _copy_card(bus)
    kept = [_keep(bus, path) for path in _of_its_runs(bus)]
    for folder in _its_folders(bus):
        atomic.remove_folder(folder)
    return filed, kept


def check_not_in_use(bus: Bus) -> None:
    """Raise `LockedError` when a process of the older tool uses this bus without holding its lock.

    Its PM holds the lock, but a round that outlived its PM does not; nor does a round by hand or a heartbeat.
    """
    root, spared = bus.root.resolve(), ancestors()
    for pid in proc.all_pids():
        if pid not in spared and _works_on(root, pid):
            raise LockedError(
                f"a process of {traces.TOOL} (pid {pid}) is still at work on {bus.root}",
                hint=f"wait until it has ended, or end it: kill {pid}; then: loop init",
            )


def _works_on(root: Path, pid: int) -> bool:
    words = proc.arguments(pid)
    if not (b"--single-round" in words or {b"heartbeat", b"--role"} <= set(words)):
        return False
    return os.fsencode(root / "task_card.json") in words or proc.working_folder(pid) == root.parent


def _documents(bus: Bus) -> list[tuple[Path, str, str, int]]:
    """Return each document of its runs with kind, task and round: older ones first, because the last take is the valid one."""
    archived = [path for folder in _its_folders(bus) for path in _in(folder) if _ARCHIVED.fullmatch(path.name)]
    archived.sort(key=lambda path: (path.lstat().st_mtime_ns, path))
    kinds = [(path, path.stem.partition("_")[2]) for path in archived] + [(bus.path(kind), kind) for kind in _KINDS]
    return [(path, kind, *named) for path, kind in kinds if (named := _named_by(path, kind)) is not None]


def _named_by(path: Path, kind: str) -> tuple[str, int] | None:
    """Return the task and round that a document names; None when it is not a document or its task cannot be a run name."""
    try:
        document = parse(read_bytes(path, limit=LIMITS[kind], follow=False))
        task_id, round_number = document["task_id"], 0 if kind == "task_card" else document["round"]
    except (FileNotFoundError, DocumentError, KeyError, TypeError):
        return None
    sound = type(round_number) is int and 0 <= round_number <= _ROUND_LIMIT
    return (task_id, round_number) if sound and isinstance(task_id, str) and is_task_id(task_id) else None


def _file(bus: Bus, path: Path, kind: str, task_id: str, round_number: int) -> Path:
    return Archive(bus.archive_root / before_name(task_id)).move_in(round_number, kind, path)


def _copy_card(bus: Bus) -> None:
    """Copy the card to the documents of its task, so that they are shown with their goal; the card itself stays."""
    try:
        named, data = _named_by(bus.card_path, "task_card"), bus.read_raw("task_card")
    except DocumentError:
        return
    folder = bus.archive_root / before_name(named[0] if named else "")
    if data is not None and folder.is_dir():
        Archive(folder).put(0, "task_card", data)


def _of_its_runs(bus: Bus) -> Iterator[Path]:
    """Yield what is left of its runs after their documents were filed."""
    for folder in _its_folders(bus):
        yield from _in(folder)
    names = (bus.path(kind) for kind in (*_KINDS, "summary"))
    yield from (path for path in (*names, *map(bus.heartbeat_path, ROLES)) if os.path.lexists(path))


def _in(folder: Path) -> list[Path]:
    return [folder / name for name in atomic.listed(folder)]


def _its_folders(bus: Bus) -> list[Path]:
    """Return the folders of the archive in which loop itself has kept nothing."""
    folders = [folder for folder in _in(bus.archive_root) if is_folder(folder) and folder.name[0] != "_"]
    return [
        folder
        for folder in folders
        if not is_before(folder.name) and not any(_LOOPS_OWN.fullmatch(path.name) for path in _in(folder))
    ]


def _of_the_tool(bus: Bus) -> Iterator[Path]:
    for pattern in _TOOLS_OWN:
        folder, _, name = pattern.rpartition("/")
        yield from (path for path in _in(bus.root / folder) if fnmatchcase(path.name, name))
    yield from (bus.root / name for name in traces.NOT_TEMPLATES if traces.is_as_it_made(bus, name))


def _facts(bus: Bus) -> Iterator[Path]:
    """Yield the files by which the bus is recognised, the strongest fact last."""
    yield from (path for name in traces.CONFIGS if (path := bus.root / name).is_file())
    yield from (bus.root / name for name in traces.TEMPLATES if traces.is_as_it_made(bus, name))
    if not traces.read_state(bus) and traces.has_its_documents(bus) and os.path.lexists(bus.state_path):
        yield bus.state_path  # it cannot be read, and the feed, which shows whose it is, is still there
    if traces.is_its_feed(bus):
        yield bus.feed_path
    if traces.is_its_state(bus):
        yield bus.state_path


def _keep(bus: Bus, path: Path) -> Path:
    """Move a file or folder below `archive/_before`, to the path that it had, or beside what was kept there before."""
    first = bus.before / path.relative_to(bus.root)
    atomic.make_folder(first.parent)
    target = next(each for each in _names(first) if not os.path.lexists(each))
    atomic.move(path, target)
    return target


def _names(first: Path) -> Iterator[Path]:
    """Yield the path for what is kept first, and those for what is kept beside it later."""
    return chain((first,), (first.with_name(f"{first.name}.{number}") for number in count(2)))
