"""An agent's own conversation, kept so that it can be taken up again."""

from typing import Any, Self

from loop_kit.model.event import NUMBERS, Usage
from loop_kit.model.fields import Fields
from loop_kit.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """`rounds` counts the rounds it has served, `round` is the last of them; only its backend can resume it.

    `counted` is where the program's own count over the session stood last, None for one that counts each run by itself.
    """

    backend: str
    session_id: str
    round: int
    rounds: int = 1
    counted: Usage | None = None

    @classmethod
    def from_document(cls, entry: Any, *, at: str = "$") -> Self:
        """Read a session; raise `FieldError` for a wrong one. `at` is the path to it within its document."""
        row = Fields.of(entry, ("backend", "session_id", "round", "rounds", "counted"), at=at)
        return cls(
            backend=row.text("backend"),
            session_id=row.text("session_id"),
            round=row.count("round"),
            rounds=row.count("rounds"),
            counted=None if row.any("counted") is None else _read_count(row.any("counted"), at=f"{at}.counted"),
        )

    def to_document(self) -> dict[str, Any]:
        return {
            "backend": self.backend,
            "session_id": self.session_id,
            "round": self.round,
            "rounds": self.rounds,
            "counted": None if self.counted is None else {key: getattr(self.counted, key) for key in NUMBERS},
        }


def _read_count(entry: Any, *, at: str) -> Usage:
    row = Fields.of(entry, NUMBERS, at=at)
    return Usage(
        input_tokens=row.count_or_none("input_tokens"),
        cached_tokens=row.count_or_none("cached_tokens"),
        output_tokens=row.count_or_none("output_tokens"),
        reasoning_tokens=row.count_or_none("reasoning_tokens"),
        cost_usd=row.amount_or_none("cost_usd"),
        cumulative=True,
    )
