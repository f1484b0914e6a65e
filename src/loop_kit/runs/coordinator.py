"""The PM: round after round until the change is approved or a named limit ends the run."""

from collections.abc import Callable
from contextlib import closing

from loop_kit.engine.agent_settings import tell_left_settings
from loop_kit.engine.anchoring import anchor_end
from loop_kit.engine.context import RunContext
from loop_kit.engine.limits import admit
from loop_kit.engine.seals import read_judged
from loop_kit.engine.self_hosting import read_all_code
from loop_kit.engine.summary import write_summary
from loop_kit.engine.surroundings import notice
from loop_kit.errors import LoopError, Outcome, error_for
from loop_kit.model.decision import Decision
from loop_kit.model.events import LeftBehind, RunEnded
from loop_kit.model.review import ReviewReport
from loop_kit.model.state import Phase, RunState
from loop_kit.runs.cleanup import clear_away
from loop_kit.runs.round_process import Rounds
from loop_kit.values import replace


def run_loop(ctx: RunContext, state: RunState) -> RunState:
    """Play rounds, each in a process of its own, until the run is done; raise the `LoopError` that ended it else."""

    def play() -> RunState:
        now = state
        with closing(Rounds(ctx)) as rounds:
            while now.phase is not Phase.DONE:
                admit(ctx, now)
                now = rounds.play(now)
        return now

    return _to_its_end(ctx, state, play)


def run_single_round(ctx: RunContext, state: RunState) -> RunState:
    """Play exactly one round in this process, for a person who started it by hand."""
    from loop_kit.steps.round import run_round  # noqa: PLC0415  (a PM starts rounds, and plays none itself)

    def play() -> RunState:
        if state.phase is Phase.DONE:
            return state
        admit(ctx, state)
        return run_round(ctx, state)

    return _to_its_end(ctx, state, play)


def _to_its_end(ctx: RunContext, state: RunState, play: Callable[[], RunState]) -> RunState:
    """Play, then write down how it ended and clear away; whatever the end is, it has a name in state and summary."""
    read_all_code(ctx.repository)
    try:
        after = play()
    except LoopError as error:
        after = ctx.newest_state(state)
        if not _is_approved(ctx, after):
            after = replace(after, phase=state.phase) if after.phase is Phase.DONE else after
            after = notice(ctx, after.ended(error.outcome, error=error.message, hint=error.hint, now=ctx.now()))
            _write_down(ctx, after)
    finally:
        clear_away(ctx, ctx.newest_state(state))
    if after.outcome is None:
        return after
    if state.phase is not Phase.DONE:  # a run that had ended before was only looked at
        tell_left_settings(ctx, after)
        ctx.emit(RunEnded(outcome=after.outcome, round=after.round, error=after.error))
    _anchor_end(ctx, after)
    if after.outcome is not Outcome.APPROVED:
        raise error_for(after.outcome, after.error, hint=after.hint)
    return after


def _anchor_end(ctx: RunContext, state: RunState) -> None:
    """Anchor the log with the run's end in it. What stands in the way changes no end: `loop fsck` tells of it."""
    try:
        anchor_end(ctx.feed, ctx.repository, state.run_name)
    except LoopError as error:
        ctx.world.listener(LeftBehind(what=f"the end of the log is not anchored: {error.message}", hint=error.hint))


def _is_approved(ctx: RunContext, state: RunState) -> bool:
    """Whether a round was closed with an approval before the interruption came: that stands, and a mere claim does not."""
    if state.phase is not Phase.DONE:
        return False
    review = read_judged(ctx.archive, state.round_details[-1], ReviewReport.kind) if state.round_details else None
    pinned = ctx.repository.commit_id(ctx.pin_name("head", state.round))
    return review is not None and review.get("decision") == Decision.APPROVE and pinned == state.head_sha


def _write_down(ctx: RunContext, state: RunState) -> None:
    """Put the summary and the state that it sums up; when the repository is too broken for a summary, the state alone."""
    try:
        write_summary(ctx, state)
    except LoopError as error:
        ctx.world.listener(LeftBehind(what=f"no summary could be written: {error.message}", hint=error.hint))
    ctx.bus.put_state(state)
