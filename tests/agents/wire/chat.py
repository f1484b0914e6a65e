"""OpenAI chat completions, as OpenCode speaks it: `POST …/chat/completions`, answered by chunks and a last `[DONE]`."""

import json
from collections.abc import Mapping
from typing import Any

from tests.agents.wire.parts import (
    MODEL,
    TOKENS,
    Asked,
    Call,
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

_CODES = {401: "invalid_api_key", 429: "rate_limit_exceeded"}


class Chat:
    def understands(self, path: str) -> bool:
        return path.endswith("/chat/completions")

    def read(self, path: str, body: Mapping[str, Any]) -> Asked:
        offered = [tool.get("function") or {} for tool in maps(body.get("tools"))]
        tools = {str(tool.get("name")): arguments_of(tool.get("parameters")) for tool in offered}
        entries = tuple(entry for message in maps(body.get("messages")) if (entry := _entry(message)) is not None)
        return Asked(entries=entries, tools=tools, stream=bool(body.get("stream")))

    def stream(self, part: Part) -> list[Event]:
        if isinstance(part, Text):
            deltas: list[dict[str, Any]] = [{"content": half} for half in halves(part.text)]
        else:
            call = _call(part)
            opened = {**call["function"], "arguments": ""}
            deltas = [{"tool_calls": [{**call, "index": 0, "function": opened}]}]
            for half in halves(call["function"]["arguments"]):
                deltas.append({"tool_calls": [{"index": 0, "function": {"arguments": half}}]})
        return [
            *(event(_chunk(part, delta)) for delta in ({"role": "assistant", "content": ""}, *deltas)),
            event(_chunk(part, {}, end="stop" if isinstance(part, Text) else "tool_calls")),
            event({**_head(part), "choices": [], "usage": _usage()}),
            event("[DONE]"),
        ]

    def whole(self, part: Part) -> dict[str, Any]:
        said = {"content": part.text} if isinstance(part, Text) else {"content": None, "tool_calls": [_call(part)]}
        end = "stop" if isinstance(part, Text) else "tool_calls"
        choice = {"index": 0, "message": {"role": "assistant", **said}, "finish_reason": end}
        return {**_head(part), "object": "chat.completion", "choices": [choice], "usage": _usage()}

    def error(self, status: int, code: str, message: str) -> dict[str, Any]:
        code = code or _CODES.get(status, "server_error")
        return {"error": {"message": message, "type": code, "param": None, "code": code}}


def _head(part: Part) -> dict[str, Any]:
    return {"id": f"chatcmpl-{part.id}", "object": "chat.completion.chunk", "created": 1, "model": MODEL}


def _entry(message: dict[str, Any]) -> Entry | None:
    text = flat(message.get("content")) or json.dumps(message.get("tool_calls") or "")
    match message.get("role"):
        case "user":
            return Entry("user", text)
        case "assistant":
            return Entry("model", text)
        case "tool":
            return Entry("tool", text)
        case _:
            return None


def _call(part: Call) -> dict[str, Any]:
    return {
        "id": part.id,
        "type": "function",
        "function": {"name": part.tool, "arguments": json.dumps(dict(part.arguments))},
    }


def _chunk(part: Part, delta: dict[str, Any], *, end: str | None = None) -> dict[str, Any]:
    return {**_head(part), "choices": [{"index": 0, "delta": delta, "finish_reason": end}]}


def _usage() -> dict[str, Any]:
    return {
        "prompt_tokens": TOKENS["in"],
        "completion_tokens": TOKENS["out"],
        "total_tokens": TOKENS["in"] + TOKENS["out"],
        "prompt_tokens_details": {"cached_tokens": TOKENS["cached"]},
    }
