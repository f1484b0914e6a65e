"""What a dispatch used up, entered into the state once: when it is over, or when a later process finds it cut off."""

from collections.abc import Mapping
from pathlib import Path

from loop_kit.backends.registry import find_backend
from loop_kit.dispatch.failover import in_use
from loop_kit.dispatch.transcript import Transcript
from loop_kit.engine.context import RunContext
from loop_kit.model.agent_events import Usage
from loop_kit.model.events import DispatchEnded
from loop_kit.model.prices import Cost
from loop_kit.model.session import Session
from loop_kit.model.spending import NOTHING, Spending, since
from loop_kit.model.state import RunState
from loop_kit.values import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """One dispatch as it is entered: its own usage, None when nobody knows, and its cost."""

    usage: Usage | None
    cost: Cost
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchEnding:
    """How a dispatch ended, for the feed; `failure` is None when it did not fail."""

    how: str
    session: str | None
    document: bool
    exit_code: int | None = None
    failure: str | None = None
    swept: int = 0


def log_stem(ctx: RunContext, state: RunState, role: str) -> Path:
    """Return the path of a role's newest dispatch's logs, without their endings."""
    return ctx.bus.logs / state.run_name / f"r{state.round}_{role}_{state.dispatches}"


def log_of(stem: Path, ending: str) -> Path:
    return stem.with_name(f"{stem.name}.{ending}")


def session_for(ctx: RunContext, state: RunState, role: str) -> Session | None:
    """Return the conversation that a role's agent takes up again: its own of this round, or one that goes on."""
    known = state.sessions.get(role)
    name = in_use(ctx.settings, state, role)
    if known is None or known.backend != name:
        return None
    if not find_backend(name, ctx.settings.backend(name)).supports_resume:
        return None
    limit = ctx.settings.run.max_session_rounds
    goes_on = (role == "worker" or ctx.settings.run.resume_reviewer) and (not limit or known.rounds < limit)
    return known if known.round == state.round or goes_on else None


def bill_for(
    ctx: RunContext, state: RunState, role: str, usage: Usage | None, *, seconds: float, session_id: str | None
) -> Bill:
    """Return what a dispatch of `role` comes to; `usage` and `session_id` are as its program told them."""
    asked = session_for(ctx, state, role)
    resumed = asked is not None and session_id in (None, asked.session_id)
    own = since(usage, asked.counted if asked is not None else None, resumed=resumed)
    return Bill(usage=own, cost=price(ctx, state, role, own), seconds=seconds)


def price(ctx: RunContext, state: RunState, role: str, usage: Usage | None) -> Cost:
    name = in_use(ctx.settings, state, role)
    return ctx.settings.prices.cost(usage, ctx.settings.model(role, name), name)


def settle(
    ctx: RunContext, state: RunState, bill: Bill, *, session_id: str | None, usage: Usage | None, lost: bool = False
) -> RunState:
    """Enter the bill of the dispatch that is being paid, and its conversation, unless that is `lost`; put the state."""
    role = state.paying
    entry = Spending.of(bill.usage, bill.cost, bill.seconds)
    sessions = {other: session for other, session in state.sessions.items() if other != role}
    session = None if lost else _session_after(ctx, state, role, session_id, usage)
    state = replace(
        state,
        paying="",
        spent=_with(state.spent, role, entry),
        round_spent=_with(state.round_spent, role, entry),
        sessions=sessions if session is None else {**sessions, role: session},
        updated_at=ctx.now(),
    )
    ctx.bus.put_state(state)
    return state


def charge_cut_off(ctx: RunContext, state: RunState, *, document: bool) -> RunState:
    """Settle a dispatch that was under way when loop itself was killed, by what its log says."""
    role, name = state.paying, in_use(ctx.settings, state, state.paying)
    stem = log_stem(ctx, state, role)
    if not log_of(stem, "prompt.txt").exists():  # loop was killed before it could start the program
        return replace(state, paying="")
    transcript = Transcript(find_backend(name, ctx.settings.backend(name)))
    transcript.replay(log_of(stem, "out.log"))
    usage, session_id = transcript.account.usage, transcript.account.session_id
    bill = bill_for(ctx, state, role, usage, seconds=_seconds(stem), session_id=session_id)
    state = settle(ctx, state, bill, session_id=session_id, usage=usage)
    tell_end(ctx, state, role, bill, DispatchEnding(how="cut_off", session=session_id, document=document))
    return state


def tell_end(ctx: RunContext, state: RunState, role: str, bill: Bill, ending: DispatchEnding) -> None:
    """Tell that a dispatch is over, and what it came to."""
    ended = DispatchEnded(
        role=role,
        round=state.round,
        dispatch=state.dispatch_name(role),
        backend=in_use(ctx.settings, state, role),
        version=version_used(state, in_use(ctx.settings, state, role)),
        how=ending.how,
        exit_code=ending.exit_code,
        seconds=round(bill.seconds, 3),
        session=ending.session,
        document=ending.document,
        failure=ending.failure,
        swept=ending.swept,
        usage=None if bill.usage is None else bill.usage.known or None,
        cost_usd=bill.cost.known,
        cost_source=bill.cost.source,
    )
    ctx.emit(ended)


def version_used(state: RunState, backend: str) -> str:
    """Return the version of a backend's program, "" when nobody knows it."""
    program = state.programs.get(backend)
    return "" if program is None else program.version


def _with(spent: Mapping[str, Spending], role: str, entry: Spending) -> dict[str, Spending]:
    return {**spent, role: spent.get(role, NOTHING) + entry}


def _session_after(
    ctx: RunContext, state: RunState, role: str, session_id: str | None, usage: Usage | None
) -> Session | None:
    asked = session_for(ctx, state, role)
    counted = usage.numbers if usage is not None and usage.cumulative else None
    if session_id is None or (asked is not None and asked.session_id == session_id):
        if asked is None:
            return state.sessions.get(role)
        rounds = asked.rounds + (asked.round != state.round)
        return replace(asked, round=state.round, rounds=rounds, counted=counted or asked.counted)
    name = in_use(ctx.settings, state, role)
    return Session(backend=name, session_id=session_id, round=state.round, counted=counted)


def _seconds(stem: Path) -> float:
    """Return how long a dispatch that nobody saw the end of went on at least: until it last said something."""
    times = [log_of(stem, ending) for ending in ("prompt.txt", "out.log", "err.log")]
    seen = [path.stat().st_mtime for path in times if path.exists()]
    return max(seen) - min(seen) if seen else 0.0
