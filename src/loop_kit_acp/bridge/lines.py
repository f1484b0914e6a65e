"""The agent's two pipes as messages, for the client library: one JSON object per line, of a bounded length.

The library's own reading collects a line without a limit, and a message of the wrong form ends it without an answer to
whoever waits. Here a line that is no message goes to standard error, for the log, and is passed over.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any

LONGEST = 16 * 1024 * 1024
_CHUNK = 256 * 1024
_SHOWN = 500
_UPDATE = b'"session/update"'


class TooLongError(ConnectionError):
    """What cannot be read may be what is waited for."""


class JsonLines:
    """A transport as `acp.connect_to_agent` takes it."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, aside: Callable[[bytes], None]
    ) -> None:
        self._reader, self._writer, self._aside = reader, writer, aside
        self._begun = bytearray()
        self._skipping = False
        self.problem = ""

    async def send(self, message: dict[str, Any]) -> None:
        self._writer.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")
        await self._writer.drain()

    async def receive(self) -> dict[str, Any] | None:
        """Return the next message, None when there will be none."""
        while (line := await self._line()) is not None:
            message = read_message(line)
            if message is not None:
                return message
            if line.strip():
                self._aside(line[:_SHOWN] + b"\n")
        return None

    async def close(self) -> None:
        self._writer.close()

    async def _line(self) -> bytes | None:
        searched = 0
        while (end := self._begun.find(b"\n", searched)) < 0:
            searched = len(self._begun)
            if searched > LONGEST:
                self._give_up_line()
                searched = 0
            chunk = await self._reader.read(_CHUNK)
            if not chunk:
                return None  # a line without its end is no message
            self._begun += chunk
        line = bytes(self._begun[:end])
        del self._begun[: end + 1]
        if self._skipping:
            self._skipping = False
            return b""
        return line

    def _give_up_line(self) -> None:
        """Pass over what only tells; whatever else is too long ends the conversation."""
        if not self._skipping and _UPDATE not in self._begun[:_SHOWN]:
            self.problem = f"it sent a line of more than {LONGEST >> 20} MiB"
            raise TooLongError(self.problem)
        if not self._skipping:
            self._aside(b"acp: an update of more than 16 MiB was passed over\n")
        self._skipping = True
        self._begun.clear()


def read_message(line: bytes) -> dict[str, Any] | None:
    """Return the message that a line is, None when it has not the form of one."""
    if not line.lstrip().startswith(b"{"):
        return None
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return None
    named = isinstance(message.get("method", ""), str)
    marked = isinstance(message.get("id"), int | str | None)
    if not named or not marked:
        return None
    error = message.get("error")
    if error is not None and not _well_formed(error):
        message["error"] = {"code": -32603, "message": str(error)[:_SHOWN]}
    return dict(message)


def _well_formed(error: Any) -> bool:
    match error:
        case {"code": int(), "message": str()}:
            return True
        case _:
            return False
