"""Whose bus it is: asked by every command before it reads anything else there or takes a lock.

Another tool may have a bus of the same name. A package of the entry point group `loop_kit.adopters` knows such a tool: it
offers an `Adopter` or its class. Nothing else in loop names the tool or its files.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol, runtime_checkable

from loop_kit.bus.bus import Bus
from loop_kit.bus.newer import check_not_newer_bus
from loop_kit.errors import ConfigError, StartError
from loop_kit.model.state import RunState
from loop_kit.values.annotations import document_fields

ENTRY_POINTS = "loop_kit.adopters"


@runtime_checkable
class Adopter(Protocol):
    """Knows the bus of one other tool, and adopts it."""

    @property
    def tool(self) -> str:
        """What the tool is called."""

    def facts(self, bus: Bus) -> Iterable[str]:
        """Yield a sentence for each fact that shows that the tool made this bus; none when it did not.

        Writes nothing. Asked about every bus on which loop has no run of its own.
        """

    def adopt(self, bus: Bus, proposals: bytes) -> Iterable[str]:
        """Convert a bus that it has facts about, and return what was done, one sentence per line.

        Takes the lock of the bus. Afterwards `facts` is empty, also when earlier tries were killed, and everything that was
        there is in the archive: a task's documents under `before_name`, the rest below `Bus.before`. `proposals` are appended
        to a new config.toml. Raises `LockedError`, before anything is changed, while the tool is running there.
        """

    def next_lines(self, bus: Bus, *, cwd: Path, loop: str, reviewer: str) -> Iterable[str]:
        """Return what to do next with what was adopted; nothing when nothing was, or loop has run here since.

        `loop` is the command line that finds this bus, `reviewer` the backend of the settings.
        """


def check_maker(bus: Bus) -> None:
    """Raise unless this loop may work on `bus`: `NewerError`, or `StartError` for one that is still to be adopted.

    For the bus of a task that holds of the default bus too, from which it inherits.
    """
    if bus.task_id:
        check_maker(bus.default)
    state = check_not_newer_bus(bus)
    if state is not None and "schema_version" in state and state.keys() <= _names():
        return  # a state of loop's own, whole or broken
    for adopter in adopters():
        for fact in adopter.facts(bus):
            raise StartError(
                f"{bus.root} was made by {adopter.tool}: {fact}", hint="loop init adopts it; nothing is lost"
            )


def _names() -> set[str]:
    """Return the fields of loop's own state.json."""
    return {"schema_version", *(each.name for each in document_fields(RunState))}


def adopters() -> Iterator[Adopter]:
    """Yield the installed adopters; raise `ConfigError` for one that cannot be loaded."""
    from loop_kit.entry_points import load, offered  # noqa: PLC0415  (only for a bus without a run of loop's own)

    for entry in offered(ENTRY_POINTS):
        adopter = load(entry, "adopter")
        if not isinstance(adopter, Adopter):
            raise ConfigError(
                f"the entry point '{entry.name}' ({entry.value}) is not an adopter", hint="uninstall its package"
            )
        yield adopter
