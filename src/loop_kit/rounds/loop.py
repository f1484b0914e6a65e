"""The PM: round after round until the change is approved or a named limit ends the run."""

from collections.abc import Callable

from loop_kit.errors import DocumentError, LoopError, error_for
from loop_kit.model.state import Phase, RunState
from loop_kit.rounds.context import RunContext
from loop_kit.rounds.leftovers import clear_away
from loop_kit.rounds.limits import admit
from loop_kit.rounds.process import play_round
from loop_kit.rounds.round import run_round
from loop_kit.rounds.summary import write_summary


def run_loop(ctx: RunContext, state: RunState) -> RunState:
    """Play rounds, each in a process of its own, until the run is done; raise the `LoopError` that ended it else."""

    def play() -> RunState:
        now = state
        while now.phase is not Phase.DONE:
            admit(ctx, now)
            now = play_round(ctx, now)
        return now

    return _to_its_end(ctx, state, play)


def run_single_round(ctx: RunContext, state: RunState) -> RunState:
    """Play exactly one round in this process, for a person who started it by hand."""

    def play() -> RunState:
        if state.phase is Phase.DONE:
            return state
        admit(ctx, state)
        return run_round(ctx, state)

    return _to_its_end(ctx, state, play)


def play_for_pm(ctx: RunContext, state: RunState) -> RunState:
    """Play one round in the process that the PM started; how it ended is in the state, also when the PM is gone by then."""
    try:
        return run_round(ctx, state)
    except LoopError as error:
        ctx.bus.put_state(_ended(ctx, state, error))
        raise


def _to_its_end(ctx: RunContext, state: RunState, play: Callable[[], RunState]) -> RunState:
    """Play, then write down how it ended and clear away; whatever the end is, it has a name in the state and the summary."""
    try:
        state = play()
        if state.phase is Phase.DONE and state.outcome is not None:
            ctx.tell("run_ended", outcome=str(state.outcome), round=state.round, error=state.error)
    except LoopError as error:
        ended = _ended(ctx, state, error)
        write_summary(ctx, ended)
        ctx.bus.put_state(ended)
        ctx.tell("run_ended", outcome=str(error.outcome), round=ended.round, error=error.message)
        raise
    finally:
        clear_away(ctx)
    if state.phase is Phase.DONE and state.error and state.outcome is not None:
        raise error_for(state.outcome, state.error, hint=state.hint)
    return state


def _ended(ctx: RunContext, state: RunState, error: LoopError) -> RunState:
    """Return the newest state there is, with the reason of the end; one that cannot be read is replaced by the last known."""
    try:
        newest = ctx.bus.read_state() or state
    except DocumentError:
        newest = state
    if newest.run_id != state.run_id:
        newest = state
    return newest.ended(error.outcome, error=error.message, hint=error.hint, now=ctx.now())
