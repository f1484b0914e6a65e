"""An agent program as it was when a run used it."""

from typing import Any, Self

from loop_kit.model.fields import Fields
from loop_kit.values import asdict, dataclass

_KEYS = ("path", "stamp", "version")


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """`version` is what it says of itself, "" when it says nothing; `stamp` changes when the file does."""

    path: str
    stamp: str
    version: str

    @classmethod
    def from_document(cls, entry: Any, *, at: str = "$") -> Self:
        """Read a program; raise `FieldError` for a wrong one. `at` is the path to it within its document."""
        row = Fields.of(entry, _KEYS, at=at)
        return cls(path=row.text("path"), stamp=row.text("stamp"), version=row.text("version"))

    def to_document(self) -> dict[str, Any]:
        return asdict(self)
