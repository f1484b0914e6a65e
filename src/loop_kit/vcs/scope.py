"""Which paths the scope entries of a card mean. An entry is a gitignore pattern, or prose without effect.

"the parser" and "documentation" are prose unless something of that name exists; "docs/", "*.md" and "src/new.py" are
patterns whether anything exists or not.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Self

from loop_kit.errors import DocumentError
from loop_kit.values import dataclass

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_LOOKS_LIKE_A_PATH = re.compile(r"[/.*?\[]")


@dataclass(frozen=True, slots=True)
class Scope:
    """`patterns` decide, in order, the last match wins; `prose` is for people and agents."""

    patterns: tuple[str, ...]
    prose: tuple[str, ...]
    _spec: "GitIgnoreSpec | None"

    @classmethod
    def read(cls, entries: Iterable[str], exists: Callable[[str], bool]) -> Self:
        """Tell patterns from prose; `exists` says whether an entry, read as a pattern, names anything."""
        patterns: list[str] = []
        prose: list[str] = []
        for entry in entries:
            pattern = _pattern(entry)
            if _decides(pattern, exists):
                patterns.append(pattern)
            else:
                prose.append(entry)
        return cls(tuple(patterns), tuple(prose), _compile(patterns) if patterns else None)

    def covers(self, path: str) -> bool:
        return self._spec is not None and self._spec.match_file(path)


def names_in(paths: Callable[[], Iterable[str]]) -> Callable[[str], bool]:
    """Return the test that `Scope.read` needs: does an entry name one of `paths`? They are fetched on first use."""
    known: list[str] = []

    def exists(entry: str) -> bool:
        if not known:
            known.extend(paths())
        spec = _compile([entry.removeprefix("!")])
        return any(map(spec.match_file, known))

    return exists


def patterns_match(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Return a test whether gitignore patterns match a path."""
    return _compile(patterns).match_file


def outside(paths: Iterable[str], in_scope: Scope, out_of_scope: Scope) -> list[str]:
    """Return the paths that may not change: `out_of_scope` names them, or `in_scope` names others only."""
    return [path for path in paths if (in_scope.patterns and not in_scope.covers(path)) or out_of_scope.covers(path)]


def _pattern(entry: str) -> str:
    pattern = entry.strip()
    sign, bare = ("!", pattern[1:]) if pattern.startswith("!") else ("", pattern)
    return sign + ("**" if bare in {".", "./"} else bare.removeprefix("./"))


def _decides(pattern: str, exists: Callable[[str], bool]) -> bool:
    if not pattern or pattern == "!" or pattern.startswith("#"):
        return False
    clear = _LOOKS_LIKE_A_PATH.search(pattern) and not re.search(r"\s", pattern)
    return bool(clear) or exists(pattern)


def _compile(patterns: Sequence[str]) -> "GitIgnoreSpec":
    from pathspec import GitIgnoreSpec  # noqa: PLC0415  (a card without a scope does not need it)

    # Exceptions alone mean "everything but these".
    everything = ("**",) if patterns and all(pattern.startswith("!") for pattern in patterns) else ()
    lines = [line for pattern in patterns for line in _with_content(pattern)]
    try:
        return GitIgnoreSpec.from_lines([*everything, *lines])
    except ValueError as error:
        raise DocumentError(
            f"task_card scope: {error}", hint="an entry is a path or a gitignore pattern, e.g. src/ or *.md"
        ) from None


def _with_content(pattern: str) -> tuple[str, ...]:
    """Add the content of a negated folder: git matches the folder first, while only files are matched here."""
    if not pattern.startswith("!"):
        return (pattern,)
    name = pattern[1:].rstrip("/")
    return (pattern, f"!{name}/**" if "/" in name else f"!**/{name}/**")
