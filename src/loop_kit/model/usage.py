"""What programs report of their usage: tokens and US dollars."""

from typing import Annotated

from loop_kit.model.kinds import Amount, Count
from loop_kit.values import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageNumbers:
    """None is unknown, never zero. Input counts what came from a cache, output what was thought."""

    input_tokens: Annotated[Count | None, "Tokens read; null when unknown."] = None
    cached_tokens: Annotated[Count | None, "Those of them that came from a cache."] = None
    output_tokens: Annotated[Count | None, "Tokens written."] = None
    reasoning_tokens: Annotated[Count | None, "Those of them that were thoughts."] = None
    cost_usd: Annotated[Amount | None, "US dollars; null when unknown."] = None

    @property
    def known(self) -> dict[str, int | float]:
        """Return the numbers that are known, by name."""
        numbers = {name: getattr(self, name) for name in NUMBERS}
        return {name: number for name, number in numbers.items() if number is not None}


NUMBERS = tuple(each.name for each in fields(UsageNumbers))
TOKENS = NUMBERS[:-1]
