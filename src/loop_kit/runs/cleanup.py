"""Nothing is left behind: what a run made outside its archive is taken away at its end, or at the next start."""

from loop_kit.bus.bus import Bus
from loop_kit.engine.context import RunContext
from loop_kit.errors import LoopError
from loop_kit.model.events import LeftBehind
from loop_kit.model.names import ROLES
from loop_kit.model.state import Phase, RunState
from loop_kit.processes.tree import sweep_run
from loop_kit.vcs import worktree


def sweep_dead_run(state: RunState) -> int:
    """End every process that still works for a run whose PM and round are gone; return how many there were.

    The caller holds the locks, so whatever carries the run's id has nobody left who waits for it.
    """
    return sweep_run(state.run_id)


def in_flight(bus: Bus, state: RunState) -> bool:
    """Whether a dispatch of this run was cut off by the death of loop itself: its outbox is still there."""
    return any(bus.outbox(dispatch_id).is_dir() for dispatch_id in _newest_dispatches(state))


def _newest_dispatches(state: RunState) -> tuple[str, ...]:
    return tuple(state.dispatch_name(role) for role in ROLES)


def clear_away(ctx: RunContext, state: RunState) -> None:
    """Take away what a run that ends in `state` made for itself; what a resume may still find something in stays.

    What cannot be taken away is told and is never the reason why a run ends.
    """
    try:
        if state.phase is Phase.AWAITING_REVIEW:
            from loop_kit.steps.review import refuse_void_review  # noqa: PLC0415  (a PM needs it for this end alone)

            judged = ctx.repository.commit_id(ctx.pin_name("head", state.round))
            if judged is not None:  # else no review is taken for one of it later on
                refuse_void_review(ctx, state, judged)
        clear_scratch(ctx)
    except LoopError as error:
        ctx.emit(LeftBehind(what=error.message, hint=error.hint))
    ctx.bus.clear_runtime(keep=() if state.phase is Phase.DONE else _newest_dispatches(state))


def clear_scratch(ctx: RunContext) -> None:
    """Take away the review worktree and everything in the run's scratch folder."""
    worktree.remove_home(ctx.repository, (ctx.review_tree, ctx.checks_tree))
