"""One dispatch: get one document from one role.

The steps are the same whether a program or a person answers. A document of this run and round that is already there is
the answer: running again after a crash asks nobody twice.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from loop_kit.errors import BackendError, TimeLimitError
from loop_kit.model.event import Failed, FailureKind
from loop_kit.model.session import Session
from loop_kit.model.state import RunState
from loop_kit.processes.supervise import HowEnded
from loop_kit.rounds.ask import Ask, Report
from loop_kit.rounds.attempt import Attempt, start
from loop_kit.rounds.byhand import wait_for
from loop_kit.rounds.context import RunContext
from loop_kit.rounds.intake import on_bus, recover
from loop_kit.rounds.limits import admit

R = TypeVar("R", bound=Report)


def dispatch(ctx: RunContext, state: RunState, ask: Ask[R]) -> tuple[R, RunState]:
    """Return the document that `ask` wants and the state after it was had; raise the `LoopError` that ends the run."""
    if ctx.by_hand(ask.role):
        return wait_for(ctx, state, ask), state
    report = on_bus(ctx, state, ask)
    if report is None:
        report, session_id = recover(ctx, state, ask)
        state = _keep_session(ctx, state, ask, session_id)
    return (report, state) if report is not None else _run_program(ctx, state, ask)


def _run_program(ctx: RunContext, state: RunState, ask: Ask[R]) -> tuple[R, RunState]:
    """Start the program until it hands in a document, a limit ends the run, or trying again makes no sense."""
    tries = 0
    while True:
        admit(ctx, state)
        state = replace(state, dispatches=state.dispatches + 1, updated_at=ctx.now())
        ctx.bus.put_state(state)
        attempt = start(ctx, state, ask)
        lost = attempt.failure is not None and attempt.failure.kind is FailureKind.SESSION
        state = _drop_session(ctx, state, ask) if lost else _keep_session(ctx, state, ask, attempt.session_id)
        if attempt.report is not None:
            return attempt.report, state
        ctx.check_stop()
        _check_clocks(ctx, ask, attempt)
        if attempt.problem is None:
            tries += 1
            _wait_for_next_try(ctx, state, ask, attempt, tries)
        elif ask.problems:
            raise _gives_no_document(ctx, ask, attempt)
        else:
            ask = replace(ask, problems=(attempt.problem.message,))


def _keep_session(ctx: RunContext, state: RunState, ask: Ask[Any], session_id: str | None) -> RunState:
    """Remember the conversation, so that the same agent can be asked again in it, also after a crash."""
    known = state.sessions.get(ask.role)
    if session_id is None or (known is not None and known.session_id == session_id):
        return state
    session = Session(backend=ctx.settings.backend_name(ask.role), session_id=session_id)
    return _with_sessions(ctx, state, {**state.sessions, ask.role: session})


def _drop_session(ctx: RunContext, state: RunState, ask: Ask[Any]) -> RunState:
    return _with_sessions(ctx, state, {role: row for role, row in state.sessions.items() if role != ask.role})


def _with_sessions(ctx: RunContext, state: RunState, sessions: Mapping[str, Session]) -> RunState:
    state = replace(state, sessions=sessions, updated_at=ctx.now())
    ctx.bus.put_state(state)
    return state


def _check_clocks(ctx: RunContext, ask: Ask[Any], attempt: Attempt[Any]) -> None:
    clocks = {
        HowEnded.WALL_TIMEOUT: ("took longer than --dispatch-timeout", ctx.settings.dispatch_timeout),
        HowEnded.IDLE_TIMEOUT: ("printed nothing for --idle-timeout", ctx.settings.idle_timeout),
    }
    if attempt.how in clocks:
        what, seconds = clocks[attempt.how]
        raise TimeLimitError(
            f"{_who(ctx, ask)} {what} {seconds:g} s and handed in no document",
            hint=f"loop run --resume goes on from what it left; what it printed is in {attempt.log}",
        )


def _gives_no_document(ctx: RunContext, ask: Ask[Any], attempt: Attempt[Any]) -> Exception:
    problem = attempt.problem.message if attempt.problem is not None else ""
    return BackendError(
        f"{_who(ctx, ask)} was asked twice and gave no valid document: {problem}",
        hint=f"what it printed is in {attempt.log}; then: loop run --resume",
    )


def _wait_for_next_try(ctx: RunContext, state: RunState, ask: Ask[Any], attempt: Attempt[Any], tries: int) -> None:
    """Wait until the program may be tried again; raise `BackendError` when it should not be."""
    failure = attempt.failure or Failed(kind=FailureKind.UNKNOWN, message="it gave no reason")
    wanted = failure.retry_after or 0.0
    if failure.kind not in _PASSING or tries > ctx.settings.dispatch_retries or wanted > _LONGEST_WAIT:
        advice = _ADVICE.get(failure.kind, f"what it printed is in {attempt.log}")
        raise BackendError(
            f"{_who(ctx, ask)} failed ({failure.kind}): {failure.message}", hint=f"{advice}; then: loop run --resume"
        )
    seconds = wanted or min(60.0, ctx.settings.dispatch_retry_base_sec * 2 ** (tries - 1))
    if failure.kind is FailureKind.SESSION:
        seconds = 0.0
    ctx.tell(
        "dispatch_retry",
        role=ask.role,
        round=state.round,
        failure=str(failure.kind),
        message=failure.message[:500],
        wait_seconds=seconds,
    )
    ctx.pause(seconds)


def _who(ctx: RunContext, ask: Ask[Any]) -> str:
    return f"the {ask.role} ({ctx.settings.backend_name(ask.role)})"


# A program that asks for a longer wait than this, in seconds, is not retried: a person should know.
_LONGEST_WAIT = 900.0
_PASSING = (FailureKind.TRANSIENT, FailureKind.UNKNOWN, FailureKind.SESSION, FailureKind.INTERRUPTED)
_ADVICE = {
    FailureKind.AUTH: "log in to it or give it its key",
    FailureKind.QUOTA: "wait until its quota is free again, or name another backend",
    FailureKind.CONFIG: "mend its configuration",
}
