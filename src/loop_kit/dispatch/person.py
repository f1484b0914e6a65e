"""A person in a role: loop says what it waits for, and takes the document when it has been still and parses.

A person's file is never moved or rewritten: what is wrong with it is said, and loop waits on. A wait may last for days, so
it wakes up less than twice a second.
"""

import math
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from loop_kit.bus.document import parse
from loop_kit.dispatch.request import Ask, Report
from loop_kit.dispatch.watchdog import Presence
from loop_kit.engine.context import RunContext
from loop_kit.errors import DocumentError, TimeLimitError
from loop_kit.model.shown_events import DocumentProblem, WaitingForPerson
from loop_kit.model.state import RunState

R = TypeVar("R", bound=Report)
Mark: TypeAlias = tuple[int, int, int] | None

# A file counts when it has been still for so long; with the look before that, an answer is taken within 0.8 s.
_STILL_SECONDS = 0.2
LOOK_SECONDS = 0.6
# What lies on the bus for each role, and how it answers.
_MATERIAL = {"worker": ("task_card", "fix_list"), "reviewer": ("review_request", "work_report")}
_ANSWERS = {
    "worker": ("commit the work, then: loop submit --notes TEXT",),
    "reviewer": (
        "loop review --approve",
        "loop review --change FILE:LINE --reason TEXT",
        "loop review --edit",
    ),
}


def wait_for(ctx: RunContext, state: RunState, ask: Ask[R]) -> R:
    """Return the document a person put on the bus; raise `TimeLimitError` when none came in time."""
    path = ctx.bus.path(ask.kind)
    tried = newest = mark(path)
    report, problem = _try(ctx, state, ask)
    if report is None:
        _say_what_is_wanted(ctx, state, ask, path)
        _say_what_is_wrong(ctx, ask, path, problem)
    clock = ctx.world.clock.seconds
    limit = ctx.settings.run.artifact_timeout
    until = clock() + limit if limit else math.inf
    presence = Presence(ctx, ask.role)
    while True:
        ctx.check_stop()
        if report is not None:
            return report
        presence.check()
        if clock() >= until:
            raise TimeLimitError(
                f"no {path.name} came within --artifact-timeout {limit:g} s",
                hint=f"{_ANSWERS[ask.role][0]}, then: loop run --resume (--artifact-timeout 0 waits without a limit)",
            )
        seen, newest = newest, mark(path)
        if newest == seen != tried:
            tried = newest
            report, problem = _try(ctx, state, ask)
            _say_what_is_wrong(ctx, ask, path, problem)
        else:
            pause = LOOK_SECONDS if newest == seen else _STILL_SECONDS
            ctx.world.interruption.sleep(min(pause, until - clock()))


def _say_what_is_wanted(ctx: RunContext, state: RunState, ask: Ask[Any], path: Path) -> None:
    there = [ctx.bus.path(kind) for kind in _MATERIAL[ask.role]]
    wanted = WaitingForPerson(
        role=ask.role,
        task_id=state.task_id,
        goal=ctx.card.goal,
        round=state.round,
        path=str(path),
        material=tuple(str(each) for each in there if each.exists()),
        answers=_ANSWERS[ask.role],
        problems=ask.problems,
    )
    ctx.emit(wanted)


def _say_what_is_wrong(ctx: RunContext, ask: Ask[Any], path: Path, problem: str) -> None:
    if problem:
        ctx.emit(DocumentProblem(role=ask.role, path=str(path), problem=problem))


def _try(ctx: RunContext, state: RunState, ask: Ask[R]) -> tuple[R | None, str]:
    try:
        data = ctx.bus.read_raw(ask.kind)
        if data is None:
            return None, ""
        name = ctx.bus.name(ctx.bus.path(ask.kind))
        report = ask.read(parse(data, name=name), state, name=f"{ask.kind}.json")
        ctx.papers[ask.kind] = data
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
