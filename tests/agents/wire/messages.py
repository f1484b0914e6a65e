"""Anthropic Messages, as Claude Code speaks it: `POST …/messages`, answered block by block."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.agents.wire.parts import (
    MODEL,
    TOKENS,
    Asked,
    Entry,
    Event,
    Part,
    Text,
    arguments_of,
    event,
    flat,
    halves,
    maps,
)

_TYPES = {401: "authentication_error", 429: "rate_limit_error"}


class Messages:
    def understands(self, path: str) -> bool:
        return path.endswith("/messages")

    def read(self, path: str, body: Mapping[str, Any]) -> Asked:
        tools = {str(tool.get("name")): arguments_of(tool.get("input_schema")) for tool in maps(body.get("tools"))}
        entries = tuple(entry for message in maps(body.get("messages")) for entry in _entries(message))
        return Asked(entries=entries, tools=tools, stream=bool(body.get("stream")))

    def stream(self, part: Part) -> list[Event]:
        block = _block(part)
        if isinstance(part, Text):
            empty: dict[str, Any] = {**block, "text": ""}
            deltas = [{"type": "text_delta", "text": half} for half in halves(part.text)]
        else:
            empty = {**block, "input": {}}
            text = json.dumps(dict(part.arguments))
            deltas = [{"type": "input_json_delta", "partial_json": half} for half in halves(text)]
        whole = self.whole(part)
        start = {**whole, "content": [], "stop_reason": None}
        end = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
        steps: list[dict[str, Any]] = [
            {"type": "message_start", "message": start},
            {"type": "content_block_start", "index": 0, "content_block": empty},
            *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": end, "usage": whole["usage"]},
            {"type": "message_stop"},
        ]
        return [event(step, step["type"]) for step in steps]

    def whole(self, part: Part) -> dict[str, Any]:
        return {
            "id": f"msg_{part.id}",
            "type": "message",
            "role": "assistant",
            "model": MODEL,
            "content": [_block(part)],
            "stop_reason": "end_turn" if isinstance(part, Text) else "tool_use",
            "stop_sequence": None,
            "usage": {
                "input_tokens": TOKENS["in"] - TOKENS["cached"],
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": TOKENS["cached"],
                "output_tokens": TOKENS["out"],
            },
        }

    def error(self, status: int, code: str, message: str) -> dict[str, Any]:
        kind = code or _TYPES.get(status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


def _entries(message: dict[str, Any]) -> Iterator[Entry]:
    """Give a message's parts: what tools returned comes back in a message of the user."""
    content = message.get("content")
    if message.get("role") == "assistant":
        yield Entry("model", flat(content))
        return
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else list(maps(content))
    for block in blocks:
        if block.get("type") == "tool_result":
            yield Entry("tool", flat(block.get("content")))
        else:
            yield Entry("user", flat(block))


def _block(part: Part) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    return {"type": "tool_use", "id": f"toolu_{part.id}", "name": part.tool, "input": dict(part.arguments)}
