"""Deaths of one process among the living: the PM or the round is killed while the other one, and the agent, live on.

`certificate.py` finishes runs from pictures of the disk, in which nobody lives. Here a real run dies at one of its
deeds (`dying.py`); whoever is left has to notice, to end the agent and to say by which name the run ended; then it is
finished by running it again. A deed of a round process is a point twice: it may die there itself, or lose its PM.
"""

import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.support import dying, recording, warm
from tests.support.certificate import CALLS, checked_stage, finish, problem_of
from tests.support.crashes import all_gone, ends_as_undisturbed, hold
from tests.support.runs import Result, Stage

PM_DIES, ORPHANED, ROUND_DIES = (
    "the PM alone killed, before its deed",
    "the PM alone killed, before a deed of its round",
    "the round alone killed, before its deed",
)
ROUNDS = (1, 2)
AGENT = "standin.py"
KILLED, TERMINATED = -9, 143
# What each agent does first: it leaves a process behind that stays until somebody ends it, also when nobody listens.
STAYS = ({"close_stdout": True}, {"run": ["sh", "-c", "sleep 60 >/dev/null 2>&1 &"]})
_BEGUN = re.compile(r"^started .*'--single-round', '--round', '(\d+)'(?!.*'--stand-by')")


@dataclass(frozen=True, kw_only=True)
class Point:
    """Where somebody dies: `when` is for dying.py, `deed` is a line of its journal.

    `played` is the round whose deed it is, or that has just been started, 0 when there is none; it is `closed` when its
    last state is on the bus by then.
    """

    fault: str
    when: str
    deed: str
    played: int = 0
    closed: bool = False


@dataclass(frozen=True, kw_only=True)
class Living:
    """A run at a fixed place, laid out anew for each point; `python` is one that finds the loop to be tried."""

    stage: Stage
    folder: Path
    python: str
    points: tuple[Point, ...]

    @property
    def journal(self) -> Path:
        return self.folder / "journal"

    def journal_of(self, played: int) -> list[str]:
        path = self.folder / (f"journal.{played}" if played else "journal")
        return path.read_text(encoding="utf-8").splitlines()


def live(folder: Path, python: str = sys.executable) -> Living:
    """Play the undisturbed run, which has to end as it should, and return it with all its points.

    `python` is one that finds the loop to be tried; when that is this one, loop is started warm.
    """
    stage = checked_stage(folder / "stage", python)
    hold(stage, before=STAYS)
    if python == sys.executable:
        stage.popen, stage.program = warm.Warm, warm.PROGRAM
    recording.copy(folder / "stage", folder / "before")
    living = Living(stage=stage, folder=folder, python=python, points=())
    ends_as_undisturbed(stage, _play(living, "0@0"), checks=True)
    return Living(stage=stage, folder=folder, python=python, points=tuple(_points(living)))


def _points(living: Living) -> Iterator[Point]:
    for number, deed in enumerate(living.journal_of(0), 1):
        begun = _BEGUN.search(deed)
        yield Point(fault=PM_DIES, when=str(number), deed=deed, played=int(begun[1]) if begun else 0)
    for played in ROUNDS:
        deeds = living.journal_of(played)
        last = max(number for number, deed in enumerate(deeds, 1) if _puts_state(deed))
        for number, deed in enumerate(deeds, 1):
            for fault, when in ((ORPHANED, f"{number}^@{played}"), (ROUND_DIES, f"{number}@{played}")):
                yield Point(fault=fault, when=when, deed=deed, played=played, closed=number > last)


def _puts_state(deed: str) -> bool:
    return deed.startswith("rename ") and deed.endswith("/state.json")


def chosen(points: Sequence[Point], step: int) -> list[Point]:
    """Return all deeds of the PM, and of the rounds each start of an agent and every `step`-th other deed.

    They are not the same deeds for both faults of a round.
    """
    found = [point for point in points if point.fault == PM_DIES]
    for offset, fault in enumerate((ORPHANED, ROUND_DIES)):
        here = [point for point in points if point.fault == fault]
        found += [point for number, point in enumerate(here) if number % step == offset % step or AGENT in point.deed]
    return found


def violations(living: Living, points: Sequence[Point]) -> Iterator[tuple[Point, str]]:
    """Yield each point with what is wrong with what came of a death there, "" when nothing is."""
    for point in points:
        yield point, problem_of(living.stage, partial(_prove, living, point))


def _prove(living: Living, point: Point) -> None:
    shutil.rmtree(living.folder / "stage")
    recording.copy(living.folder / "before", living.folder / "stage")
    result = _play(living, point.when)
    all_gone(living.stage)
    now = living.stage.look(code=result.code, err=result.err)
    if point.fault == ROUND_DIES:
        _pm_names_it(now, point)
    else:
        assert now.code == KILLED, f"there was no such deed: exit code {now.code}"
    if point.fault == PM_DIES and point.played:
        _round_does_nothing(now, point)
    if point.fault == ORPHANED:
        _round_names_it(now, point)
        _round_begins_nothing(living, point)
    finish(living.stage, most_calls=CALLS + 1)


def _play(living: Living, when: str) -> Result:
    for path in living.folder.glob("journal*"):
        path.unlink()
    program: tuple[str, ...] = (living.python, "-P", "-E", dying.__file__, when, str(living.journal))
    if living.stage.popen is warm.Warm:
        program = warm.dying(when, str(living.journal))
    return living.stage.end(living.stage.start("run", program=program))


def _pm_names_it(now: Result, point: Point) -> None:
    """Fail unless the PM says how its round ended; when an approval was closed by then, the run is approved."""
    due = (0, "approved") if point.closed and point.played == ROUNDS[-1] else (TERMINATED, "terminated")
    assert (now.code, now.standing["outcome"]) == due, (now.code, now.standing["outcome"])
    assert now.code == 0 or "was killed by signal 9" in now.err, now.err


def _round_does_nothing(now: Result, point: Point) -> None:
    """Fail unless a round that was just begun ended at once; it may have had no time to say why."""
    assert now.standing["round"] == point.played, f"round {point.played} was played without a PM"
    assert now.standing["outcome"] in {None, "terminated"}, now.standing["outcome"]


def _round_names_it(now: Result, point: Point) -> None:
    """Fail unless the round says how it ended; it may have been closed when it could not be cut off any more."""
    closed = now.standing["outcome"] is None and now.standing["round"] > point.played
    assert closed or now.standing["outcome"] in {"terminated", "approved"}, now.standing["outcome"]


def _round_begins_nothing(living: Living, point: Point) -> None:
    """Fail when the round went on to ask somebody; who was about to be started when the PM died may have been."""
    number = int(point.when.partition("^")[0])
    later = [deed for deed in living.journal_of(point.played)[number:] if deed.startswith("started ")]
    agents = [deed for deed in later if AGENT in deed]
    assert len(agents) <= 1, f"after the PM's death {len(agents)} agents were started"
