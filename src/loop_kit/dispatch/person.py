"""A person in a role: loop says what it waits for, and takes the document when it has been still and parses.

A person's file is never moved or rewritten: what is wrong with it is said, and loop waits on. A wait may last for days, so
it wakes up less than twice a second.
"""

import math
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from loop_kit.bus.document import parse
from loop_kit.dispatch.request import DocumentRequest, Report
from loop_kit.dispatch.watchdog import Watchdog
from loop_kit.engine.limits import check_stop
from loop_kit.engine.run import Run
from loop_kit.errors import DocumentError, TimeLimitError
from loop_kit.model.review import ReviewReport
from loop_kit.model.shown_events import DocumentProblem, WaitingForPerson
from loop_kit.model.work import WorkReport

R = TypeVar("R", bound=Report)
Mark: TypeAlias = tuple[int, int, int] | None

# A file counts when it has been still for so long; with the look before that, an answer is taken within 0.8 s.
_STILL_SECONDS = 0.2
LOOK_SECONDS = 0.6
# What lies on the bus for who is asked for a document, and how people answer.
_MATERIAL = {WorkReport.kind: ("task_card", "fix_list"), ReviewReport.kind: ("review_request", "work_report")}
_ANSWERS = {
    WorkReport.kind: ("commit the work, then: loop submit --notes TEXT",),
    ReviewReport.kind: (
        "loop review --approve",
        "loop review --change FILE:LINE --reason TEXT",
        "loop review --edit",
    ),
}


def wait_for(run: Run, request: DocumentRequest[R]) -> R:
    """Return the document a person put on the bus; raise `TimeLimitError` when none came in time."""
    path = run.bus.path(request.paper)
    tried = newest = mark(path)
    report, problem = _try(run, request)
    if report is None:
        _say_what_is_wanted(run, request, path)
        _say_what_is_wrong(run, request, path, problem)
    clock = run.world.clock.seconds
    limit = run.settings.run.artifact_timeout
    until = clock() + limit if limit else math.inf
    watchdog = Watchdog(run, request.role)
    while True:
        check_stop(run)
        if report is not None:
            return report
        watchdog.check()
        if clock() >= until:
            raise TimeLimitError(
                f"no {path.name} came within --artifact-timeout {limit:g} s",
                hint=f"{_ANSWERS[request.expect.kind][0]}, then: loop run --resume (--artifact-timeout 0 waits without a limit)",
            )
        seen, newest = newest, mark(path)
        if newest == seen != tried:
            tried = newest
            report, problem = _try(run, request)
            _say_what_is_wrong(run, request, path, problem)
        else:
            pause = LOOK_SECONDS if newest == seen else _STILL_SECONDS
            run.world.interruption.sleep(min(pause, until - clock()))


def _say_what_is_wanted(run: Run, request: DocumentRequest[Any], path: Path) -> None:
    there = [run.bus.path(kind) for kind in _MATERIAL[request.expect.kind]]
    wanted = WaitingForPerson(
        role=request.role,
        task_id=run.card.task_id,
        goal=run.card.goal,
        round=run.round,
        path=str(path),
        material=tuple(str(each) for each in there if each.exists()),
        answers=_ANSWERS[request.expect.kind],
        problems=request.problems,
    )
    run.emit(wanted)


def _say_what_is_wrong(run: Run, request: DocumentRequest[Any], path: Path, problem: str) -> None:
    if problem:
        run.emit(DocumentProblem(role=request.role, path=str(path), problem=problem))


def _try(run: Run, request: DocumentRequest[R]) -> tuple[R | None, str]:
    try:
        data = run.bus.read_raw(request.paper)
        if data is None:
            return None, ""
        name = run.bus.name(run.bus.path(request.paper))
        report = request.read(parse(data, name=name))
        run.papers[request.paper] = data
        return report, ""
    except DocumentError as error:
        return None, error.message


def mark(path: Path) -> Mark:
    """Return what is another when a file was written since; None when there is none."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
