"""Cards: made from a few words or from a command that fails, named by the next free number, found by their id.

They lie in `.loop/tasks/{id}.json`; a run copies the one it takes to the bus.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from loop_kit.bus.atomic import exclusive_write, make_folder
from loop_kit.bus.bus import Bus
from loop_kit.bus.document import dump
from loop_kit.errors import DocumentError, StartError, UsageError
from loop_kit.model import documents
from loop_kit.model.names import is_task_id
from loop_kit.model.redaction import Redactor
from loop_kit.model.task import TaskCard
from loop_kit.processes.signals import Interruption
from loop_kit.processes.spawn import Command
from loop_kit.processes.stream import Cleaning
from loop_kit.processes.supervise import Ended, HowEnded, Limits, Watch, supervise
from loop_kit.values import dataclass

_NUMBERED = re.compile(r"T-([0-9]{1,9})(?![0-9])")
_CHECK_SECONDS = 600.0
_QUOTED = 4000  # characters of a command's output that a card quotes
_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """What a person says of a task; `checks` are command lines for `sh -c`. An empty `task_id` is made up."""

    goal: str
    task_id: str = ""
    criteria: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()


def write_card(bus: Bus, sketch: Sketch, *, force: bool = False) -> Path:
    """Write the card and return where; with `force` a card that lies there goes to the archive first."""
    bus.ensure_layout()
    make_folder(tasks_folder(bus))
    task_id = sketch.task_id or next_id(bus)
    document = _document(sketch, task_id)
    documents.read(TaskCard, document, name="the card")
    path = tasks_folder(bus) / f"{task_id}.json"
    if force and path.exists():
        bus.set_aside(path)
    if not exclusive_write(path, dump(document)):
        raise StartError(f"{bus.name(path)} exists", hint="--force archives it first; without --id a free one is taken")
    return path


def _document(sketch: Sketch, task_id: str) -> dict[str, Any]:
    checks = list(_named(sketch.checks))
    return {
        "task_id": task_id,
        "goal": sketch.goal,
        "in_scope": list(sketch.scope),
        "out_of_scope": [],
        "acceptance_criteria": [
            *sketch.criteria,
            *({"text": f"This command succeeds: {check['run']}", "check": check["name"]} for check in checks),
        ],
        "constraints": list(sketch.constraints),
        **({"checks": checks} if checks else {}),
    }


def _named(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    """Give each command a name made of its first words."""
    taken: set[str] = set()
    for line in lines:
        word = "-".join(re.findall(r"[A-Za-z0-9]+", line)[:4])[:40] or "check"
        numbered = (word if number == 1 else f"{word}-{number}" for number in range(1, len(taken) + 2))
        name = next(name for name in numbered if name not in taken)
        taken.add(name)
        yield {"name": name, "run": line}


def sketch_from_failure(line: str, root: Path, environment: dict[str, str], interruption: Interruption) -> Sketch:
    """Run a command and return the task to make it succeed; raise `StartError` when it does already."""
    ended = supervise(
        Command(argv=("sh", "-c", line), env=environment, cwd=root),
        limits=Limits(wall=_CHECK_SECONDS),
        watch=Watch(cleaning=Cleaning.of(Redactor.of(environment))),
        interruption=interruption,
    )
    interruption.raise_if_requested()
    if ended.how is HowEnded.EXITED and ended.exit_code == 0:
        raise StartError(f"{line!r:.200} succeeds: there is nothing to mend", hint="--goal says another task")
    said = "\n".join(tail.strip() for tail in (ended.out_tail, ended.err_tail) if tail.strip())
    quoted = f", and the end of its output is:\n\n{said[-_QUOTED:]}" if said else " and prints nothing."
    return Sketch(goal=f"Make this command succeed: {line}\n\nNow it {_how(ended)}{quoted}", checks=(line,))


def _how(ended: Ended) -> str:
    if ended.how is not HowEnded.EXITED:
        return f"does not end within {_CHECK_SECONDS:g} s"
    return f"ends with exit status {ended.exit_code}"


def next_id(bus: Bus) -> str:
    """Return the first of T-001, T-002, … after every number that cards or runs have, on whichever bus."""
    taken = [0]
    for name in _names(bus):
        match = _NUMBERED.match(name)
        taken += [int(match[1])] if match else []
    return f"T-{max(taken) + 1:03d}"


def _names(bus: Bus) -> Iterator[str]:
    for folder in (tasks_folder(bus), bus.default.archive_root, bus.runs_root):
        yield from (path.name for path in folder.glob("T-*"))
    for kind in ("task_card", "state"):
        try:
            yield str((bus.default.read(kind) or {}).get("task_id", ""))
        except DocumentError:
            continue


def find_card(bus: Bus, named: str, cwd: Path) -> Path:
    """Return the card that a person names by path or by id; raise `UsageError` when an id fits several."""
    path = (cwd / named).absolute()
    if path.exists() or not is_task_id(named):
        return path
    exact = tasks_folder(bus) / f"{named}.json"
    found = [exact] if exact.exists() else _called(bus, named)
    if len(found) > 1:
        names = ", ".join(bus.name(each) for each in found[:_SHOWN])
        raise UsageError(f"--task {named} could be any of {names}", hint="name one of these files")
    return found[0] if found else path


def _called(bus: Bus, task_id: str) -> list[Path]:
    """Return the cards whose file name goes on after the id with something other than a letter or digit."""
    there = sorted(tasks_folder(bus).glob(f"{task_id}*.json"))
    return [path for path in there if not path.name[len(task_id)].isalnum()]


def tasks_folder(bus: Bus) -> Path:
    return bus.tasks
