"""Make room for a new run: archive what an earlier run left on the bus, then remove it.

Each document goes to the archive of the run that it names, so an unfinished run of another task keeps its own. The person's card
stays. Every step may be repeated; the state goes last, because it says which run the rest belongs to.
"""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from loop_kit.bus import atomic, delivery
from loop_kit.bus.archive import Archive
from loop_kit.bus.bus import Bus
from loop_kit.bus.document import parse
from loop_kit.bus.files import is_folder, read_bytes
from loop_kit.bus.layout import LIMITS, ROUND_KINDS
from loop_kit.errors import DocumentError
from loop_kit.model.names import is_run_name, is_task_id
from loop_kit.model.versions import current

_REPORT_LIMIT = 4 << 20
_ROUND_LIMIT = 10**6


def empty_bus(bus: Bus) -> list[Path]:
    """Archive and remove all documents of earlier runs; return where they went. For the holder of the lock."""
    run_names = _run_names(bus)
    filed = [_file(bus, bus.path(kind), run_names) for kind in (*ROUND_KINDS, "summary")]
    filed += _empty_runtime(bus, run_names)
    atomic.remove(bus.diff_path)  # git has the commits that it showed
    filed.append(_file(bus, bus.state_path, run_names))
    return [path for path in filed if path is not None]


def _empty_runtime(bus: Bus, run_names: Mapping[str, str]) -> list[Path | None]:
    filed = []
    for name in atomic.listed(bus.runtime):
        entry = bus.runtime / name
        if is_folder(entry):
            filed.append(_file(bus, entry / delivery.REPORT, run_names))
            delivery.clear(entry)
        else:
            atomic.remove(entry)
    return filed


def _file(bus: Bus, path: Path, run_names: Mapping[str, str]) -> Path | None:
    """Archive one document, or keep it unfiled; return where, None when there is none."""
    try:
        data = read_bytes(path, limit=LIMITS.get(path.stem, _REPORT_LIMIT), follow=False)
    except FileNotFoundError:
        return None
    except DocumentError:
        return bus.set_aside(path)
    belongs = _belongs(path, data, run_names)
    kept: Path | None
    if belongs is None:
        kept = _keep_unfiled(bus, path.stem, data)
    else:
        run_name, round_number = belongs
        archive = Archive(bus.archive_root / run_name)
        if _is_swapped(bus, run_name, round_number, path.stem, data):
            kept = archive.refuse(round_number, path.stem, path, "it was changed after loop had read or written it")
        else:
            kept = archive.put(round_number, path.stem, data)
    atomic.remove(path)
    return kept


def _is_swapped(bus: Bus, run_name: str, round_number: int, kind: str, data: bytes) -> bool:
    """Whether a document of the state's run has another digest than that run has recorded."""
    try:
        state = bus.read_state()
    except DocumentError:
        return False
    if state is None or state.run_name != run_name:
        return False
    digests = {row.round: row.digests for row in state.round_details}
    open_round = state.digests if state.round not in digests or kind == "fix_list" else digests[state.round]
    wanted = (open_round if round_number == state.round else digests.get(round_number, {})).get(kind)
    return wanted not in (None, sha256(data).hexdigest())


def _keep_unfiled(bus: Bus, name: str, data: bytes) -> Path:
    atomic.make_folder(bus.unfiled)
    path = bus.unfiled / f"{name}.{sha256(data).hexdigest()[:16]}.json"
    atomic.exclusive_write(path, data)  # False: the same bytes are there already
    return path


def _belongs(path: Path, data: bytes, run_names: Mapping[str, str]) -> tuple[str, int] | None:
    """Return the run name and round that a document names, None when they are missing or not valid."""
    try:
        document = current(path.stem, parse(data), name=path.name)
        task_id, round_number = document["task_id"], document["round" if "round" in document else "rounds"]
        run_name = document.get("run_name") or run_names.get(task_id) or task_id
    except (DocumentError, KeyError, TypeError):
        return None
    if not (isinstance(task_id, str) and is_task_id(task_id) and isinstance(run_name, str) and is_run_name(run_name)):
        return None
    sound = type(round_number) is int and 0 <= round_number <= _ROUND_LIMIT
    return (run_name, round_number) if sound and run_name.partition("@")[0] == task_id else None


def _run_names(bus: Bus) -> dict[str, str]:
    """Return the run name of the run in the state, by its task."""
    try:
        state = bus.read("state")
    except DocumentError:
        return {}
    return {} if state is None else {str(state.get("task_id")): str(state.get("run_name", ""))}
