"""Which bus and which run a command is about: the named ones, else the last run on the bus that is found from here."""

from loop_kit.bus.bus import Bus
from loop_kit.cli.adopters import check_maker
from loop_kit.cli.invocation import Invocation
from loop_kit.cli.places import bus_root
from loop_kit.errors import StartError
from loop_kit.views.lookup import all_runs, buses_for, find_bus, find_run

_NAMED = 10


def existing_bus(invocation: Invocation) -> Bus:
    """Return the bus; raise `StartError` when there is none, and what `check_maker` raises."""
    bus = Bus(bus_root(invocation))
    if not bus.root.is_dir():
        raise StartError(
            f"{bus.root} {'is not a folder' if bus.root.exists() else 'does not exist'}",
            hint=f"loop run makes it, once {bus.task_id} has a card" if bus.task_id else "loop init makes it",
        )
    check_maker(bus)
    return bus


def bus_of_run(invocation: Invocation, task: str) -> Bus:
    """Return the bus whose last run is the named one, without a name the bus itself; raises what `find_bus` raises too."""
    bus = existing_bus(invocation)
    found = find_bus(bus, task)
    if found != bus:
        check_maker(found)
    return found


def bus_with_run(invocation: Invocation, task: str) -> Bus:
    """Return what `bus_of_run` returns; raise `StartError` when no task is named and only other buses have runs."""
    bus = bus_of_run(invocation, task)
    if not task and bus.read_state() is None:
        others = list(dict.fromkeys(each.task_id for each, _ in all_runs(bus) if each.task_id))
        if others:
            raise StartError(f"no run stands on {bus.root}", hint=f"name a task: {', '.join(others[-_NAMED:])}")
    return bus


def buses_with(invocation: Invocation, task: str) -> list[Bus]:
    """Return every bus that can have runs of that name, without a name the bus itself; raises what `existing_bus` raises."""
    bus = existing_bus(invocation)
    found = buses_for(bus, task) if task else [bus]
    for each in found:
        if each != bus:
            check_maker(each)
    return found


def existing_run(invocation: Invocation, task: str) -> tuple[Bus, str]:
    """Return the bus and the name of a run: the named one, else the last one on the bus; raises what `find_run` raises too."""
    bus = existing_bus(invocation)
    found, run_name = find_run(bus, task)
    if found != bus:
        check_maker(found)
    return found, run_name
