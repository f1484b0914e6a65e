"""What agents cost: as they report it, else by a table of prices, else a sum set for what nobody knows.

Unknown is never free: a limit counts every dispatch, a report of costs only what is known.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Self

from loop_kit.model.event import Usage
from loop_kit.values import dataclass, field

_MILLION = 1_000_000
PER_DISPATCH = 1.0


class CostSource(StrEnum):
    """Where the price of a dispatch comes from."""

    REPORTED = "reported"  # by the program itself
    TOKENS = "tokens"  # its tokens, at the prices of the config
    ASSUMED = "assumed"  # nobody knows: what the config sets for that


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """US dollars of one dispatch."""

    usd: float
    source: CostSource

    @property
    def known(self) -> float | None:
        return None if self.source is CostSource.ASSUMED else self.usd


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPrice:
    """US dollars for a million tokens. `cached` is for those of the input that came from a cache."""

    input: float
    output: float
    cached: float

    @classmethod
    def from_document(cls, entry: Any) -> Self:
        return cls(input=entry["input"], output=entry["output"], cached=entry.get("cached", entry["input"]))

    def to_document(self) -> dict[str, Any]:
        return {"input": self.input, "output": self.output, "cached": self.cached}

    def of(self, usage: Usage) -> float | None:
        """Return the price of what was used, None when input or output were not counted."""
        if usage.input_tokens is None or usage.output_tokens is None:
            return None
        cached = min(usage.cached_tokens or 0, usage.input_tokens)
        fresh = usage.input_tokens - cached
        return (fresh * self.input + cached * self.cached + usage.output_tokens * self.output) / _MILLION


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """The table `[prices]`. `models` are by the name of a model, or of a backend whose model nobody named.

    `as_of` is the day the prices were looked up; loop only shows it.
    """

    as_of: str = ""
    per_dispatch: float = PER_DISPATCH
    models: Mapping[str, ModelPrice] = field(default_factory=dict)

    @classmethod
    def from_document(cls, entry: Any) -> Self:
        return cls(
            as_of=entry.get("as_of", ""),
            per_dispatch=float(entry.get("per_dispatch", PER_DISPATCH)),
            models={name: ModelPrice.from_document(price) for name, price in entry.get("models", {}).items()},
        )

    def to_document(self) -> dict[str, Any]:
        return {
            "as_of": self.as_of,
            "per_dispatch": self.per_dispatch,
            "models": {name: price.to_document() for name, price in self.models.items()},
        }

    def cost(self, usage: Usage | None, *names: str) -> Cost:
        """Return what a dispatch cost; `names` are those to look for among the models, the best first."""
        if usage is not None and usage.cost_usd is not None:
            return Cost(usd=usage.cost_usd, source=CostSource.REPORTED)
        price = next((self.models[name] for name in names if name in self.models), None)
        usd = None if price is None or usage is None else price.of(usage)
        if usd is None:
            return Cost(usd=self.per_dispatch, source=CostSource.ASSUMED)
        return Cost(usd=usd, source=CostSource.TOKENS)
