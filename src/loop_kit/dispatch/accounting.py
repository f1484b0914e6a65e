"""What a dispatch used up, entered into the state once: when it is over, or when a later process finds it cut off."""

from collections.abc import Mapping

from loop_kit.backends.account import Account
from loop_kit.dispatch.dispatch import Dispatch, log_of
from loop_kit.engine.run import Run
from loop_kit.model.agent_events import Usage
from loop_kit.model.events import DispatchEnded
from loop_kit.model.prices import Cost
from loop_kit.model.session import Session
from loop_kit.model.spending import NOTHING, Spending, since
from loop_kit.values import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchEnding:
    """How a dispatch ended; `failure` is None when it did not fail. `usage` and `session_id` are as its program told them.

    `lost` says that it could not go on in the session that it was to go on in, `swept` how many processes it left.
    """

    how: str
    seconds: float
    document: bool
    usage: Usage | None
    session_id: str | None
    exit_code: int | None = None
    failure: str | None = None
    swept: int = 0
    lost: bool = False


def so_far(run: Run, dispatch: Dispatch, account: Account) -> Spending:
    """Return what a dispatch under way has used, as far as its program has told."""
    if account.usage is None:
        return NOTHING
    own, cost = _bill(run, dispatch, account.usage, account.session_id)
    return Spending.of(own, cost, 0.0)


def settle(run: Run, dispatch: Dispatch, ending: DispatchEnding) -> None:
    """Enter what a dispatch came to, its document and its session, unless that is lost; put the state and tell the end."""
    own, cost = _bill(run, dispatch, ending.usage, ending.session_id)
    entry = Spending.of(own, cost, ending.seconds)
    role, state = dispatch.role, run.state
    session = None if ending.lost else _session_after(run, dispatch, ending)
    sessions = {other: known for other, known in state.sessions.items() if other != role}
    if ending.document:
        run.seal(dispatch.paper)
    run.put(
        paying={name: whose for name, whose in state.paying.items() if name != dispatch.name},
        spent=_with(state.spent, role, entry),
        round_spent=_with(state.round_spent, role, entry),
        sessions=sessions if session is None else {**sessions, role: session},
    )
    ended = DispatchEnded(
        role=role,
        round=dispatch.round,
        dispatch=dispatch.name,
        backend=dispatch.backend_name,
        version=dispatch.version,
        how=ending.how,
        exit_code=ending.exit_code,
        seconds=round(ending.seconds, 3),
        session=ending.session_id,
        document=ending.document,
        failure=ending.failure,
        swept=ending.swept,
        usage=None if own is None else own.known or None,
        cost_usd=cost.known,
        cost_source=cost.source,
    )
    run.emit(ended)


def charge_cut_off(run: Run, name: str, *, document: bool) -> None:
    """Settle a dispatch that was under way when loop itself was killed, by what its log says."""
    dispatch = Dispatch.again(run, run.state.paying[name], name)
    if dispatch.order.prompt.exists():
        account = Account(dispatch.backend)
        account.replay(dispatch.output)
        ending = DispatchEnding(
            how="cut_off",
            seconds=_seconds(dispatch),
            document=document,
            usage=account.usage,
            session_id=account.session_id,
        )
        settle(run, dispatch, ending)
    else:  # loop was killed before it could start the program
        run.change(paying={other: whose for other, whose in run.state.paying.items() if other != name})


def _bill(run: Run, dispatch: Dispatch, usage: Usage | None, session_id: str | None) -> tuple[Usage | None, Cost]:
    """Return what a dispatch used by itself, None when nobody knows, and what that costs."""
    asked = dispatch.session
    resumed = asked is not None and session_id in (None, asked.session_id)
    own = since(usage, asked.counted if asked is not None else None, resumed=resumed)
    return own, run.settings.prices.cost(own, dispatch.order.model, dispatch.backend_name)


def _session_after(run: Run, dispatch: Dispatch, ending: DispatchEnding) -> Session | None:
    asked, usage, session_id = dispatch.session, ending.usage, ending.session_id
    counted = usage.numbers if usage is not None and usage.cumulative else None
    if session_id is None or (asked is not None and asked.session_id == session_id):
        if asked is None:
            return run.state.sessions.get(dispatch.role)
        rounds = asked.rounds + (asked.round != dispatch.round)
        return replace(asked, round=dispatch.round, rounds=rounds, counted=counted or asked.counted)
    return Session(backend=dispatch.backend_name, session_id=session_id, round=dispatch.round, counted=counted)


def _with(spent: Mapping[str, Spending], role: str, entry: Spending) -> dict[str, Spending]:
    return {**spent, role: spent.get(role, NOTHING) + entry}


def _seconds(dispatch: Dispatch) -> float:
    """Return how long a dispatch that nobody saw the end of went on at least: until it last said something."""
    times = [log_of(dispatch.stem, ending) for ending in ("prompt.txt", "out.log", "err.log")]
    seen = [path.stat().st_mtime for path in times if path.exists()]
    return max(seen) - min(seen) if seen else 0.0
