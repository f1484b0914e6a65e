"""Translate a config of agent-task-runner.

A setting is kept only where it means the same. For every other one there is a sentence, so that a person does not assume that
it still has an effect.
"""

import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from loop_kit.model import schema
from loop_kit.values import dataclass

# The older name -> loop's name in [run], and how the older tool read a value.
_SAME: Mapping[str, tuple[str, Callable[[Any], Any]]] = MappingProxyType(
    {
        "max_rounds": ("max_rounds", int),
        "timeout": ("artifact_timeout", int),  # there it limited the wait for a person, and nothing else
        "auto_dispatch": ("auto_dispatch", bool),
        "dispatch_backend": ("dispatch_backend", str),
        "worker_backend": ("worker_backend", str),
        "reviewer_backend": ("reviewer_backend", str),
        "dispatch_timeout": ("dispatch_timeout", int),
        "dispatch_retries": ("dispatch_retries", int),
        "dispatch_retry_base_sec": ("dispatch_retry_base_sec", int),
        "heartbeat_ttl": ("heartbeat_ttl", int),
        "max_session_rounds": ("max_session_rounds", int),
    }
)
_GONE: Mapping[str, str] = MappingProxyType(
    {
        "artifact_timeout": "loop waits for no report once an agent has ended",
        "backend_preference": "it never had an effect",
    }
)
KEYS = frozenset({*_SAME, *_GONE})
_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """`run` goes into `[run]`; `left` has a sentence for each setting that was not translated."""

    run: Mapping[str, Any]
    left: tuple[str, ...] = ()


def translate(document: Mapping[str, Any]) -> Translation:
    """Translate the settings of an older config."""
    run: dict[str, Any] = {}
    left = []
    for key, value in document.items():
        problem = "" if value is None else _take(run, key, value, by_hand=not document.get("auto_dispatch"))
        left += [_one_line(f"{key} = {json.dumps(value):.{_SHOWN}}: {problem}")] if problem else []
    return Translation(run=run, left=tuple(left))


def _take(run: dict[str, Any], key: str, value: Any, *, by_hand: bool) -> str:
    """Put a setting into `run` and return "", or return why it is left out."""
    if key not in _SAME:
        return _GONE.get(key, "agent-task-runner took no notice of it")
    if key in ("worker_backend", "reviewer_backend") and by_hand:
        return "loop would start it even without --auto-dispatch"
    name, reading = _SAME[key]
    try:
        read = reading(value)
    except (TypeError, ValueError, OverflowError):
        return "it is not a number"
    problem = schema.find_problem("config", {"run": {name: read}})
    if problem is None:
        run[name] = read
        return ""
    return problem.partition(": ")[2]


def _one_line(sentence: str) -> str:
    """Return a sentence that fits into a comment, whatever the names of the settings."""
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in sentence)


def fill_in(text: str, translation: Translation, *, source: str) -> str:
    """Return the text of a commented config with the translated settings in it, and the others as comments."""
    lines = text.splitlines(keepends=True)
    for key, value in translation.run.items():
        index = next(number for number, line in enumerate(lines) if line.startswith(f"#{key} = "))
        lines[index] = f"{key} = {json.dumps(value, ensure_ascii=False)}\n"
    left = [f"# {sentence}\n" for sentence in translation.left]
    return "".join([*lines, *([f"\n# Not taken over from {source} of agent-task-runner:\n"] if left else []), *left])


_YAML_ENTRY = re.compile(r"(?P<key>[A-Za-z_][A-Za-z0-9_]*):(?:\s+(?P<value>[^\s#].*?))?(?:\s+#.*)?\s*")
_YAML_ITEM = re.compile(r"\s*-\s+(?P<value>[^\s#].*?)(?:\s+#.*)?\s*")
_YAML_WORDS: Mapping[str, Any] = MappingProxyType(
    {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False, "null": None, "~": None}
)


class _MoreThanPlainError(ValueError):
    """A value is more than a word, a number or a list of these."""


def read_yaml(text: str) -> dict[str, Any] | None:
    """Return the content of a flat YAML file, None for any other: loop has no full YAML reader."""
    document: dict[str, Any] = {}
    key = ""
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#") or line.strip() == "---":
            continue
        entry, item = _YAML_ENTRY.fullmatch(line), _YAML_ITEM.fullmatch(line)
        try:
            if entry is not None:
                key = entry["key"]
                document[key] = None if entry["value"] is None else _yaml_value(entry["value"])
            elif item is not None and key:
                document[key] = [*(document[key] or []), _scalar(item["value"])]
            else:
                return None
        except (_MoreThanPlainError, TypeError):
            return None
    return document


def _yaml_value(text: str) -> Any:
    if text.startswith("[") and text.endswith("]"):
        return [_scalar(part.strip()) for part in text[1:-1].split(",") if part.strip()]
    return _scalar(text)


def _scalar(text: str) -> Any:
    if text[0] in "'\"" and text[-1] == text[0] and len(text) > 1:
        return text[1:-1]
    if text[0] in "'\"[{|>&*!%@`":
        raise _MoreThanPlainError
    if text.lower() in _YAML_WORDS:
        return _YAML_WORDS[text.lower()]
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text
