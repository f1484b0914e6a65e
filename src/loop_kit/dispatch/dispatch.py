"""One dispatch: get one document from one role.

The steps are the same whether a program or a person answers. A document of this run and round that is already there is
the answer: running again after a crash asks nobody twice.
"""

from typing import Any, TypeVar

from loop_kit.dispatch.accounting import DispatchEnding, bill_for, charge_cut_off, settle, tell_end
from loop_kit.dispatch.answer import TwoAnswersError
from loop_kit.dispatch.attempt import Attempt, start
from loop_kit.dispatch.collect import on_bus, recover
from loop_kit.dispatch.person import wait_for
from loop_kit.dispatch.request import Ask, Report
from loop_kit.dispatch.retry import Trying, who
from loop_kit.dispatch.versions import note_program
from loop_kit.engine.agent_settings import check_settings
from loop_kit.engine.context import RunContext
from loop_kit.engine.limits import admit, check_budget
from loop_kit.engine.seals import forget, seal
from loop_kit.engine.watching import stop_if_touched
from loop_kit.errors import BackendError, NeedsPersonError, TimeLimitError
from loop_kit.model.state import RunState
from loop_kit.processes.supervise import HowEnded
from loop_kit.values import replace

R = TypeVar("R", bound=Report)


def dispatch(ctx: RunContext, state: RunState, ask: Ask[R]) -> tuple[R, RunState]:
    """Return the document that `ask` wants and the state after it was had; raise the `LoopError` that ends the run."""
    if ctx.by_hand(ask.role):
        state = _settle_cut_off(ctx, state, document=False)
        return wait_for(ctx, state, ask), seal(ctx, state, ask.kind)
    report = on_bus(ctx, state, ask)
    if report is None:
        report = recover(ctx, state, ask)
    if report is not None:
        state = seal(ctx, state, ask.kind)
    state = _settle_cut_off(ctx, state, document=report is not None)
    ctx.bus.clear_outbox(state.dispatch_name(ask.role))
    return (report, state) if report is not None else _run_program(ctx, state, ask)


def _settle_cut_off(ctx: RunContext, state: RunState, *, document: bool) -> RunState:
    """Pay for what was under way when loop itself was killed; a document of it is there or not."""
    return charge_cut_off(ctx, state, document=document) if state.paying else state


def _run_program(ctx: RunContext, state: RunState, ask: Ask[R]) -> tuple[R, RunState]:
    """Start programs until one hands in a document, a limit ends the run, or trying again makes no sense."""
    trying = Trying(ctx, ask.role)
    while True:
        admit(ctx, state)
        if ask.role == "reviewer":
            check_settings(ctx, state)
        state = note_program(ctx, trying.route.to_program(state), ask.role)
        state = forget(ctx, state, ask.kind)
        state = replace(state, dispatches=state.dispatches + 1, paying=ask.role, updated_at=ctx.now())
        ctx.bus.put_state(state)
        attempt = start(ctx, state, ask)
        state = _settle(ctx, state, ask, attempt)
        ctx.bus.clear_outbox(state.dispatch_name(ask.role))
        if attempt.report is not None:
            return attempt.report, state
        stop_if_touched(ctx, state, f"the work of the {ask.role}")  # after a report the round asks that itself
        ctx.check_stop()
        check_budget(ctx, state)
        _check_clocks(ctx, state, ask, attempt)
        if attempt.problem is None:
            state = trying.after(state, attempt)
        elif ask.problems:
            raise _gives_no_document(ctx, state, ask, attempt)
        else:
            ask = replace(ask, problems=(attempt.problem.message,))


def _settle(ctx: RunContext, state: RunState, ask: Ask[Any], attempt: Attempt[Any]) -> RunState:
    """Enter what the dispatch came to, remember its conversation, so that it can be asked again in it, and tell its end."""
    ended = attempt.ended
    if attempt.report is not None:
        state = seal(ctx, state, ask.kind)
    bill = bill_for(ctx, state, ask.role, attempt.usage, seconds=ended.seconds, session_id=attempt.session_id)
    state = settle(ctx, state, bill, session_id=attempt.session_id, usage=attempt.usage, lost=attempt.lost_session)
    ending = DispatchEnding(
        how=str(ended.how),
        session=attempt.session_id,
        document=attempt.report is not None,
        exit_code=ended.exit_code,
        failure=attempt.failure_name,
        swept=ended.swept,
    )
    tell_end(ctx, state, ask.role, bill, ending)
    return state


def _check_clocks(ctx: RunContext, state: RunState, ask: Ask[Any], attempt: Attempt[Any]) -> None:
    clocks = {
        HowEnded.WALL_TIMEOUT: ("took longer than --dispatch-timeout", ctx.settings.run.dispatch_timeout),
        HowEnded.IDLE_TIMEOUT: ("printed nothing for --idle-timeout", ctx.settings.run.idle_timeout),
    }
    if attempt.how in clocks:
        what, seconds = clocks[attempt.how]
        raise TimeLimitError(
            f"{who(ctx, state, ask.role)} {what} {seconds:g} s and handed in no document",
            hint=f"loop run --resume goes on from what it left; what it printed is in {attempt.log}",
        )


def _gives_no_document(ctx: RunContext, state: RunState, ask: Ask[Any], attempt: Attempt[Any]) -> Exception:
    problem = attempt.problem.message if attempt.problem is not None else ""
    if isinstance(attempt.problem, TwoAnswersError):
        return NeedsPersonError(
            f"{who(ctx, state, ask.role)} was asked twice and gave no single answer: {problem}",
            hint=f"find out who wrote the other one; what it printed is in {attempt.log}; then: loop run --resume",
        )
    return BackendError(
        f"{who(ctx, state, ask.role)} was asked twice and gave no valid document: {problem}",
        hint=f"what it printed is in {attempt.log}; then: loop run --resume",
    )
