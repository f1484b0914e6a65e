"""One start of each of some dispatches, from its prompt to what came of it.

Whatever way a program ends, its whole tree has ended before anything is read, and a valid document counts: an exit
status alone proves nothing in either direction.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, Generic, TypeVar

from loop_kit.backends.account import Account, failure_of
from loop_kit.bus import heartbeat
from loop_kit.bus.atomic import make_folder, remove, write_bytes
from loop_kit.bus.layout import kind_of
from loop_kit.dispatch.accounting import DispatchEnding, so_far
from loop_kit.dispatch.activity import ActivityFilter
from loop_kit.dispatch.collect import take_in
from loop_kit.dispatch.dispatch import Dispatch
from loop_kit.dispatch.request import DocumentRequest, Report
from loop_kit.dispatch.silence import Silence
from loop_kit.engine.limits import Position, is_over, wall_limit
from loop_kit.engine.run import Run
from loop_kit.errors import DocumentError, LoopError
from loop_kit.model.agent_events import Failed, FailureKind, Usage
from loop_kit.model.events import DispatchStarted
from loop_kit.model.redaction import Redactor
from loop_kit.model.shown_events import AgentOutput
from loop_kit.model.spending import Spending, total
from loop_kit.processes.lineage import Owner
from loop_kit.processes.rawlog import RawLog
from loop_kit.processes.spawn import Command
from loop_kit.processes.stream import Cleaning
from loop_kit.processes.supervise import Ended, HowEnded, Job, Limits, Watch, supervise_all
from loop_kit.prompts.delivery import follow_up
from loop_kit.values import asdict, dataclass, replace

R = TypeVar("R", bound=Report)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt(Generic[R]):
    """What came of one start: a `report`, or a `problem` with what was handed in, or a `failure` of the program.

    `usage` and `session_id` are as the program told them; `missing` says whether the problem is that nothing was handed
    in.
    """

    dispatch: Dispatch
    ended: Ended
    session_id: str | None
    usage: Usage | None = None
    report: R | None = None
    problem: DocumentError | None = None
    missing: bool = False
    failure: Failed | None = None

    @property
    def how(self) -> HowEnded:
        return self.ended.how

    @property
    def failure_name(self) -> str | None:
        """How the log calls what went wrong, None for a report."""
        if self.failure is not None:
            return str(self.failure.kind)
        if self.problem is None:
            return None
        return "no_document" if self.missing else "invalid_document"

    @property
    def ending(self) -> DispatchEnding:
        """What is entered of it."""
        return DispatchEnding(
            how=str(self.ended.how),
            seconds=self.ended.seconds,
            document=self.report is not None,
            usage=self.usage,
            session_id=self.session_id,
            exit_code=self.ended.exit_code,
            failure=self.failure_name,
            swept=self.ended.swept,
            lost=self.lost_session,
        )

    @property
    def lost_session(self) -> bool:
        """Whether it could not go on in the session that it was to go on in."""
        asked = self.dispatch.session is not None
        return asked and self.failure is not None and self.failure.kind is FailureKind.SESSION


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared(Generic[R]):
    """A dispatch whose program is about to be started, and what listens to it."""

    dispatch: Dispatch
    request: DocumentRequest[R]
    command: Command
    activity: ActivityFilter
    account: Account
    silence: Silence


@dataclass(frozen=True, slots=True, kw_only=True)
class Played(Generic[R]):
    """A dispatch whose program has ended, with its whole tree."""

    dispatch: Dispatch
    request: DocumentRequest[R]
    account: Account
    ended: Ended


def play(run: Run, pairs: Sequence[tuple[Dispatch, DocumentRequest[R]]], at: Position) -> list[Played[R]]:
    """Start the programs of all dispatches at once and wait for their ends; `at` is where the run stands with its limits."""
    prepared = [_prepare(run, dispatch, request) for dispatch, request in pairs]
    for each in prepared:
        run.emit(_started(each.dispatch, each.request))
    ended = _supervised(run, prepared, at)
    return [
        Played(dispatch=each.dispatch, request=each.request, account=each.account, ended=end)
        for each, end in zip(prepared, ended, strict=True)
    ]


def _prepare(run: Run, dispatch: Dispatch, request: DocumentRequest[R]) -> _Prepared[R]:
    activity = ActivityFilter(run, dispatch.role)
    account = Account(dispatch.backend, activity.hear)
    prompt = _prompt(dispatch, request).encode()
    run.bus.open_outbox(dispatch.name, dispatch.paper)
    make_folder(dispatch.order.prompt.parent)
    # From here on somebody may have to be paid. A backend reads it: some put a word before it, some have a limit.
    write_bytes(dispatch.order.prompt, prompt)
    try:
        command = dispatch.command(run)
    except LoopError:  # nothing was started, so there is nothing to be found by whoever goes on
        remove(dispatch.order.prompt)
        run.bus.clear_outbox(dispatch.name)
        raise
    settings = run.settings
    limits = {
        "dispatch_timeout": settings.dispatch_timeout(dispatch.role),
        "idle_timeout": settings.idle_timeout(dispatch.role),
    }
    return _Prepared(
        dispatch=dispatch,
        request=request,
        command=command,
        activity=activity,
        account=account,
        silence=Silence(dispatch.role, (dispatch.output, dispatch.errors), limits, run.world.clock.seconds),
    )


def _prompt(dispatch: Dispatch, request: DocumentRequest[Any]) -> str:
    """Return the whole prompt, or a short one for a session that already had it and was contradicted."""
    report = "" if dispatch.formed else str(dispatch.order.report)
    if request.problems and dispatch.session is not None:
        return follow_up(kind_of(dispatch.paper), request.problems, report)
    return request.prompt(report, request.problems)


def _started(dispatch: Dispatch, request: DocumentRequest[Any]) -> DispatchStarted:
    return DispatchStarted(
        role=dispatch.role,
        round=dispatch.round,
        dispatch=dispatch.name,
        backend=dispatch.backend_name,
        version=dispatch.version,
        session=dispatch.order.session,
        problems=request.problems,
    )


def _supervised(run: Run, prepared: Sequence[_Prepared[R]], at: Position) -> list[Ended]:
    """Run the programs to their ends, while heartbeats beat and limits are watched."""

    def used() -> Spending:
        return total(so_far(run, each.dispatch, each.account) for each in prepared)

    with ExitStack() as stack:
        for each in prepared:
            stack.callback(heartbeat.remove, run.bus.heartbeat_path(each.dispatch.role))
        jobs = [_job(run, each, stack, at, used) for each in prepared]
        return supervise_all(jobs, interruption=run.world.interruption)


def _job(run: Run, prepared: _Prepared[Any], stack: ExitStack, at: Position, used: Callable[[], Spending]) -> Job:
    """Return one program as it is supervised; `used` says what all that run now have used so far."""
    dispatch, account = prepared.dispatch, prepared.account
    owner, path = Owner.me(), run.bus.heartbeat_path(dispatch.role)

    def tick() -> bool:
        run.world.tick()
        heartbeat.write(
            path, heartbeat.Beat(role=dispatch.role, **asdict(owner), dispatch_id=dispatch.name, at=run.now())
        )
        if (silent := prepared.silence.look()) is not None:
            run.emit(silent)
        return account.hopeless or is_over(run, at, used())

    def show_line(line: str) -> None:
        run.emit(AgentOutput(role=dispatch.role, line=line))
        account.take(line)

    return Job(
        command=prepared.command,
        limits=Limits(wall=wall_limit(run, at, dispatch.role), idle=run.settings.idle_timeout(dispatch.role)),
        log=stack.enter_context(RawLog(dispatch.output)),
        error_log=stack.enter_context(RawLog(dispatch.errors)),
        watch=Watch(
            on_line=show_line if run.settings.run.verbose else account.take,
            on_pause=prepared.activity.pause,
            tick=tick,
            cleaning=Cleaning.of(Redactor.of(prepared.command.env)),
        ),
    )


def outcome(run: Run, played: Played[R]) -> Attempt[R]:
    """Take in what a dispatch handed in, and say what came of it."""
    dispatch, account, ended = played.dispatch, played.account, played.ended
    bare: Attempt[R] = Attempt(dispatch=dispatch, ended=ended, session_id=account.session_id, usage=account.usage)
    failure = failure_of(dispatch.backend, account.end, ended.exit_code, ended.err_tail)
    exited_well = ended.how is HowEnded.EXITED and ended.exit_code == 0
    # Whatever a reviewer runs can write on its output too, and end it before it says otherwise.
    ended_early = dispatch.formed and ended.how is HowEnded.EXITED and not exited_well
    ended_well = (account.finished is not None and not ended_early) or (exited_well and failure is None)
    try:
        report = take_in(run, played.request, dispatch, account if ended_well else None)
    except DocumentError as problem:
        return replace(bare, problem=problem)
    if report is not None:
        return replace(bare, report=report)
    failure = _lost_session(dispatch, account) or failure
    if failure is None and exited_well:
        return replace(bare, problem=DocumentError(f"{dispatch.paper}.json was not handed in"), missing=True)
    return replace(bare, failure=failure or _unexplained(ended))


def _lost_session(dispatch: Dispatch, account: Account) -> Failed | None:
    """Name it when the program began a new session instead of going on: it knows nothing of what was said before."""
    asked, got = dispatch.order.session, account.session_id
    if asked is None or got in (None, asked):
        return None
    return Failed(kind=FailureKind.SESSION, message=f"it began session {got} instead of going on with {asked}")


def _unexplained(ended: Ended) -> Failed:
    code = ended.exit_code or 0
    how = f"signal {-code}" if code < 0 else f"exit status {code}"
    last = ended.err_tail.strip().rpartition("\n")[2][:300]
    return Failed(kind=FailureKind.UNKNOWN, message=f"{how}{': ' if last else ''}{last}")
