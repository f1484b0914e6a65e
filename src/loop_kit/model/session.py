"""An agent's own conversation, kept so that it can be taken up again."""

from dataclasses import dataclass
from typing import Any, Self

from loop_kit.model.fields import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """`rounds` counts the rounds it has served; only the backend that started it can resume it."""

    backend: str
    session_id: str
    rounds: int = 1

    @classmethod
    def from_document(cls, entry: Any, *, at: str = "$") -> Self:
        """Read a session; raise `FieldError` for a wrong one. `at` is the path to it within its document."""
        row = Fields.of(entry, ("backend", "session_id", "rounds"), at=at)
        return cls(backend=row.text("backend"), session_id=row.text("session_id"), rounds=row.count("rounds"))

    def to_document(self) -> dict[str, Any]:
        return {"backend": self.backend, "session_id": self.session_id, "rounds": self.rounds}
