"""An agent's own conversation, kept so that it can be taken up again."""

from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """`rounds` counts the rounds it has served; only the backend that started it can resume it."""

    backend: str
    session_id: str
    rounds: int = 1

    @classmethod
    def from_document(cls, entry: Any) -> Self:
        return cls(backend=entry["backend"], session_id=entry["session_id"], rounds=entry["rounds"])

    def to_document(self) -> dict[str, Any]:
        return {"backend": self.backend, "session_id": self.session_id, "rounds": self.rounds}
