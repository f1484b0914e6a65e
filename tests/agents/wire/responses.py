"""OpenAI Responses, as Codex speaks it: `POST …/responses`, answered by typed events with running numbers."""

import json
from collections.abc import Mapping
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

_CODES = {
    401: "invalid_api_key",
    429: "rate_limit_exceeded",
}


class Responses:
    def understands(self, path: str) -> bool:
        return path.endswith("/responses")

    def read(self, path: str, body: Mapping[str, Any]) -> Asked:
        tools = {
            str(tool.get("name") or tool.get("type")): arguments_of(tool.get("parameters"))
            for tool in maps(body.get("tools"))
        }
        entries = tuple(entry for item in maps(body.get("input")) if (entry := _entry(item)) is not None)
        return Asked(entries=entries, tools=tools, stream=bool(body.get("stream")))

    def stream(self, part: Part) -> list[Event]:
        item = _item(part)
        begun = {**item, "status": "in_progress"}
        deltas: list[tuple[str, dict[str, Any]]] = []
        if isinstance(part, Text):
            begun["content"] = []
            place = {"item_id": item["id"], "output_index": 0, "content_index": 0}
            deltas = [("response.output_text.delta", {**place, "delta": half}) for half in halves(part.text)]
        steps: list[tuple[str, dict[str, Any]]] = [
            ("response.created", {"response": _response(part.id, "in_progress", [])}),
            ("response.output_item.added", {"output_index": 0, "item": begun}),
            *deltas,
            ("response.output_item.done", {"output_index": 0, "item": item}),
            ("response.completed", {"response": self.whole(part)}),
        ]
        return [
            event({"type": name, "sequence_number": number, **data}, name) for number, (name, data) in enumerate(steps)
        ]

    def whole(self, part: Part) -> dict[str, Any]:
        return {**_response(part.id, "completed", [_item(part)]), "usage": _usage()}

    def error(self, status: int, code: str, message: str) -> dict[str, Any]:
        code = code or _CODES.get(status, "server_error")
        return {"error": {"message": message, "type": code, "param": None, "code": code}}


def _entry(item: dict[str, Any]) -> Entry | None:
    match item:
        case {"role": "user", "content": content}:
            return Entry("user", flat(content))
        case {"role": "assistant", "content": content}:
            return Entry("model", flat(content))
        case {"type": "function_call", "arguments": str(arguments)}:
            return Entry("model", arguments)
        case {"type": "function_call_output", "output": output}:
            return Entry("tool", flat(output))
        case _:
            return None


def _item(part: Part) -> dict[str, Any]:
    if isinstance(part, Text):
        content = [{"type": "output_text", "text": part.text, "annotations": []}]
        return {
            "id": f"msg_{part.id}",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": content,
        }
    return {
        "id": f"fc_{part.id}",
        "type": "function_call",
        "status": "completed",
        "call_id": part.id,
        "name": part.tool,
        "arguments": json.dumps(dict(part.arguments)),
    }


def _response(id_: str, status: str, output: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": f"resp_{id_}", "object": "response", "status": status, "model": MODEL, "output": output}


def _usage() -> dict[str, Any]:
    return {
        "input_tokens": TOKENS["in"],
        "input_tokens_details": {"cached_tokens": TOKENS["cached"]},
        "output_tokens": TOKENS["out"],
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": TOKENS["in"] + TOKENS["out"],
    }
