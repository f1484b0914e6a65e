"""Whose bus it is: asked by every command before it reads anything else there, and before it takes a lock.

Another tool may have a bus of the same name. What loop knows of one is a package that comes in by the entry point group
`loop_kit.adopters`: an `Adopter`, or its class. No name of such a tool, and none of its files, stands anywhere else.
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
    """Knows the bus of one other tool, and takes it over."""

    @property
    def tool(self) -> str:
        """What the tool is called."""

    def facts(self, bus: Bus) -> Iterable[str]:
        """Yield a sentence for each thing that shows that the tool made this bus; none when it did not.

        It reads and writes nothing. It is asked about every bus without a run of loop's own.
        """

    def adopt(self, bus: Bus, proposals: bytes) -> Iterable[str]:
        """Take over a bus that it has facts about, and return what was done, a sentence a line.

        It takes the lock of the bus. Afterwards it has no facts about it, however often it was killed before, and what was
        there is in the archive: a task's documents under `before_name`, all else below `Bus.before`. `proposals` end a new
        config.toml. Raises `LockedError`, before anything is changed, when the tool is at work there.
        """

    def next_lines(self, bus: Bus, *, cwd: Path, loop: str, reviewer: str) -> Iterable[str]:
        """Return how the person goes on with what was adopted; nothing when nothing was, or loop has run here since.

        `loop` is how loop is called for this bus, `reviewer` the backend of the settings.
        """


def check_maker(bus: Bus) -> None:
    """Raise unless this loop may work on `bus`: `NewerError`, or `StartError` for one that is still to be adopted.

    For the bus of a task that holds of the default bus too, from which it inherits.
    """
    if bus.task_id:
        check_maker(bus.default)
    state = check_not_newer_bus(bus)
    if state is not None and "schema_version" in state and state.keys() <= _names():
        return  # whatever else may be wrong with it is loop's own matter
    for adopter in adopters():
        for fact in adopter.facts(bus):
            raise StartError(
                f"{bus.root} was made by {adopter.tool}: {fact}", hint="loop init adopts it; nothing of it is lost"
            )


def _names() -> set[str]:
    """Return the fields that a state of loop's own may have."""
    return {"schema_version", *(each.name for each in document_fields(RunState))}


def adopters() -> Iterator[Adopter]:
    """Yield whoever knows the bus of another tool; raise `ConfigError` for one that cannot be loaded."""
    from loop_kit.entry_points import load, offered  # noqa: PLC0415  (only for a bus without a run of loop's own)

    for entry in offered(ENTRY_POINTS):
        adopter = load(entry, "adopter")
        if not isinstance(adopter, Adopter):
            raise ConfigError(f"the adopter '{entry.name}' of {entry.value} is none", hint="uninstall its package")
        yield adopter
