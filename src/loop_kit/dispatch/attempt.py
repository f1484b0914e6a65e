"""One start of an agent program, from its prompt to what came of it.

Whatever way the program ends, its whole tree has ended before anything is read, and a valid document counts: an exit
status alone proves nothing in either direction.
"""

from pathlib import Path
from typing import Any, Generic, TypeVar

from loop_kit.backends.account import Account, failure_of
from loop_kit.bus import heartbeat
from loop_kit.bus.atomic import make_folder, remove, write_bytes
from loop_kit.dispatch.accounting import bill_for, version_used
from loop_kit.dispatch.chatter import Chatter
from loop_kit.dispatch.collect import take_in
from loop_kit.dispatch.desk import Desk
from loop_kit.dispatch.request import Ask, Report
from loop_kit.dispatch.restore_bus import stop_without_bus
from loop_kit.dispatch.transcript import Transcript
from loop_kit.engine.context import RunContext
from loop_kit.engine.limits import budget_problem, wall_limit
from loop_kit.engine.snapshots import pin_unfinished
from loop_kit.errors import DocumentError, LoopError
from loop_kit.model.agent_events import Failed, FailureKind, Usage
from loop_kit.model.events import DispatchStarted
from loop_kit.model.redaction import Redactor
from loop_kit.model.shown_events import AgentOutput
from loop_kit.model.state import RunState
from loop_kit.processes.lineage import Owner
from loop_kit.processes.rawlog import RawLog
from loop_kit.processes.spawn import Command
from loop_kit.processes.stream import Cleaning
from loop_kit.processes.supervise import Ended, HowEnded, Limits, Watch, supervise
from loop_kit.prompts.delivery import follow_up
from loop_kit.values import asdict, dataclass, replace

R = TypeVar("R", bound=Report)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt(Generic[R]):
    """What came of one start: a `report`, or a `problem` with what was handed in, or a `failure` of the program.

    `usage` and `session_id` are as the program told them; `asked` is whether it was to go on in a conversation, `missing`
    whether the problem is that nothing was handed in.
    """

    ended: Ended
    log: Path
    session_id: str | None
    asked: bool
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
        """How the feed calls what went wrong, None for a report."""
        if self.failure is not None:
            return str(self.failure.kind)
        if self.problem is None:
            return None
        return "no_document" if self.missing else "invalid_document"

    @property
    def lost_session(self) -> bool:
        """Whether it could not go on in the conversation that it was to go on in."""
        return self.asked and self.failure is not None and self.failure.kind is FailureKind.SESSION


def start(ctx: RunContext, state: RunState, ask: Ask[R]) -> Attempt[R]:
    """Start the role's program once, wait for its end and take in what it handed in."""
    desk = Desk.at(ctx, state, ask)
    chatter = Chatter(ctx, ask.role)
    transcript = Transcript(desk.backend, chatter.hear)
    prompt = _prompt(ask, desk).encode()
    ctx.bus.open_outbox(desk.dispatch_id, ask.kind)
    make_folder(desk.order.prompt.parent)
    # From here on somebody may have to be paid. A backend reads it: some put a word before it, some have a limit.
    write_bytes(desk.order.prompt, prompt)
    command = _command(ctx, state, desk)
    started = DispatchStarted(
        role=ask.role,
        round=state.round,
        dispatch=desk.dispatch_id,
        backend=desk.name,
        version=version_used(state, desk.name),
        session=desk.order.session,
        problems=ask.problems,
    )
    ctx.emit(started)
    ended = _run(ctx, state, desk, command, transcript, chatter)
    stop_without_bus(ctx, state, ask.role)
    attempt = _outcome(ctx, state, ask, desk, transcript.account, ended)
    if attempt.report is None and ask.role == "worker":
        pin_unfinished(ctx, state)
    return attempt


def _prompt(ask: Ask[Any], desk: Desk) -> str:
    """Return the whole prompt, or a short one for a conversation that already had it and was contradicted."""
    report = "" if desk.formed else str(desk.order.report)
    if ask.problems and desk.order.session is not None:
        return follow_up(ask.role, ask.problems, report)
    return ask.prompt(report, ask.problems)


def _command(ctx: RunContext, state: RunState, desk: Desk) -> Command:
    try:
        return desk.command(ctx, state)
    except LoopError:  # nothing was started, so there is nothing to be found by whoever goes on
        remove(desk.order.prompt)
        ctx.bus.clear_outbox(desk.dispatch_id)
        raise


def _run(
    ctx: RunContext, state: RunState, desk: Desk, command: Command, transcript: Transcript, chatter: Chatter
) -> Ended:
    role = desk.order.role
    beat = ctx.bus.heartbeat_path(role)
    me = Owner.me()
    account = transcript.account

    def tick() -> bool:
        ctx.world.tick()
        heartbeat.write(beat, heartbeat.Beat(role=role, **asdict(me), dispatch_id=desk.dispatch_id, at=ctx.now()))
        ended = account.hopeless or ctx.bus.stop_requested() or ctx.seconds_left() == 0.0
        return ended or _too_dear(ctx, state, desk, account)

    def show_line(line: str) -> None:
        ctx.emit(AgentOutput(role=role, line=line))
        transcript.take(line)

    with RawLog(desk.output) as output, RawLog(desk.errors) as errors:
        try:
            return supervise(
                command,
                limits=Limits(wall=wall_limit(ctx, state), idle=ctx.settings.run.idle_timeout),
                log=output,
                error_log=errors,
                watch=Watch(
                    on_line=show_line if ctx.settings.run.verbose else transcript.take,
                    on_pause=chatter.pause,
                    tick=tick,
                    cleaning=Cleaning.of(Redactor.of(command.env)),
                ),
                interruption=ctx.world.interruption,
            )
        finally:
            heartbeat.remove(beat)


def _outcome(ctx: RunContext, state: RunState, ask: Ask[R], desk: Desk, account: Account, ended: Ended) -> Attempt[R]:
    bare: Attempt[R] = Attempt(
        ended=ended,
        log=desk.output,
        session_id=account.session_id,
        asked=desk.order.session is not None,
        usage=account.usage,
    )
    failure = failure_of(desk.backend, account.end, ended.exit_code, ended.err_tail)
    exited_well = ended.how is HowEnded.EXITED and ended.exit_code == 0
    # Whatever a reviewer runs can write on its output too, and end it before it says otherwise.
    ended_early = desk.formed and ended.how is HowEnded.EXITED and not exited_well
    ended_well = (account.finished is not None and not ended_early) or (exited_well and failure is None)
    try:
        report = take_in(ctx, state, ask, desk, account if ended_well else None)
    except DocumentError as problem:
        return replace(bare, problem=problem)
    if report is not None:
        return replace(bare, report=report)
    failure = _lost_session(desk, account) or failure
    if failure is None and exited_well:
        return replace(bare, problem=DocumentError(f"{ask.kind}.json was not handed in"), missing=True)
    return replace(bare, failure=failure or _unexplained(ended))


def _lost_session(desk: Desk, account: Account) -> Failed | None:
    """Name it when the program began a new conversation instead of going on: it knows nothing of what was said before."""
    asked, got = desk.order.session, account.session_id
    if asked is None or got in (None, asked):
        return None
    return Failed(kind=FailureKind.SESSION, message=f"it began conversation {got} instead of going on with {asked}")


def _unexplained(ended: Ended) -> Failed:
    code = ended.exit_code or 0
    how = f"signal {-code}" if code < 0 else f"exit status {code}"
    last = ended.err_tail.strip().rpartition("\n")[2][:300]
    return Failed(kind=FailureKind.UNKNOWN, message=f"{how}{': ' if last else ''}{last}")


def _too_dear(ctx: RunContext, state: RunState, desk: Desk, account: Account) -> bool:
    """Whether what the program has reported so far uses up `--max-cost`."""
    if not ctx.settings.run.max_cost or account.usage is None:
        return False
    bill = bill_for(ctx, state, desk.order.role, account.usage, seconds=0.0, session_id=account.session_id)
    return budget_problem(ctx, state, usd=bill.cost.known or 0.0) is not None
