"""Gemini, as Gemini CLI speaks it: `POST …/models/M:streamGenerateContent?alt=sse`."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.agents.wire.parts import MODEL, TOKENS, Asked, Entry, Event, Part, Text, arguments_of, event, halves, maps

_STATUSES = {401: "UNAUTHENTICATED", 429: "RESOURCE_EXHAUSTED"}
_PER_DAY = {"quotaId": "GenerateRequestsPerDayPerProjectPerModel"}
_DETAILS = {"insufficient_quota": [{"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [_PER_DAY]}]}


class Gemini:
    def understands(self, path: str) -> bool:
        return path.endswith((":streamGenerateContent", ":generateContent"))

    def read(self, path: str, body: Mapping[str, Any]) -> Asked:
        offered = [tool for group in maps(body.get("tools")) for tool in maps(group.get("functionDeclarations"))]
        tools = {
            str(tool.get("name")): arguments_of(tool.get("parametersJsonSchema") or tool.get("parameters"))
            for tool in offered
        }
        entries = tuple(entry for content in maps(body.get("contents")) for entry in _entries(content))
        return Asked(entries=entries, tools=tools, stream=path.endswith(":streamGenerateContent"))

    def stream(self, part: Part) -> list[Event]:
        pieces = [{"text": half} for half in halves(part.text)] if isinstance(part, Text) else [_piece(part)]
        return [
            *(event(_answer(part.id, [piece])) for piece in ({"text": ""}, *pieces)),
            event(_answer(part.id, [{"text": ""}], end=True)),
        ]

    def whole(self, part: Part) -> dict[str, Any]:
        return _answer(part.id, [_piece(part)], end=True)

    def error(self, status: int, code: str, message: str) -> dict[str, Any]:
        named = _STATUSES.get(status, "INTERNAL")
        return {"error": {"code": status, "message": message, "status": named, "details": _DETAILS.get(code, [])}}


def _entries(content: dict[str, Any]) -> Iterator[Entry]:
    """Give a content's parts: what tools returned comes back in a content of the user."""
    parts = list(maps(content.get("parts")))
    if content.get("role") == "model":
        yield Entry("model", "\n".join(str(part.get("text") or part.get("functionCall")) for part in parts))
        return
    for part in parts:
        match part:
            case {"functionResponse": {"response": response}}:
                yield Entry("tool", str(response))
            case {"text": str(text)}:
                yield Entry("user", text)


def _piece(part: Part) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"text": part.text}
    return {"functionCall": {"id": part.id, "name": part.tool, "args": dict(part.arguments)}}


def _answer(id_: str, parts: list[dict[str, Any]], *, end: bool = False) -> dict[str, Any]:
    candidate = {"index": 0, "content": {"role": "model", "parts": parts}, **({"finishReason": "STOP"} if end else {})}
    usage = {
        "promptTokenCount": TOKENS["in"],
        "candidatesTokenCount": TOKENS["out"],
        "cachedContentTokenCount": TOKENS["cached"],
        "totalTokenCount": TOKENS["in"] + TOKENS["out"],
    }
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": MODEL, "responseId": id_}
