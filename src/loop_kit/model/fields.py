"""Read loop's own documents field by field, without jsonschema: what is missing, unknown or of another type is refused.

The wording is shared with `schema`, so that a fault reads the same whoever found it.
"""

import json
import math
from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from typing import Any, Self, TypeVar

from loop_kit.values import dataclass

_Word = TypeVar("_Word", bound=StrEnum)

TYPE_NAMES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}
MISSING = "it is missing"
UNKNOWN = "there is no such field"


class FieldError(ValueError):
    """One field is wrong; the text is `$.path: what`."""


def shown(value: Any) -> str:
    """Return `value` as a short piece of a sentence, however large it is."""
    match value:
        case None | bool():
            return json.dumps(value)
        case str():
            return repr(value) if len(value) <= 60 else f"{value[:60]!r}…"  # noqa: PLR2004  (one line of a terminal)
        case dict():
            return "an object"
        case list():
            return "a list"
        case _:
            return f"{value!r:.60}"


def step(key: str) -> str:
    """Return one step of a path to a field: `.key`, or `['the key']` when it is no plain word."""
    return f".{key}" if key.isidentifier() else f"[{shown(key)}]"


def expected(types: str | Sequence[str], value: Any) -> str:
    """Return that a value of one of `types` (JSON Schema's names) should stand where `value` does."""
    names = [types] if isinstance(types, str) else types
    return f"it should be {' or '.join(TYPE_NAMES[name] for name in names)}, not {shown(value)}"


def one_of(words: Iterable[str], value: Any) -> str:
    return f"it should be {' or '.join(shown(word) for word in words)}, not {shown(value)}"


def check_version(document: Any, known: int) -> None:
    """Raise `FieldError` unless `document` is an object of version `known`; ask first, newer fields may differ."""
    if not isinstance(document, dict):
        raise FieldError(f"$: {expected('object', document)}")
    version = document.get("schema_version")
    if version != known or isinstance(version, bool):
        raise FieldError(f"$.schema_version: this loop reads version {known}, not {shown(version)}")


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one JSON object; `at` is the path to it within its document."""

    entries: dict[str, Any]
    at: str

    @classmethod
    def of(cls, value: Any, known: Collection[str], *, at: str = "$") -> Self:
        """Take an object apart; raise `FieldError` when it is none or has a field outside `known`."""
        if not isinstance(value, dict):
            raise FieldError(f"{at}: {expected('object', value)}")
        for key in value:
            if key not in known:
                raise FieldError(f"{at}{step(key)}: {UNKNOWN}")
        return cls(value, at)

    def text(self, key: str) -> str:
        value: str = self._typed(key, str, "string")
        return value

    def text_or_none(self, key: str) -> str | None:
        return None if self.any(key) is None else self.text(key)

    def count(self, key: str) -> int:
        value: int = self._typed(key, int, "integer")
        if value < 0:
            raise FieldError(f"{self.at}.{key}: it should be at least 0, not {value}")
        return value

    def amount(self, key: str) -> float:
        """Return a number from 0, whole or not."""
        value = self.any(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise FieldError(f"{self.at}.{key}: {expected('number', value)}")
        if not 0 <= value < math.inf:
            raise FieldError(f"{self.at}.{key}: it should be at least 0, not {shown(value)}")
        return float(value)

    def amount_or_none(self, key: str) -> float | None:
        return None if self.any(key) is None else self.amount(key)

    def count_or_none(self, key: str) -> int | None:
        return None if self.any(key) is None else self.count(key)

    def word(self, key: str, words: type[_Word]) -> _Word:
        value = self.any(key)
        if value not in list(words):
            raise FieldError(f"{self.at}.{key}: {one_of([str(word) for word in words], value)}")
        return words(value)

    def texts(self, key: str) -> tuple[str, ...]:
        for index, value in enumerate(self.rows(key)):
            if not isinstance(value, str):
                raise FieldError(f"{self.at}.{key}[{index}]: {expected('string', value)}")
        return tuple(self.rows(key))

    def text_map(self, key: str) -> dict[str, str]:
        for name, value in self.map(key).items():
            if not isinstance(value, str):
                raise FieldError(f"{self.at}.{key}{step(name)}: {expected('string', value)}")
        return self.map(key)

    def rows(self, key: str) -> list[Any]:
        value: list[Any] = self._typed(key, list, "array")
        return value

    def map(self, key: str) -> dict[str, Any]:
        value: dict[str, Any] = self._typed(key, dict, "object")
        return value

    def any(self, key: str) -> Any:
        if key not in self.entries:
            raise FieldError(f"{self.at}.{key}: {MISSING}")
        return self.entries[key]

    def _typed(self, key: str, kind: type, name: str) -> Any:
        value = self.any(key)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise FieldError(f"{self.at}.{key}: {expected(name, value)}")
        return value
