"""JSON that an agent printed: read strictly, bounded, without ever raising.

What is ambiguous is nothing: a repeated key, `NaN`, a text above the limit or nested too deeply all read as None,
because "the last one wins" would let one document say two things.
"""

import re
from collections.abc import Iterator
from typing import Any

from loop_kit.values.strict_json import DECODER

# Above every document limit of the bus, so that the bus, which can name the limit, is the one that refuses.
ANSWER_LIMIT = 8 * 1024 * 1024
_MOST_TRIES = 1000  # beginnings of objects in one message that turn out to be none
_OBJECT = re.compile(r'\{\s*"')
_SPACE = " \t\n\r"  # what JSON allows around a value


def parse(text: str) -> Any | None:
    """Return the JSON value that `text` is, or None."""
    if len(text) > ANSWER_LIMIT:
        return None
    try:
        value, end = DECODER.raw_decode(text := text.strip(_SPACE))
    except (ValueError, RecursionError):
        return None
    return value if end == len(text) else None


def parse_object(text: str) -> dict[str, Any] | None:
    """Return the JSON object that `text` is, or None; anything that cannot be one costs next to nothing."""
    if not text.lstrip().startswith("{"):
        return None
    value = parse(text)
    return value if isinstance(value, dict) else None


def last_json(text: str) -> dict[str, Any] | None:
    """Return the JSON object that a message hands in, or None.

    That is the last fenced block marked `json` (an earlier one is a draft, so a broken last one is no answer), else the
    last unmarked block, else the whole text, else its end from the last line that starts with `{`.
    """
    text = text[-ANSWER_LIMIT:]
    last = dict(_fenced_blocks(text))
    for label in ("json", ""):
        if label in last and (label or parse_object(last[label]) is not None):
            return parse_object(last[label])
    whole = parse_object(text)
    return whole if whole is not None else parse_object(text[text.rfind("\n{") + 1 :])


def objects_in(text: str) -> Iterator[dict[str, Any]]:
    """Yield every JSON object in a message, whatever stands around it, but none that is part of another."""
    text = text[-ANSWER_LIMIT:]
    tries = 0
    start = _OBJECT.search(text)
    while start is not None and tries < _MOST_TRIES:
        end = start.start() + 1
        try:
            value, end = DECODER.raw_decode(text, start.start())
            yield value
        except (ValueError, RecursionError):
            tries += 1
        start = _OBJECT.search(text, end)


def at_path(value: Any, path: str) -> Any | None:
    """Return what lies at a dotted path such as `choices.0.message` of a JSON value, or None."""
    for step in path.split("."):
        match value:
            case dict():
                value = value.get(step)
            case list() if step.isascii() and step.isdigit() and int(step[:9]) < len(value):
                value = value[int(step[:9])]
            case _:
                return None
    return value


def _fenced_blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield label (lower case) and content of each Markdown code block; one that is never closed reaches to the end."""
    fence, label, block = "", "", list[str]()
    for line in text.split("\n"):  # and nothing else: JSON texts may hold other line separators
        mark = line.strip()
        if not fence and mark.startswith(("```", "~~~")) and mark[0] not in mark.lstrip(mark[0]):
            fence = mark[: len(mark) - len(mark.lstrip(mark[0]))]
            label, block = "".join(mark[len(fence) :].lower().split()[:1]), []
        elif fence and mark.startswith(fence) and not mark.strip(fence[0]):
            yield label, "\n".join(block)
            fence = ""
        elif fence:
            block.append(line)
    if fence:
        yield label, "\n".join(block)
