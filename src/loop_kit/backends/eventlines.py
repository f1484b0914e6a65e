"""Event lines: how a program that knows about loop says what it does, one JSON object per line of standard output.

    {"event": "session", "id": "…"}
    {"event": "said", "text": "…"}
    {"event": "tool", "name": "…", "detail": "…"}
    {"event": "usage", "input_tokens": 9, "cached_tokens": 1, "output_tokens": 2, "cost_usd": 0.1, "cumulative": false}
    {"event": "failed", "kind": "transient", "message": "…", "retry_after": 20}
    {"event": "finished", "text": "…", "structured": {…}}

A usage may also have `reasoning_tokens`. Its numbers are those of the dispatch so far, and the last such line counts;
with `"cumulative": true` they are those of the whole session, with `"step": true` those of one step, and the steps of a
dispatch are added up. Only `event`, `id`, `text` (of `said`), `name` and `kind` are needed. Other
events and other lines mean nothing.
"""

from typing import Any

from loop_kit.backends.fields import amount, clean, count, one_line, started
from loop_kit.backends.jsontext import parse_object
from loop_kit.model.agent_events import AgentEvent, Failed, FailureKind, Finished, Said, Usage, UsedTool

_KINDS = {str(kind): kind for kind in FailureKind}


def read_event(line: str) -> tuple[AgentEvent, ...]:
    """Return what an event line means, nothing for any other line."""
    entry = parse_object(line) or {}
    events: tuple[AgentEvent, ...] = ()
    match entry:
        case {"event": "session", "id": session_id}:
            events = started(session_id)
        case {"event": "said", "text": str(text)}:
            events = (Said(clean(text)),)
        case {"event": "tool", "name": str(name)}:
            events = (UsedTool(one_line(name, 80), one_line(_text(entry.get("detail")))),)
        case {"event": "usage"}:
            events = (_usage(entry),)
        case {"event": "failed", "kind": str(kind)}:
            events = (_failed(kind, entry),)
        case {"event": "finished"}:
            events = (Finished(text=_text(entry.get("text")) or None, structured=entry.get("structured")),)
    return events


def _text(value: Any) -> str:
    return clean(value) if isinstance(value, str) else ""


def _usage(entry: dict[str, Any]) -> Usage:
    return Usage(
        input_tokens=count(entry.get("input_tokens")),
        cached_tokens=count(entry.get("cached_tokens")),
        output_tokens=count(entry.get("output_tokens")),
        reasoning_tokens=count(entry.get("reasoning_tokens")),
        cost_usd=amount(entry.get("cost_usd")),
        cumulative=entry.get("cumulative") is True,
        step=entry.get("step") is True,
    )


def _failed(kind: str, entry: dict[str, Any]) -> Failed:
    message = one_line(_text(entry.get("message")), 500) or "it failed without a reason"
    known = _KINDS.get(kind, FailureKind.UNKNOWN)
    return Failed(kind=known, message=message, retry_after=amount(entry.get("retry_after")))
