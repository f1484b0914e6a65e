"""By what an agent program can be made to run or to allow something from outside of its trees: a digest for each setting.

Values are never kept. A place that cannot be read is told as that: when it was so before, it is no difference.
"""

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

from loop_kit.backends.outside import Source, SourceFormat, Trees
from loop_kit.backends.outside_files import digest, digests_at, read_regular
from loop_kit.values import dataclass

# Bytes; TOML is read ten times as slowly.
_LIMITS = {SourceFormat.JSON: 16 * 1024 * 1024, SourceFormat.TOML: 1024 * 1024}
_LONGEST_NAME = 500
_UNREADABLE = "what cannot be read"
# Texts, comments and commas before a closing bracket; what is never closed goes on to the end, so that reading is linear.
_JSONC = re.compile(r'("(?:\\.?|[^"\\])*+(?:"|\Z))|//[^\n]*|/\*(?s:.*?)(?:\*/|\Z)', re.DOTALL)
_COMMA = re.compile(r'("(?:\\.?|[^"\\])*+(?:"|\Z))|,(?=\s*[}\]])', re.DOTALL)


def _a_moment() -> None:
    time.sleep(0.1)


def take(sources: Iterable[Source], trees: Trees, *, pause: Callable[[], None] = _a_moment) -> dict[str, str]:
    """Return name -> digest of every setting that counts; a name is a path, and for a setting in it the way there.

    A file that cannot be read as what it should be is read once more after the `pause`: somebody may be writing it.
    """
    found: dict[str, str] = {}
    for source in sources:
        if source.form is SourceFormat.FILES:
            entries = dict(digests_at(source.path, source.but))
        else:
            entries = _settings(source, trees)
            if f"{source.path}: {_UNREADABLE}" in entries:
                pause()
                entries = _settings(source, trees)
        found |= {_printable(name): value for name, value in entries.items()}
    return found


def _settings(source: Source, trees: Trees) -> dict[str, str]:
    content = read_regular(source.path, limit=_LIMITS[source.form])
    if isinstance(content, str):
        return {source.path: digest(content.encode("utf-8", "backslashreplace"))} if content else {}
    try:
        return {f"{source.path}: {name}": value for name, value in _chosen(_parse(content, source.form), source, trees)}
    except (ValueError, RecursionError):  # no program can read it either, or reads it in a way that loop does not
        return {f"{source.path}: {_UNREADABLE}": digest(content)} if content.strip() else {}


def _parse(content: bytes, form: SourceFormat) -> Any:
    text = content.decode("utf-8")
    if form is SourceFormat.TOML:
        import tomllib  # noqa: PLC0415  (7 ms, and one program has it)

        return tomllib.loads(text)
    try:
        return json.loads(text)
    except ValueError:
        if not text.strip():
            return {}
        kept = _JSONC.sub(lambda match: match[1] or " ", text)
        return json.loads(_COMMA.sub(lambda match: match[1] or "", kept))


def _chosen(document: Any, source: Source, trees: Trees) -> Iterator[tuple[str, str]]:
    """Yield each setting that counts, by its name, with the digest of its value."""
    if not isinstance(document, dict):
        raise ValueError("settings are a table")  # noqa: TRY004  (as for what is no JSON)
    reading = _Reading(trees=trees, but=tuple(_steps(pattern) for pattern in source.but))
    left = reading.without(document, ())
    for pattern in source.keys:
        for way, value in reading.matches(left, _steps(pattern), ()):
            text = json.dumps(value, sort_keys=True, ensure_ascii=True, default=str)
            yield ".".join(way), digest(text.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """How one document is read: `but` are the ways to what does not count."""

    trees: Trees
    but: tuple[tuple[str, ...], ...]

    def without(self, value: Any, way: tuple[str, ...]) -> Any:
        """Return a value without what does not count and what is empty, None when nothing is left of it."""
        if any(self._fits(way, pattern) for pattern in self.but):
            return None
        if isinstance(value, dict):
            left = {str(key): self.without(entry, (*way, str(key))) for key, entry in value.items()}
            return {key: entry for key, entry in left.items() if entry is not None} or None
        if isinstance(value, list):
            return [self.without(entry, (*way, str(number))) for number, entry in enumerate(value)] or None
        return None if value == "" else value

    def matches(
        self, value: Any, pattern: Sequence[str], way: tuple[str, ...]
    ) -> Iterator[tuple[tuple[str, ...], Any]]:
        if not pattern:
            yield way, value
        elif isinstance(value, dict | list):
            entries: Iterable[tuple[str, Any]] = (
                value.items() if isinstance(value, dict) else ((str(number), each) for number, each in enumerate(value))
            )
            for key, entry in entries:
                if self._fits_step(key, pattern[0]) and entry is not None:
                    yield from self.matches(entry, pattern[1:], (*way, key))

    def _fits(self, way: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
        return len(way) == len(pattern) and all(map(self._fits_step, way, pattern))

    def _fits_step(self, key: str, step: str) -> bool:
        return self.trees.at_or_below(key) if step == "@" else fnmatchcase(key, step)


def _steps(pattern: str) -> tuple[str, ...]:
    return tuple(pattern.split("."))


def _printable(name: str) -> str:
    """Return a name as text that every document can hold: a path may be made of any bytes, a key of any characters."""
    text = name.encode("utf-8", "backslashreplace").decode()
    text = "".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in text)
    return text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}… ({digest(text.encode())})"
