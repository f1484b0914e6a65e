"""The PM: round after round until the change is approved or a named limit ends the run."""

from collections.abc import Callable
from contextlib import closing

from loop_kit.engine.agent_settings import tell_left_settings
from loop_kit.engine.limits import admit, position
from loop_kit.engine.log_anchor import anchor_end
from loop_kit.engine.run import Run
from loop_kit.engine.seals import read_judged
from loop_kit.engine.self_hosting import read_all_code
from loop_kit.engine.summary import write_summary
from loop_kit.engine.surroundings import notice
from loop_kit.errors import LoopError, Outcome, error_for
from loop_kit.model.decision import Decision
from loop_kit.model.events import LeftBehind, RunEnded
from loop_kit.model.review import ReviewReport
from loop_kit.model.state import Phase
from loop_kit.runs.cleanup import clear_away
from loop_kit.runs.round_process import Rounds


def run_loop(run: Run) -> None:
    """Play rounds, each in a process of its own, until the run is done; raise the `LoopError` that ended it else."""

    def play() -> None:
        with closing(Rounds(run)) as rounds:
            while run.state.phase is not Phase.DONE:
                admit(run, position(run))
                rounds.play()

    _to_its_end(run, play)


def run_single_round(run: Run) -> None:
    """Play exactly one round in this process, for a person who started it by hand."""
    from loop_kit.steps.round import run_round  # noqa: PLC0415  (a PM starts rounds, and plays none itself)

    def play() -> None:
        if run.state.phase is not Phase.DONE:
            admit(run, position(run))
            run_round(run)

    _to_its_end(run, play)


def _to_its_end(run: Run, play: Callable[[], None]) -> None:
    """Play, then write down how it ended and clear away; whatever the end is, it has a name in state and summary."""
    read_all_code(run.tree)
    begun_in = run.state.phase
    try:
        play()
    except LoopError as error:
        run.reload()
        if not _is_approved(run):
            if run.state.phase is Phase.DONE:
                run.change(phase=begun_in)
            run.end(error.outcome, error=error.message, hint=error.hint)
            run.know(notice(run))
            _write_down(run)
    finally:
        run.reload()
        clear_away(run)
    state = run.state
    if state.outcome is None:
        return
    if begun_in is not Phase.DONE:  # a run that had ended before was only looked at
        tell_left_settings(run)
        run.emit(RunEnded(outcome=state.outcome, round=state.round, error=state.error))
    _anchor_end(run)
    if state.outcome is not Outcome.APPROVED:
        raise error_for(state.outcome, state.error, hint=state.hint)


def _anchor_end(run: Run) -> None:
    """Anchor the log with the run's end in it. What stands in the way changes no end: `loop fsck` tells of it."""
    try:
        anchor_end(run.feed, run.home, run.name)
    except LoopError as error:
        run.world.listener(LeftBehind(what=f"the end of the log is not anchored: {error.message}", hint=error.hint))


def _is_approved(run: Run) -> bool:
    """Whether a round was closed with an approval before the interruption came: that stands, and a mere claim does not."""
    state = run.state
    if state.phase is not Phase.DONE:
        return False
    review = read_judged(run.archive, state.round_details[-1], ReviewReport.kind) if state.round_details else None
    pinned = run.home.commit_id(run.pin_name("head"))
    return review is not None and review.get("decision") == Decision.APPROVE and pinned == state.head_sha


def _write_down(run: Run) -> None:
    """Put the summary and the state that it sums up; when the repository is too broken for a summary, the state alone."""
    try:
        write_summary(run)
    except LoopError as error:
        run.world.listener(LeftBehind(what=f"no summary could be written: {error.message}", hint=error.hint))
    run.bus.put_state(run.state)
