"""What the four wire formats have in common: a request as it is understood, a reply as it is meant."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

MODEL = "scripted-1"
TOKENS = {"in": 1200, "cached": 200, "out": 40}  # what every reply claims to have used


@dataclass(frozen=True, slots=True)
class Entry:
    """One piece of the conversation that a request carries. What a tool returned is the tool's, whoever brings it."""

    who: Literal["user", "model", "tool"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, whatever its format: `tools` names each tool that is offered, with its arguments."""

    entries: tuple[Entry, ...]
    tools: Mapping[str, frozenset[str]]
    stream: bool


@dataclass(frozen=True, slots=True)
class Text:
    """Something to say. `id` differs from that of every other part: programs fold together what has the same one."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A tool that the program shall use."""

    id: str
    tool: str
    arguments: Mapping[str, Any]


Part = Text | Call
Event = bytes


class Wire(Protocol):
    """One format of requests, replies and errors."""

    def understands(self, path: str) -> bool: ...

    def read(self, path: str, body: Mapping[str, Any]) -> Asked: ...

    def stream(self, part: Part) -> list[Event]:
        """Return the reply as it is streamed, each half of a text for itself, so that it can be cut off in between."""
        ...

    def whole(self, part: Part) -> dict[str, Any]:
        """Return the reply to a request that wants it in one piece."""
        ...

    def error(self, status: int, code: str, message: str) -> dict[str, Any]: ...


def event(data: Mapping[str, Any] | str, name: str = "") -> Event:
    """Write one server-sent event."""
    text = data if isinstance(data, str) else json.dumps(data)
    return (f"event: {name}\n" if name else "").encode() + f"data: {text}\n\n".encode()


def halves(text: str) -> tuple[str, str]:
    """Cut a text in two, because real services never send it at once."""
    return text[: len(text) // 2], text[len(text) // 2 :]


def flat(content: Any) -> str:
    """Return all text of a content, which is a text or a list of blocks that have one."""
    match content:
        case str(text):
            return text
        case {"text": str(text)}:
            return text
        case {"content": inner}:
            return flat(inner)
        case list(blocks):
            return "\n".join(filter(None, map(flat, blocks)))
        case _:
            return ""


def arguments_of(schema: Any) -> frozenset[str]:
    return frozenset(schema.get("properties") or ()) if isinstance(schema, dict) else frozenset()


def maps(value: Any) -> Iterator[dict[str, Any]]:
    """Give the maps of a list that may be absent."""
    if isinstance(value, Sequence):
        yield from (each for each in value if isinstance(each, dict))
