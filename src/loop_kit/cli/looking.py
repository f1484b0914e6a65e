"""What the commands that only look have in common: they need a bus, tell times as people do, and print results."""

import io
import json
import sys
import unicodedata
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from loop_kit.bus.bus import Bus
from loop_kit.cli.adopters import check_maker
from loop_kit.cli.console import printable, put
from loop_kit.cli.edge import Edge
from loop_kit.cli.places import bus_root
from loop_kit.errors import StartError
from loop_kit.views.lookup import all_runs, buses_for, find_bus, find_run

_PART = 1 << 16
_NAMED = 10


def bus_to_look_at(edge: Edge) -> Bus:
    """Return the bus; raise `StartError` when there is none, and as `check_maker` does."""
    bus = Bus(bus_root(edge))
    if not bus.root.is_dir():
        raise StartError(
            f"{bus.root} {'is no folder' if bus.root.exists() else 'does not exist'}",
            hint=f"loop run makes it, once {bus.task_id} has a card" if bus.task_id else "loop init makes it",
        )
    check_maker(bus)
    return bus


def bus_of_run(edge: Edge, task: str) -> Bus:
    """Return the bus on which the named run is the last one, without a name the bus itself; raises as `find_bus` does too."""
    bus = bus_to_look_at(edge)
    found = find_bus(bus, task)
    if found != bus:
        check_maker(found)
    return found


def bus_with_run(edge: Edge, task: str) -> Bus:
    """Return what `bus_of_run` does; raise `StartError` when nothing was named and only other buses have runs."""
    bus = bus_of_run(edge, task)
    if not task and bus.read_state() is None:
        others = list(dict.fromkeys(each.task_id for each, _ in all_runs(bus) if each.task_id))
        if others:
            raise StartError(
                f"no run stands on {bus.root}", hint=f"say which task is meant: {', '.join(others[-_NAMED:])}"
            )
    return bus


def buses_with(edge: Edge, task: str) -> list[Bus]:
    """Return every bus on which runs of that name can be, without a name the bus itself; raises as `bus_to_look_at` does."""
    bus = bus_to_look_at(edge)
    found = buses_for(bus, task) if task else [bus]
    for each in found:
        if each != bus:
            check_maker(each)
    return found


def run_to_look_at(edge: Edge, task: str) -> tuple[Bus, str]:
    """Return the bus and the name of a run: the one named, else the last one on the bus; raises as `find_run` does too."""
    bus = bus_to_look_at(edge)
    found, run_name = find_run(bus, task)
    if found != bus:
        check_maker(found)
    return found, run_name


def now() -> datetime:
    return datetime.now(UTC)


def local_time(at: str, *, day: bool = True) -> str:
    """Return a time on the bus as the person's clock shows it; what is no time comes back as it is."""
    try:
        then = datetime.fromisoformat(at).astimezone()
    except (ValueError, OverflowError):
        return at
    return then.strftime("%Y-%m-%d %H:%M:%S" if day else "%H:%M:%S")


def cut(text: str, cells: int, *, end: str = "…") -> str:
    """Return the beginning of a line that fits so many cells of a terminal: a wide character takes two, a mark none.

    `end` takes one cell and says that there is more.
    """
    taken = whole = 0  # `whole`: so many characters leave room for `end`
    for place, char in enumerate(text):
        taken += _cells(char)
        if taken > cells:
            return f"{text[:whole]}{end}"
        whole = place + 1 if taken < cells else whole
    return text


def width(text: str) -> int:
    """Return how many cells of a terminal a line takes."""
    return sum(map(_cells, text))


def _cells(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def put_json(document: Any, *, indent: int | None = 2) -> None:
    """Print a document. ASCII: any terminal shows it, and escapes within it stay what they are."""
    put(json.dumps(document, indent=indent))


def say(text: str) -> bool:
    """Print lines and tell whether anybody still reads them: a command that goes on until it is stopped has to know."""
    try:
        sys.stdout.write(f"{printable(text)}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        return False
    return True


def put_exactly(data: bytes) -> None:
    """Print bytes as they are; on a terminal, where they could be commands to it, as text with control characters shown."""
    if sys.stdout.isatty():
        sys.stdout.write(printable(data.decode("utf-8", "backslashreplace")))
        sys.stdout.flush()
        return
    sys.stdout.flush()
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        return


def put_file(path: Path) -> None:
    """Print a file as `put_exactly` does, a part at a time."""
    with path.open("rb") as file, suppress(BrokenPipeError):
        if sys.stdout.isatty():
            text = io.TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="\n")
            for line in iter(lambda: text.readline(_PART), ""):
                sys.stdout.write(printable(line))
            sys.stdout.flush()
        else:
            sys.stdout.flush()
            for part in iter(lambda: file.read(_PART), b""):
                sys.stdout.buffer.write(part)
            sys.stdout.buffer.flush()
