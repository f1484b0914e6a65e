"""A problem that a check found."""

from collections.abc import Callable
from typing import Any

from loop_kit.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """`where` is a file, a ref or a process. `remedy` says in a few words what `repair` does.

    `repair` is None when a repair would lose something; then `hint` says what a person may do. A `note` is information, not
    a fault.
    """

    code: str
    where: str
    text: str
    hint: str = ""
    remedy: str = ""
    repair: Callable[[], object] | None = None
    note: bool = False

    def to_document(self, *, repaired: bool) -> dict[str, Any]:
        return {
            "code": self.code,
            "where": self.where,
            "problem": self.text,
            "hint": self.hint,
            "remedy": self.remedy,
            "repaired": repaired,
            "note": self.note,
        }
