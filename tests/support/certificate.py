"""The crash certificate: from every state of the disk that a kill can leave, the run is finished by running it again.

One run of two rounds, with checks, is filmed (`tests/support/recording.py`). Each state that was seen is then laid out
again, the same command is run again, and the end is held against that of the undisturbed run.
"""

import json
import shutil
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from loop_kit.bus.bus import Bus
from loop_kit.fsck.examine import examine
from loop_kit.vcs.repository import Repository
from tests.support import recording
from tests.support.crashes import ends_as_undisturbed, go_on, set_up
from tests.support.runs import Stage

CHECK = "echo run >> {counter}; grep -q start app.txt"
CONFIG = """
[checks.starts]
run = "{check}"
"""
KILLED, TORN, LOST = (
    "killed before the deed",
    "killed in the middle of the write",
    "power lost, what was not synced gone",
)
FAULTS = {"torn": TORN, "unsynced": LOST}
FILMING = 300.0  # seconds: a run that is filmed takes six times as long as one that is not
CALLS, CHECK_RUNS = 4, 3  # what the undisturbed run pays and runs


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One state of the disk, and the fault and the deed that it was first seen at. `who` is `pm` or `round`."""

    state: str
    who: str
    fault: str
    deed: str


@dataclass(frozen=True, kw_only=True)
class Film:
    """A filmed run: its stage, its states in their order, and how many points of each fault they stand for."""

    stage: Stage
    folder: Path
    shots: tuple[Shot, ...]
    points: Counter[str]


def film(folder: Path, python: str = sys.executable, *, halves: bool = True) -> Film:
    """Film the undisturbed run, which has to end as it should; `python` is one that finds the loop to be tried.

    Without `halves`, states that differ only in the content of half-written files count as one.
    """
    stage = checked_stage(folder / "stage", python)
    camera = (python, "-P", "-E", recording.__file__, str(folder / "shots"), str(folder / "stage"))
    result = stage.end(stage.start("run", program=camera), seconds=FILMING)
    ends_as_undisturbed(stage, result, checks=True)
    lines = [json.loads(line) for line in (folder / "shots/journal").read_text(encoding="utf-8").splitlines()]
    first: dict[str, Shot] = {}
    for line in lines:
        shot = Shot(state=line["state"], who=line["who"], fault=_fault(line["deed"]), deed=line["deed"])
        first.setdefault(line["state" if halves else "readable"], shot)
    points = Counter(_fault(line["deed"]) for line in lines)
    return Film(stage=stage, folder=folder, shots=tuple(first.values()), points=points)


def checked_stage(folder: Path, python: str = sys.executable) -> Stage:
    """Return the stage for a run of two rounds with a check that counts how often it is run."""
    stage = set_up(folder)
    stage.program = (python, "-P", "-E", "-m", "loop_kit")
    config = (stage.bus / "config.toml").read_text(encoding="utf-8")
    stage.configure(config + CONFIG.format(check=CHECK.format(counter=_counter(stage))))
    return stage


def _fault(deed: str) -> str:
    return FAULTS.get(deed.split(maxsplit=1)[0], KILLED)


def _counter(stage: Stage) -> Path:
    return stage.cache.with_name("checks.log")


def violations(film: Film, shots: tuple[Shot, ...]) -> Iterator[tuple[Shot, str]]:
    """Yield each state with what is wrong with the end that a run comes to from there, "" when nothing is."""
    for shot in shots:
        yield shot, _violation(film, shot)


def _violation(film: Film, shot: Shot) -> str:
    _lay_out(film, shot)
    # No picture is taken while an agent works: whoever was called has handed in, and that is never asked for again.
    return problem_of(film.stage, lambda: finish(film.stage, most_calls=CALLS))


def problem_of(stage: Stage, prove: Callable[[], None]) -> str:
    """Return what was wrong when `prove` failed and where, "" when nothing was; nobody of the stage lives afterwards."""
    try:
        prove()
    except (AssertionError, LookupError, OSError, ValueError) as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"{error!r} in {where.name}: {where.line}"
    finally:
        stage.kill_all()
    return ""


def finish(stage: Stage, *, most_calls: int) -> None:
    """Finish the run as a person would; fail unless it ends as the undisturbed one, having lost and repeated nothing."""
    archive, held, most = _archive(stage), set(stage.pins().values()), _most_check_runs(stage)
    ends_as_undisturbed(stage, go_on(stage), checks=True)
    after = _archive(stage)
    lost = [name for name, data in archive.items() if after.get(name) != data]
    assert not lost, f"lost or changed in the archive: {lost}"
    assert held <= set(stage.pins().values()), f"no ref holds {held - set(stage.pins().values())} any more"
    assert CALLS <= sum(stage.paid) <= most_calls, f"{sum(stage.paid)} calls were paid"
    entered = sum(each["dispatches"] for each in stage.look().standing["spent"].values())
    assert entered >= sum(stage.paid), f"{sum(stage.paid)} calls were paid, and {entered} are in the account"
    assert CHECK_RUNS <= _check_runs(stage) <= most, f"checks ran {_check_runs(stage)} times, at most {most} were due"
    examined = examine(Bus(stage.bus), Repository.find(stage.root), alive=False)
    problems = [problem for problem in examined if problem.code != "torn"]
    assert not problems, f"fsck: {[(problem.where, problem.text) for problem in problems]}"


def _lay_out(film: Film, shot: Shot) -> None:
    """Make the stage look as it did, at the same place: a manifest names absolute paths."""
    folder = film.folder / "stage"
    shutil.rmtree(folder)
    recording.copy(film.folder / "shots" / shot.state, folder)


def _archive(stage: Stage) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in stage.bus.glob("archive/T-1/r*")}


def _most_check_runs(stage: Stage) -> int:
    """Return how often checks may run in all: once more for one that was cut off before its result was sealed."""
    sealed = len([event for event in stage.feed() if event["event"] == "checks_ended"])
    return CHECK_RUNS + _check_runs(stage) - sealed


def _check_runs(stage: Stage) -> int:
    counter = _counter(stage)
    return len(counter.read_text(encoding="utf-8").splitlines()) if counter.exists() else 0
