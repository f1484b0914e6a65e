"""Obtain documents: from the bus if they are there already, from a person, or from programs that are started at once.

The steps are the same whether a program or a person answers. A document of this run and round that is already there is
the answer: running again after a crash asks nobody twice.
"""

from collections.abc import Collection, Sequence
from typing import Any, Generic, TypeVar

from loop_kit.dispatch.accounting import charge_cut_off, settle
from loop_kit.dispatch.answer import TwoAnswersError
from loop_kit.dispatch.attempt import Attempt, outcome, play
from loop_kit.dispatch.collect import on_bus, recover, under_way
from loop_kit.dispatch.dispatch import Dispatch
from loop_kit.dispatch.failover import Failover, in_use
from loop_kit.dispatch.person import wait_for
from loop_kit.dispatch.request import DocumentRequest, Report
from loop_kit.dispatch.retry import RetryPolicy
from loop_kit.engine.agent_settings import check_settings
from loop_kit.engine.limits import SPENDING, Position, admit, position
from loop_kit.engine.restore_bus import lay_out_again
from loop_kit.engine.run import Run
from loop_kit.engine.snapshots import pin_unfinished
from loop_kit.engine.watching import stop_if_touched
from loop_kit.errors import BackendError, DocumentError, LoopError, NeedsPersonError, TimeLimitError
from loop_kit.model.agent_events import Failed, FailureKind
from loop_kit.model.roles import Access
from loop_kit.processes.supervise import HowEnded
from loop_kit.values import replace

R = TypeVar("R", bound=Report)


def obtain(run: Run, requests: Sequence[DocumentRequest[R]]) -> list[R | LoopError]:
    """Return for each request its document; raise the `LoopError` that ends the run.

    Several are asked at once, and one of them may fail without the others: its error is returned in its place. When
    there is one alone, it is raised.
    """
    pursuits = [_Pursuit(run, request) for request in requests]
    for pursuit in pursuits:
        pursuit.look()
    _charge_cut_off(run, {pursuit.request.role for pursuit in pursuits if pursuit.answer is not None})
    for pursuit in pursuits:
        left = under_way(run, pursuit.request.role)
        if left and not run.by_hand(pursuit.request.role):
            run.bus.clear_outbox(left)
    while unanswered := [pursuit for pursuit in pursuits if pursuit.answer is None]:
        _ask(run, unanswered)
    answers = [pursuit.answer for pursuit in pursuits if pursuit.answer is not None]
    if len(answers) == 1 and isinstance(answers[0], LoopError):
        raise answers[0]
    return answers


def _charge_cut_off(run: Run, answered: Collection[str]) -> None:
    """Pay for what was under way when loop itself was killed; the roles that are `answered` handed in a document."""
    for name, role in tuple(run.state.paying.items()):
        charge_cut_off(run, name, document=role in answered)


class _Pursuit(Generic[R]):
    """One request until it is answered: by its document, or by the error because of which there is none."""

    def __init__(self, run: Run, request: DocumentRequest[R]) -> None:
        self.run = run
        self.request = request
        self.answer: R | LoopError | None = None
        backend = in_use(run.settings, run.state.backends, request.role)
        self._retries = RetryPolicy(Failover(run, request.role, backend))

    def look(self) -> None:
        """Take the document that is there already, or a person's."""
        run, request = self.run, self.request
        if run.by_hand(request.role):
            _charge_cut_off(run, ())
            self.answer = wait_for(run, request)
        else:
            self.answer = on_bus(run, request) or recover(run, request)
        if self.answer is not None:
            run.seal(request.paper)

    def next_dispatch(self, number: int) -> Dispatch | None:
        """Return the next dispatch, None when no backend is left whose program is there: that is the answer then."""
        while True:
            try:
                return Dispatch.next(self.run, self.request, self._retries.failover.backend, number)
            except BackendError as missing:
                try:
                    self._retries.missing(missing)
                except BackendError as error:
                    self.answer = error
                    return None

    def go_on(self, attempt: Attempt[R]) -> None:
        """Return when the next start may come after one without a document; an error is the answer when none may."""
        try:
            _check_clocks(self.run, attempt)
            if attempt.problem is None:
                failure = attempt.failure or Failed(kind=FailureKind.UNKNOWN, message="it gave no reason")
                self._retries.after(failure, attempt.dispatch.output, lost_session=attempt.lost_session)
            elif self.request.problems:
                raise _gives_no_document(attempt, attempt.problem)
            else:
                self.request = replace(self.request, problems=(attempt.problem.message,))
        except (BackendError, TimeLimitError) as error:
            self.answer = error


def _ask(run: Run, pursuits: Sequence[_Pursuit[R]]) -> None:
    """Start the program of each request once, and see what comes next for those that got no document."""
    admit(run, at := position(run))
    if any(run.settings.access(pursuit.request.role) is Access.READ for pursuit in pursuits):
        check_settings(run)
    begun: list[tuple[_Pursuit[R], Dispatch]] = []
    for pursuit in pursuits:
        dispatch = pursuit.next_dispatch(run.state.dispatches + len(begun) + 1)
        if dispatch is not None:
            begun.append((pursuit, dispatch))
    if not begun:
        return
    _note(run, [dispatch for _, dispatch in begun])
    failed = []
    for (pursuit, _), attempt in zip(begun, _attempts(run, begun, at), strict=True):
        settle(run, attempt.dispatch, attempt.ending)
        run.bus.clear_outbox(attempt.dispatch.name)
        pursuit.answer = attempt.report
        failed += [] if attempt.report is not None else [(pursuit, attempt)]
    if failed:  # after a report the round asks that itself
        spent = position(run)
        stop_if_touched(run, " and ".join(f"the work of the {attempt.dispatch.role}" for _, attempt in failed))
        admit(run, spent, SPENDING)
    for pursuit, attempt in failed:
        pursuit.go_on(attempt)


def _attempts(run: Run, begun: Sequence[tuple[_Pursuit[R], Dispatch]], at: Position) -> list[Attempt[R]]:
    """Run the programs and return what came of each; work that is no report is pinned as it is."""
    played = play(run, [(dispatch, pursuit.request) for pursuit, dispatch in begun], at)
    roles = " and the ".join(dispatch.role for _, dispatch in begun)
    lost_bus = lay_out_again(run, f"while the {roles} was at work")
    attempts = [] if lost_bus is not None else [outcome(run, each) for each in played]
    complete = bool(attempts) and all(attempt.report is not None for attempt in attempts)
    if not complete and any(dispatch.access is Access.WRITE for _, dispatch in begun):
        pin_unfinished(run)
    if lost_bus is not None:
        raise lost_bus
    return attempts


def _note(run: Run, dispatches: Sequence[Dispatch]) -> None:
    """Put the state that knows of dispatches which will have to be paid, before they are started."""
    run.forget(*(dispatch.paper for dispatch in dispatches))
    state = run.state
    known = {each.backend_name: each.program for each in dispatches if each.program is not None}
    run.put(
        backends={**state.backends, **{each.role: each.backend_name for each in dispatches}},
        programs={**state.programs, **known},
        dispatches=state.dispatches + len(dispatches),
        paying={**state.paying, **{each.name: each.role for each in dispatches}},
    )


def _check_clocks(run: Run, attempt: Attempt[Any]) -> None:
    dispatch = attempt.dispatch
    clocks = {
        HowEnded.WALL_TIMEOUT: ("took longer than --dispatch-timeout", run.settings.dispatch_timeout(dispatch.role)),
        HowEnded.IDLE_TIMEOUT: ("printed nothing for --idle-timeout", run.settings.idle_timeout(dispatch.role)),
    }
    if attempt.how in clocks:
        what, seconds = clocks[attempt.how]
        raise TimeLimitError(
            f"{dispatch.who} {what} {seconds:g} s and handed in no document",
            hint=f"loop run --resume goes on from what it left; what it printed is in {dispatch.output}",
        )


def _gives_no_document(attempt: Attempt[Any], problem: DocumentError) -> LoopError:
    dispatch = attempt.dispatch
    if isinstance(problem, TwoAnswersError):
        return NeedsPersonError(
            f"{dispatch.who} was asked twice and gave no single answer: {problem.message}",
            hint=f"find out who wrote the other one; what it printed is in {dispatch.output}; then: loop run --resume",
        )
    return BackendError(
        f"{dispatch.who} was asked twice and gave no valid document: {problem.message}",
        hint=f"what it printed is in {dispatch.output}; then: loop run --resume",
    )
