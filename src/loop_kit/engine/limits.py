"""Limits: the reasons not to pay, asked before every paid process, and those that end one that is under way.

`LIMITS` is asked in its order; another limit is another entry. A limit never writes: it says why not, in one error.
"""

from collections.abc import Callable, Sequence

from loop_kit.engine.run import Run
from loop_kit.errors import BudgetError, LoopError, RoundLimitError, StoppedError, TimeLimitError
from loop_kit.model.spending import NOTHING, Spending, total
from loop_kit.values import dataclass, replace

_MINUTE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What a limit looks at: the round, and what the run has spent, with what running programs have used so far."""

    round: int
    spent: Spending


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One reason not to pay: `refusal` returns the error that would end the run, None while there is none.

    It is asked before a program is started and, unless it is one `before` alone, about every second while one runs.
    """

    name: str
    refusal: Callable[[Run, Position], LoopError | None]
    before: bool = False


_ANYWHERE = Position(round=0, spent=NOTHING)  # what stops a run does not depend on it


def _stopped(run: Run, _at: Position) -> LoopError | None:
    stops = run.bus.stop_files()
    if not stops:
        return None
    return StoppedError(f"{stops[0]} asks for a stop", hint="remove that file, then: loop run --resume")


def _out_of_time(run: Run, _at: Position) -> LoopError | None:
    if run.seconds_left() != 0.0:
        return None
    seconds = run.settings.run.timeout
    return TimeLimitError(f"the run took longer than --timeout {seconds:g} s", hint="loop run --resume goes on")


def _out_of_rounds(run: Run, at: Position) -> LoopError | None:
    limit = run.settings.run.max_rounds
    if at.round <= limit:
        return None
    return RoundLimitError(
        f"{limit} round{'s' if limit > 1 else ''} ended without approval",
        hint=f"loop run --resume --max-rounds {limit + 2} goes on; loop status shows what is still open",
    )


def _out_of_minutes(run: Run, at: Position) -> LoopError | None:
    minutes, worked = run.settings.run.max_minutes, at.spent.seconds
    if not minutes or worked < minutes * _MINUTE:
        return None
    return BudgetError(
        f"the agents have worked {worked / _MINUTE:.1f} minutes, and --max-minutes is {minutes:g}",
        hint=f"loop run --resume --max-minutes {2 * minutes:g} goes on",
    )


def _out_of_money(run: Run, at: Position) -> LoopError | None:
    dollars, spent = run.settings.run.max_cost, at.spent
    if not dollars or spent.counted_usd < dollars:
        return None
    return BudgetError(
        f"the agents have cost {spent.counted_usd:.2f} US dollars{_assumed(spent.unpriced)}, and --max-cost is {dollars:g}",
        hint=f"loop run --resume --max-cost {2 * dollars:g} goes on",
    )


STOPPING = (Limit(name="stop", refusal=_stopped), Limit(name="time", refusal=_out_of_time))
SPENDING = (
    Limit(name="minutes", refusal=_out_of_minutes, before=True),  # a program's own clock ends it, see `wall_limit`
    Limit(name="money", refusal=_out_of_money),
)
LIMITS = (*STOPPING, Limit(name="rounds", refusal=_out_of_rounds, before=True), *SPENDING)


def position(run: Run) -> Position:
    """Return where a run stands with its limits."""
    return Position(round=run.round, spent=total(run.state.spent.values()))


def admit(run: Run, at: Position, limits: Sequence[Limit] = LIMITS) -> None:
    """Raise unless one more agent may be started now: asked before every dispatch, and by the PM before every round."""
    check_stop(run)
    _refuse(run, at, limits)


def is_over(run: Run, at: Position, more: Spending) -> bool:
    """Whether a limit ends the programs that run now and have used `more`."""
    now = replace(at, spent=at.spent + more)
    return any(limit.refusal(run, now) is not None for limit in LIMITS if not limit.before)


def check_stop(run: Run) -> None:
    """Raise when the run has been asked to end: a signal, STOP on the bus, or the time set for the whole run.

    Whatever waits asks this about every second, so it is also where a display is told that time goes by.
    """
    run.world.tick()
    run.world.interruption.raise_if_requested()
    _refuse(run, _ANYWHERE, STOPPING)


def pause(run: Run, seconds: float) -> None:
    """Wait, but no longer than until the run is asked to end."""
    until = run.world.clock.seconds() + seconds
    check_stop(run)
    while (left := until - run.world.clock.seconds()) > 0:
        run.world.interruption.sleep(min(left, 1.0))
        check_stop(run)


def _refuse(run: Run, at: Position, limits: Sequence[Limit]) -> None:
    for limit in limits:
        refusal = limit.refusal(run, at)
        if refusal is not None:
            raise refusal


def wall_limit(run: Run, at: Position, role: str) -> float:
    """Return the seconds that a dispatch of `role` may take, 0 for no limit."""
    own = run.settings.dispatch_timeout(role)
    limits = [own] if own else []
    if run.settings.run.max_minutes:
        left = run.settings.run.max_minutes * _MINUTE - at.spent.seconds
        limits.append(max(left, 0.01))  # 0 would be no limit
    return min(limits, default=0.0)


def _assumed(unpriced: int) -> str:
    if not unpriced:
        return ""
    return f" ({unpriced} dispatch{'es' if unpriced > 1 else ''} at the price assumed for what nobody reports)"
