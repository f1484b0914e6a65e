"""What a run has used up so far, by role: kept in the state, because limits rest on it and a crash must not forget it."""

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from loop_kit.model.agent_events import Usage
from loop_kit.model.kinds import Amount, Count
from loop_kit.model.usage import NUMBERS, UsageNumbers
from loop_kit.values import dataclass, fields, replace
from loop_kit.values.annotations import Form

if TYPE_CHECKING:
    from loop_kit.model.prices import Cost

_DIGITS = 6  # of seconds and dollars: so that sums are the same before and after they were written down


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending(UsageNumbers):
    """Sums over finished dispatches.

    Tokens and `cost_usd` sum up what is known and are None when nothing is; `uncounted` and `unpriced` are the
    dispatches that they lack.
    """

    form: ClassVar[Form] = Form.EXACT

    dispatches: Annotated[Count, "How many dispatches are in these sums."] = 0
    seconds: Annotated[Amount, "How long their programs ran."] = 0.0
    counted_usd: Annotated[
        Amount, "What counts against --max-cost: every dispatch, at its price or at the one that is assumed."
    ] = 0.0
    uncounted: Annotated[Count, "Dispatches whose tokens are not in these sums: unknown."] = 0
    unpriced: Annotated[Count, "Dispatches whose price is not in cost_usd: unknown."] = 0

    @classmethod
    def of(cls, usage: Usage | None, cost: "Cost", seconds: float) -> Self:
        """Return the spending of one dispatch."""
        counted = usage or Usage()
        return cls(
            dispatches=1,
            seconds=round(seconds, _DIGITS),
            input_tokens=counted.input_tokens,
            cached_tokens=counted.cached_tokens,
            output_tokens=counted.output_tokens,
            reasoning_tokens=counted.reasoning_tokens,
            cost_usd=None if cost.known is None else round(cost.known, _DIGITS),
            counted_usd=round(cost.usd, _DIGITS),
            uncounted=int(counted.input_tokens is None or counted.output_tokens is None),
            unpriced=int(cost.known is None),
        )

    def __add__(self, other: "Spending") -> "Spending":
        """Return the sum; where one of them is unknown, it is the other's value."""
        sums = {item.name: _sum(getattr(self, item.name), getattr(other, item.name)) for item in fields(self)}
        return replace(self, **sums)


NOTHING = Spending()


def total(spendings: Iterable[Spending]) -> Spending:
    return reduce(Spending.__add__, spendings, NOTHING)


def with_total(spendings: Mapping[str, Spending]) -> dict[str, Spending]:
    """Return spendings by role, and their sum as `total`."""
    return {**spendings, "total": total(spendings.values())}


def since(usage: Usage | None, before: UsageNumbers | None, *, resumed: bool) -> Usage | None:
    """Return what one dispatch used, from a `usage` that may count the whole session.

    `before` is the session's total before the dispatch; without it nothing is known of a dispatch that `resumed` a session.
    """
    if usage is None or not usage.cumulative or not resumed:
        return usage
    if before is None:
        return None
    parts = {name: _less(getattr(usage, name), getattr(before, name)) for name in NUMBERS}
    return Usage(**parts)


def _less(now: Any, before: Any) -> Any:
    """Return the difference; a lower count than before means that the program started counting anew."""
    if now is None or before is None:
        return None
    return now - before if now >= before else now


def _sum(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return other if one is None else one
    return round(one + other, _DIGITS) if isinstance(one, float) else one + other
