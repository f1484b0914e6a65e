"""How a fault in a document is said: the same words whoever found it."""

import json
from collections.abc import Collection, Iterable
from os import PathLike, fsencode
from typing import Any

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


class FieldError(ValueError):
    """One field is wrong; the text is `$.path: what`."""


def shown(value: Any) -> str:
    """Return `value` as a short piece of a sentence, however large it is."""
    match value:
        case None | bool():
            return json.dumps(value)
        case str():
            return repr(str(value)) if len(value) <= 60 else f"{value[:60]!r}…"  # noqa: PLR2004  (one line of a terminal)
        case dict():
            return "an object"
        case list():
            return "a list"
        case _:
            return f"{value!r:.60}"


def path_text(path: str | bytes | PathLike[str]) -> str:
    """Return a path as text that any terminal and any JSON document takes: UTF-8, a backslash escape for any other byte."""
    return fsencode(path).decode("utf-8", "backslashreplace")


def step(key: str) -> str:
    """Return one step of a path to a field: `.key`, or `['the key']` when it is no plain word."""
    return f".{key}" if key.isidentifier() else f"[{shown(key)}]"


def expected(types: str | Iterable[str], value: Any) -> str:
    """Return that a value of one of `types` (JSON Schema's names) should stand where `value` does."""
    names = [types] if isinstance(types, str) else types
    return f"it should be {' or '.join(TYPE_NAMES[name] for name in names)}, not {shown(value)}"


def one_of(words: Iterable[str | None], value: Any) -> str:
    return f"it should be {' or '.join(shown(word) for word in words)}, not {shown(value)}"


def unknown(key: str, known: Collection[str]) -> str:
    """Return that there is no field of that name, and which one was probably meant."""
    return f"there is no such field{did_you_mean(key, known)}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `, did you mean 'claude'?` for the known word that is nearest to `word`, "" when none is near."""
    import difflib  # noqa: PLC0415  (1 ms, only for who has mistyped something)

    near = difflib.get_close_matches(word, list(known), n=1)
    return f", did you mean '{near[0]}'?" if near else ""


def too_small(least: float, value: Any) -> str:
    return f"it should be at least {least}, not {shown(value)}"


def too_large(most: float, value: Any) -> str:
    return f"it should be at most {most}, not {shown(value)}"


def too_short(least: int, value: Collection[Any]) -> str:
    if isinstance(value, str):
        return f"it is shorter than {least} characters" if value else "it is blank"
    return f"it has fewer than {least} entries"


def too_long(most: int, value: Collection[Any]) -> str:
    return f"it is longer than {most} characters" if isinstance(value, str) else f"it has more than {most} entries"


def malformed(value: str, said: str = "") -> str:
    """Return that a text has not the form it should have; `said` says that form."""
    if said:
        return f"{said}, not {shown(value)}"
    return f"{shown(value)} is malformed" if value.strip() else "it is blank"
