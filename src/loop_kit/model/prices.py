"""What agents cost: as they report it, else by a table of prices, else a fixed sum for an unknown price.

Unknown is never free: a limit counts every dispatch, a report of costs only what is known.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from loop_kit.model.agent_events import Usage
from loop_kit.model.kinds import Dollars
from loop_kit.values import dataclass, field
from loop_kit.values.annotations import Mark, Size

_MILLION = 1_000_000


class CostSource(StrEnum):
    """Where the price of a dispatch comes from."""

    REPORTED = "reported"  # by the program itself
    TOKENS = "tokens"  # its tokens, at the prices of the config
    ASSUMED = "assumed"  # unknown: what the config counts for it


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
    """What the tokens of a model cost."""

    input: Annotated[Dollars, "US dollars for a million tokens read."]
    cached: Annotated[
        Dollars | None, Mark.ABSENT, "The same for those that came from a cache; as input when absent."
    ] = None
    output: Annotated[Dollars, "US dollars for a million tokens written, thoughts included."]

    def of(self, usage: Usage) -> float | None:
        """Return the price of what was used, None when input or output were not counted."""
        if usage.input_tokens is None or usage.output_tokens is None:
            return None
        cached = min(usage.cached_tokens or 0, usage.input_tokens)
        fresh = usage.input_tokens - cached
        price = self.input if self.cached is None else self.cached
        return (fresh * self.input + cached * price + usage.output_tokens * self.output) / _MILLION


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """The table `[prices]`."""

    as_of: Annotated[
        str, Size(0, 100), "The day these prices were looked up, as 2025-01-31; for people, loop only shows it."
    ] = ""
    per_dispatch: Annotated[
        Dollars, "US dollars that --max-cost counts for a dispatch with an unknown price; 1 when absent."
    ] = 1.0
    models: Annotated[
        Mapping[str, ModelPrice],
        Size(0, 1000),
        "By the name of a model, or of a backend whose model is not named: the price of its tokens.",
    ] = field(default_factory=dict)

    def cost(self, usage: Usage | None, *names: str) -> Cost:
        """Return what a dispatch cost; `names` are those to look for among the models, the best first."""
        if usage is not None and usage.cost_usd is not None:
            return Cost(usd=usage.cost_usd, source=CostSource.REPORTED)
        price = next((self.models[name] for name in names if name in self.models), None)
        usd = None if price is None or usage is None else price.of(usage)
        if usd is None:
            return Cost(usd=self.per_dispatch, source=CostSource.ASSUMED)
        return Cost(usd=usd, source=CostSource.TOKENS)
