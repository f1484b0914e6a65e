"""The wording of findings: what, how many, and the first names."""

from collections.abc import Iterable, Sequence

from loop_kit.model.change import Effect, Finding
from loop_kit.model.figures import counted
from loop_kit.vcs.quoting import harmless

_NAMES_IN_TEXT = 5
_PATHS_KEPT = 20


def about(effect: Effect, code: str, noun: str, what: str, paths: Iterable[str]) -> Finding:
    """Return a finding whose text counts the paths, such as `2 new files {what}`, and names the first of them."""
    names = list(paths)
    text = f"{counted(len(names), noun)} {what}: {listed(names, _NAMES_IN_TEXT)}"
    return Finding(effect=effect, code=code, text=text, paths=tuple(names[:_PATHS_KEPT]))


def stop(code: str, text: str) -> Finding:
    return Finding(effect=Effect.STOP, code=code, text=text)


def ask_again(code: str, text: str) -> Finding:
    return Finding(effect=Effect.ASK_AGAIN, code=code, text=text)


def listed(names: Sequence[str], limit: int) -> str:
    """Return the first names as one piece of a sentence, whatever characters they contain."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(map(harmless, names[:limit])) + more
