"""What stands before every paid process, and what ends one that is under way."""

from loop_kit.engine.context import RunContext
from loop_kit.errors import BudgetError, RoundLimitError
from loop_kit.model.spending import total
from loop_kit.model.state import RunState

_MINUTE = 60.0


def admit(ctx: RunContext, state: RunState) -> None:
    """Raise unless one more agent may be started now: asked before every dispatch, and by the PM before every round."""
    ctx.check_stop()
    limit = ctx.settings.run.max_rounds
    if state.round > limit:
        raise RoundLimitError(
            f"{limit} rounds ended without approval",
            hint=f"loop run --resume --max-rounds {limit + 2} goes on; loop status shows what is still open",
        )
    check_budget(ctx, state)


def check_budget(ctx: RunContext, state: RunState) -> None:
    problem = budget_problem(ctx, state)
    if problem is not None:
        raise problem


def budget_problem(ctx: RunContext, state: RunState, *, usd: float = 0.0) -> BudgetError | None:
    """Return why no more may be spent, None when some may; `usd` is what a dispatch has cost that is under way."""
    spent = total(state.spent.values())
    minutes, dollars = ctx.settings.run.max_minutes, ctx.settings.run.max_cost
    if minutes and spent.seconds >= minutes * _MINUTE:
        return BudgetError(
            f"the agents have worked {spent.seconds / _MINUTE:.1f} minutes, and --max-minutes is {minutes:g}",
            hint=f"loop run --resume --max-minutes {2 * minutes:g} goes on",
        )
    if dollars and spent.counted_usd + usd >= dollars:
        return BudgetError(
            f"the agents have cost {spent.counted_usd + usd:.2f} US dollars{_guessed(spent.unpriced)}, and --max-cost is "
            f"{dollars:g}",
            hint=f"loop run --resume --max-cost {2 * dollars:g} goes on",
        )
    return None


def wall_limit(ctx: RunContext, state: RunState) -> float:
    """Return the seconds that a dispatch may take, 0 for no limit."""
    limits = [ctx.settings.run.dispatch_timeout] if ctx.settings.run.dispatch_timeout else []
    if ctx.settings.run.max_minutes:
        left = ctx.settings.run.max_minutes * _MINUTE - total(state.spent.values()).seconds
        limits.append(max(left, 0.01))  # 0 would be no limit
    return min(limits, default=0.0)


def _guessed(unpriced: int) -> str:
    if not unpriced:
        return ""
    return f" ({unpriced} dispatch{'es' if unpriced > 1 else ''} at the price assumed for what nobody reports)"
