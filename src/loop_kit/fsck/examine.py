"""All checks of one bus, in the order in which a person wants to read the results."""

from collections.abc import Iterator

from loop_kit.bus.archive import Archive
from loop_kit.bus.atomic import listed
from loop_kit.bus.bus import Bus
from loop_kit.bus.buses import buses
from loop_kit.bus.files import is_folder
from loop_kit.errors import LoopError
from loop_kit.fsck.documents import examine_archive, examine_bus
from loop_kit.fsck.history import examine_refs, examine_state
from loop_kit.fsck.leftovers import examine_files, examine_runs
from loop_kit.fsck.log import examine_log
from loop_kit.fsck.problem import Problem
from loop_kit.model.names import is_run_name
from loop_kit.model.state import RunState
from loop_kit.vcs.repository import Repository


def examine(bus: Bus, repository: Repository, *, alive: bool) -> Iterator[Problem]:
    """Yield every problem.

    While a run is `alive` its unfinished work is not checked: the check could fall between two of its steps.
    """
    run_names = _kept(bus)
    elsewhere = {name for each in buses(bus) if each != bus for name in _kept(each)}
    yield from examine_bus(bus)
    for run_name in run_names:
        yield from examine_archive(bus, Archive(bus.archive_root / run_name))
    state = _state(bus)
    yield from examine_log(bus, repository, run_names, state, alive=alive)
    yield from examine_refs(bus, repository, run_names, elsewhere)
    if not alive:
        if state is not None and state.run_name:
            yield from examine_state(bus, repository, state)
        yield from examine_files(bus, state)
        yield from examine_runs(bus, repository, run_names, state)


def _kept(bus: Bus) -> list[str]:
    return [name for name in listed(bus.archive_root) if is_run_name(name) and is_folder(bus.archive_root / name)]


def _state(bus: Bus) -> RunState | None:
    try:
        return bus.read_state()
    except LoopError:
        return None  # reported for the document itself
