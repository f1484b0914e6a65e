"""Nothing is left behind: what a run made outside its archive is taken away at its end, or at the next start."""

from loop_kit.engine import own_tree
from loop_kit.engine.run import Run
from loop_kit.errors import LoopError
from loop_kit.model.events import LeftBehind
from loop_kit.model.state import Phase, RunState
from loop_kit.processes.tree import sweep_run
from loop_kit.vcs import worktree


def sweep_dead_run(state: RunState) -> int:
    """End every process that still works for a run whose PM and round are gone; return how many there were.

    The caller holds the locks, so nobody is left who waits for what carries the run's id.
    """
    return sweep_run(state.run_id)


def in_flight(run: Run) -> bool:
    """Whether a dispatch of this run was cut off by the death of loop itself: its outbox is still there."""
    return bool(_outboxes(run))


def _outboxes(run: Run) -> tuple[str, ...]:
    return tuple(filter(None, map(run.outbox_of, run.settings.role_names)))


def clear_away(run: Run) -> None:
    """Take away what a run made for itself when it ends as it stands; what a resume may still find something in stays.

    What cannot be taken away is told and is never the reason why a run ends.
    """
    try:
        if run.state.phase is Phase.AWAITING_REVIEW:
            from loop_kit.steps.review import refuse_void_review  # noqa: PLC0415  (a PM needs it for this end alone)

            judged = run.home.commit_id(run.pin_name("head"))
            for role in (
                run.settings.reviewers if judged is not None else ()
            ):  # else no review is taken for one of it later
                refuse_void_review(run, role, judged or "")
        clear_scratch(run)
        if run.state.phase is Phase.DONE:
            own_tree.remove(run)
    except LoopError as error:
        run.emit(LeftBehind(what=error.message, hint=error.hint))
    run.bus.clear_runtime(keep=() if run.state.phase is Phase.DONE else _outboxes(run))


def clear_trees(run: Run) -> None:
    """Take away all working trees of a run that nobody goes on with; what was paid for is pinned at home."""
    clear_scratch(run)
    own_tree.remove(run)


def clear_scratch(run: Run) -> None:
    """Take away the review worktrees and everything in the run's scratch folder."""
    worktree.remove_home(run.home, run.judged_trees)
