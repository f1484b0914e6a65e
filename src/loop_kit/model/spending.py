"""What a run has used up so far, by role: kept in the state, because limits rest on it and a crash must not forget it."""

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import TYPE_CHECKING, Any, Self

from loop_kit.model.event import NUMBERS, Usage
from loop_kit.model.fields import Fields, step
from loop_kit.values import dataclass, fields, replace

if TYPE_CHECKING:
    from loop_kit.model.prices import Cost

_DIGITS = 6  # of seconds and dollars: so that sums are the same before and after they were written down


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """Sums over dispatches that are over.

    Tokens and `cost_usd` sum up what is known and are None when nothing is; `uncounted` and `unpriced` are the
    dispatches that they lack. `counted_usd` is what counts against a limit: known or assumed, every dispatch is in it.
    `seconds` is the time that programs ran.
    """

    dispatches: int = 0
    seconds: float = 0.0
    input_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: float | None = None
    counted_usd: float = 0.0
    uncounted: int = 0
    unpriced: int = 0

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
        """Return both together; what one does not know, the other's part stands for."""
        sums = {item.name: _sum(getattr(self, item.name), getattr(other, item.name)) for item in fields(self)}
        return replace(self, **sums)

    @classmethod
    def from_document(cls, entry: Any, *, at: str = "$") -> Self:
        """Read a spending; raise `FieldError` for a wrong one. `at` is the path to it within its document."""
        row = Fields.of(entry, _KEYS, at=at)
        return cls(
            dispatches=row.count("dispatches"),
            uncounted=row.count("uncounted"),
            unpriced=row.count("unpriced"),
            input_tokens=row.count_or_none("input_tokens"),
            cached_tokens=row.count_or_none("cached_tokens"),
            output_tokens=row.count_or_none("output_tokens"),
            reasoning_tokens=row.count_or_none("reasoning_tokens"),
            seconds=row.amount("seconds"),
            cost_usd=row.amount_or_none("cost_usd"),
            counted_usd=row.amount("counted_usd"),
        )

    def to_document(self) -> dict[str, Any]:
        return {key: getattr(self, key) for key in _KEYS}


def read_spendings(row: Fields, key: str) -> dict[str, Spending]:
    """Return the spendings by role in a field of `row`; raise `FieldError` for a wrong one."""
    at = f"{row.at}.{key}"
    return {role: Spending.from_document(entry, at=f"{at}{step(role)}") for role, entry in row.map(key).items()}


def write_spendings(spendings: Mapping[str, Spending]) -> dict[str, Any]:
    return {role: spending.to_document() for role, spending in spendings.items()}


NOTHING = Spending()
_KEYS = tuple(item.name for item in fields(Spending))


def total(spendings: Iterable[Spending]) -> Spending:
    return reduce(Spending.__add__, spendings, NOTHING)


def totals(spendings: Mapping[str, Spending]) -> dict[str, Any]:
    """Return spendings by role as a document, with their sum as `total`."""
    return {**write_spendings(spendings), "total": total(spendings.values()).to_document()}


def since(usage: Usage | None, before: Usage | None, *, resumed: bool) -> Usage | None:
    """Return what a dispatch used by itself, of a `usage` that may count the whole session.

    `before` is where the session's count stood; a session that was `resumed` without one says nothing of one dispatch.
    """
    if usage is None or not usage.cumulative or not resumed:
        return usage
    if before is None:
        return None
    parts = {name: _less(getattr(usage, name), getattr(before, name)) for name in NUMBERS}
    return Usage(**parts)


def _less(now: Any, before: Any) -> Any:
    """Return the difference; a lower count than before shows that the program began to count anew."""
    if now is None or before is None:
        return None
    return now - before if now >= before else now


def _sum(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return other if one is None else one
    return round(one + other, _DIGITS) if isinstance(one, float) else one + other
