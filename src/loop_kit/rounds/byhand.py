"""A person in a role: loop says what it waits for, and takes the document when it has been still and parses.

A person's file is never moved or rewritten: what is wrong with it is said, and loop waits on.
"""

from pathlib import Path
from typing import TypeVar

from loop_kit.errors import DocumentError, TimeLimitError
from loop_kit.model.state import RunState
from loop_kit.rounds.ask import Ask, Report
from loop_kit.rounds.context import RunContext

R = TypeVar("R", bound=Report)

_STILL_SECONDS = 0.2
_LOOK_SECONDS = 0.1


def wait_for(ctx: RunContext, state: RunState, ask: Ask[R]) -> R:
    """Return the document a person put on the bus; raise `TimeLimitError` when none came in time."""
    path = ctx.bus.path(ask.kind)
    ctx.show("waiting_for_person", role=ask.role, round=state.round, path=str(path), problems=list(ask.problems))
    clock = ctx.world.clock.seconds
    limit = ctx.settings.artifact_timeout
    until = clock() + limit if limit else None
    seen, since, said = _stamp(path), clock() - _STILL_SECONDS, ""
    while True:
        ctx.check_stop()
        stamp = _stamp(path)
        if stamp != seen:
            seen, since = stamp, clock()
        elif stamp is not None and clock() - since >= _STILL_SECONDS:
            report, problem = _try(ctx, state, ask)
            if report is not None:
                return report
            if problem != said:
                ctx.show("document_problem", role=ask.role, path=str(path), problem=problem)
                said = problem
        if until is not None and clock() >= until:
            raise TimeLimitError(
                f"no {path.name} came within --artifact-timeout {limit:g} s",
                hint=f"write {path}, then: loop run --resume (--artifact-timeout 0 waits without a limit)",
            )
        ctx.world.interruption.sleep(_LOOK_SECONDS)


def _try(ctx: RunContext, state: RunState, ask: Ask[R]) -> tuple[R | None, str]:
    try:
        document = ctx.bus.read(ask.kind)
        if document is None:
            return None, ""
        return ask.read(document, state, name=f"{ask.kind}.json"), ""
    except DocumentError as error:
        return None, error.message


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
