"""Which run a person means, and on which bus it is: a name is searched on the default bus and on that of its task."""

from loop_kit.bus.atomic import listed
from loop_kit.bus.bus import Bus
from loop_kit.bus.buses import buses
from loop_kit.bus.files import is_folder
from loop_kit.errors import DocumentError, StartError
from loop_kit.model.names import is_before, is_run_name, is_task_id
from loop_kit.model.state import RunState

_SHOWN = 10


def run_names(bus: Bus) -> list[str]:
    """Return the runs of this bus's archive, a task's in their order, what was there before loop first."""
    names = (name for name in listed(bus.archive_root) if is_folder(bus.archive_root / name))
    return sorted((name for name in names if is_run_name(name) or is_before(name)), key=_order)


def all_runs(bus: Bus) -> list[tuple[Bus, str]]:
    """Return the runs of the archives of all buses, each with its bus, in the order of `run_names`."""
    found = [(each, run_name) for each in buses(bus) for run_name in run_names(each)]
    return sorted(found, key=lambda at: _order(at[1]))


def find_run(bus: Bus, wanted: str) -> tuple[Bus, str]:
    """Return a run and its bus: the named one, else the last one on this bus.

    Raises `StartError` when there is none, `DocumentError` when the state cannot be read.
    """
    if not wanted:
        state = bus.read_state()
        if state is not None and state.run_name:
            return bus, state.run_name
    for each in buses_for(bus, wanted):
        if wanted in run_names(each) or _stands(each, wanted):
            return each, wanted
    raise StartError(
        f"there is no run {wanted!r} on {bus.default.root}" if wanted else f"no run stands on {bus.root}",
        hint=_known(bus),
    )


def find_bus(bus: Bus, wanted: str) -> Bus:
    """Return the bus whose last run is the named one: T-001@2, or the last of T-001. Without a name it is `bus`.

    Raises `StartError` when there is none, `DocumentError` when there is none among the states that can be read.
    """
    if not wanted:
        return bus
    found: list[tuple[int, Bus]] = []
    unread: DocumentError | None = None
    for each in buses_for(bus, wanted):
        try:
            state = each.read_state()
        except DocumentError as error:
            unread = error
            continue
        if state is not None and wanted in (state.run_name, state.task_id):
            found.append((_order(state.run_name)[1], each))
    if found:
        return max(found, key=lambda at: at[0])[1]
    if unread is not None:
        raise unread
    on, run_name = find_run(bus, wanted)
    raise StartError(f"{run_name} is not the last run on {on.root}", hint=f"loop show {run_name} shows it")


def buses_for(bus: Bus, wanted: str) -> list[Bus]:
    """Return the existing buses that can have a run of that name: this one, the default one, that of its task."""
    task_id = wanted.partition("@")[0]
    roots = [bus.root, bus.default.root, *([bus.runs_root / task_id] if is_task_id(task_id) else [])]
    return [Bus(root) for root in dict.fromkeys(roots) if is_folder(root)]


def _stands(bus: Bus, run_name: str) -> bool:
    state = state_of(bus)
    return state is not None and state.run_name == run_name


def _known(bus: Bus) -> str:
    known = [run_name for _, run_name in all_runs(bus)]
    return f"known: {', '.join(known[-_SHOWN:])}" if known else "loop run starts one"


def state_of(bus: Bus) -> RunState | None:
    """Return the state of a bus, None when there is none or it cannot be read."""
    try:
        return bus.read_state()
    except DocumentError:
        return None


def _order(run_name: str) -> tuple[str, int]:
    task_id, _, number = run_name.partition("@")
    return task_id, int(number or 1)
