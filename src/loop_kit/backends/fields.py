"""Single values that an agent printed, made safe to pass on: each reads as nothing when it is not what it should be."""

import re
from typing import Any

from loop_kit.model.agent_events import SessionStarted

_SESSION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_MOST = 10**15  # more tokens, seconds or dollars than there will be


def started(session_id: Any) -> tuple[SessionStarted, ...]:
    """Return the event for a session id, none when the id could be taken for an option once it stands in an argv."""
    fits = isinstance(session_id, str) and _SESSION_ID.fullmatch(session_id)
    return (SessionStarted(session_id),) if fits else ()


def clean(text: str) -> str:
    """Return `text` without lone surrogates, which JSON can spell and no file can hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def one_line(text: str, limit: int = 200) -> str:
    """Return the start of `text` as one line for people."""
    line = " ".join(clean(text[: 4 * limit]).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def count(value: Any) -> int | None:
    """Return a count, None for anything else."""
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST
    return value if fits else None


def amount(value: Any) -> float | None:
    """Return a number of seconds or dollars, None for anything else."""
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MOST
    return float(value) if fits else None


def seconds(text: Any) -> float | None:
    """Return the seconds that `text`, such as the value of a header, names as a plain number; None for anything else."""
    fits = isinstance(text, str) and re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text, re.ASCII)
    return float(text) if fits else None


def tool_detail(given: Any) -> str:
    """Return the one line that says what a tool was used for, of what was given to it: a command, a file, a pattern."""
    match given:
        case {"command": str(text)} | {"file_path": str(text)} | {"filePath": str(text)} | {"pattern": str(text)}:
            return one_line(text)
        case _:
            return ""
