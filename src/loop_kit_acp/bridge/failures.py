"""What kind of failure an agent reported: from the fields of its error, never from a word that stands in its prose."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_SHOWN = 500  # characters of a message
_HTTP = range(400, 600)
_SERVER_ERRORS = 500

_STATUS_KINDS = {401: "auth", 402: "quota", 403: "auth", 408: "transient", 409: "transient", 429: "transient"}
# JSON-RPC's own codes and the two of ACP. -32603, an internal error, is what agents send for everything else.
_CODE_KINDS = {-32000: "auth", -32001: "session", -32002: "session", -32600: "permanent", -32601: "permanent"}
_CODE_KINDS[-32602] = "permanent"
# `errorKind` of claude-agent-acp: the words of Claude Code.
_CLAUDE_KINDS = {
    "authentication_failed": "auth",
    "billing_error": "quota",
    "rate_limit": "transient",
    "server_error": "transient",
    "model_not_found": "config",
    "invalid_request": "permanent",
}
# `codex_error_info` of codex-acp: a word, or a word that holds an `http_status_code`, which then decides.
_CODEX_KINDS = {
    "unauthorized": "auth",
    "usage_limit_exceeded": "quota",
    "server_overloaded": "transient",
    "internal_server_error": "transient",
    "http_connection_failed": "transient",
    "response_stream_connection_failed": "transient",
    "response_stream_disconnected": "transient",
    "response_too_many_failed_attempts": "transient",
    "context_window_exceeded": "session",  # the conversation is full; a fresh one is not
    "bad_request": "permanent",
}
# Codex says "other" for what its service refused; how its message begins is then the only place of the status.
_CODEX_STATUS = re.compile(r"(?:unexpected status|exceeded retry limit, last status:) (\d{3})\b")

_STOPS = {
    "max_tokens": ("permanent", "the answer was cut off: it reached the model's limit of tokens"),
    "max_turn_requests": ("permanent", "it reached its own limit of requests in one turn"),
    "refusal": ("permanent", "the model refused"),
    "cancelled": ("interrupted", "the turn was cancelled"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What an event line `failed` says; `retry_after` is in seconds."""

    kind: str
    message: str
    retry_after: float | None = None

    def to_event(self) -> dict[str, Any]:
        later = {} if self.retry_after is None else {"retry_after": self.retry_after}
        return {"event": "failed", "kind": self.kind, "message": self.message[:_SHOWN], **later}


def name_error(code: Any, message: str, data: Any, *, otherwise: str = "unknown") -> Failure:
    """Name an error response; `otherwise` is its kind when none of its fields tells."""
    fields = data if isinstance(data, dict) else {}
    kind = _from_data(fields) or _from_code(code) or otherwise
    return Failure(kind=kind, message=_message(message, fields), retry_after=_retry_after(fields))


def name_stop(reason: str) -> Failure | None:
    """Name why a turn stopped; None when it came to its end."""
    if reason == "end_turn":
        return None
    kind, message = _STOPS.get(reason, ("unknown", f"the turn stopped: {reason}"))
    return Failure(kind=kind, message=message)


def _from_data(fields: Mapping[str, Any]) -> str | None:
    match fields:
        case {"errorKind": str(word)} if word in _CLAUDE_KINDS:
            return _CLAUDE_KINDS[word]
        case {"codex_error_info": info}:
            return _from_codex(info, fields.get("message"))
        case {"http_status_code": int(status)} | {"statusCode": int(status)} | {"status": int(status)}:
            return _from_status(status)
        case _:
            return None


def _from_codex(info: Any, message: Any) -> str | None:
    word, details = next(iter(info.items()), ("", None)) if isinstance(info, dict) else (info, None)
    match details:
        case {"http_status_code": int(status)} if (kind := _from_status(status)) is not None:
            return kind
    said = _CODEX_STATUS.match(message) if isinstance(message, str) else None
    if said is not None and word not in _CODEX_KINDS:
        return _from_status(int(said[1]))
    return _CODEX_KINDS.get(word) if isinstance(word, str) else None


def _from_code(code: Any) -> str | None:
    """Gemini CLI puts the status of its service where JSON-RPC has its code."""
    if not isinstance(code, int):
        return None
    return _from_status(code) or _CODE_KINDS.get(code)


def _from_status(status: int) -> str | None:
    if status not in _HTTP:
        return None
    return _STATUS_KINDS.get(status, "transient" if status >= _SERVER_ERRORS else "permanent")


def _message(message: str, fields: Mapping[str, Any]) -> str:
    """Return what was said; "Internal error" alone says nothing, the data may say more."""
    more = next((text for key in ("message", "details") if isinstance(text := fields.get(key), str) and text), "")
    parts = [message.strip()] if more in message else [message.strip(), more]
    return ": ".join(part for part in parts if part) or "it failed without a reason"


def _retry_after(fields: Mapping[str, Any]) -> float | None:
    for key in ("retry_after", "retryAfter"):
        value = fields.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
            return float(value)
    return None
