"""What the agent says and does, told in event lines: whole messages instead of pieces, each use of a tool once."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from loop_kit_acp.bridge.permissions import command_of

# Of a longer message the end is told, where a document would be. In UTF-8 and with JSON's escapes a line of it stays
# below the 4 MiB that loop reads.
MESSAGE = 512 * 1024
TOOLS = 1000  # uses of tools that are remembered
_DETAIL = 1000
_PATHS = ("file_path", "filePath", "path", "pattern", "query", "url")
_ALIVE_EVERY = 1.0  # seconds


@dataclass(slots=True, kw_only=True)
class Tool:
    """What is known of one use of a tool; agents tell it in pieces."""

    kind: str = ""
    title: str = ""
    given: Any = None
    told: bool = False

    @property
    def detail(self) -> str:
        given = self.given if isinstance(self.given, dict) else {}
        path = next((given[key] for key in _PATHS if isinstance(given.get(key), str)), "")
        return command_of(given) or path


@dataclass(slots=True, kw_only=True)
class Speech:
    """One turn. `write` takes a line without its end."""

    write: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    tools: dict[str, Tool] = field(default_factory=dict)
    _parts: list[str] = field(default_factory=list)
    _length: int = 0
    _message: str | None = None
    _wrote_at: float = 0.0

    def tell(self, event: Mapping[str, Any]) -> None:
        self._wrote_at = self.clock()
        self.write(json.dumps(event, ensure_ascii=False))

    def say(self, text: str, message: str | None) -> None:
        """Take a piece of a message; another id, where there are ids, begins another message."""
        if message != self._message:
            self.end_message()
        self._message = message
        self._parts.append(text)
        self._length += len(text)
        if self._length > 2 * MESSAGE:
            self._parts = ["".join(self._parts)[-MESSAGE:]]
            self._length = MESSAGE

    def end_message(self) -> None:
        """Tell the message that was collected, if there is one."""
        text = "".join(self._parts)[-MESSAGE:]
        self._parts, self._length, self._message = [], 0, None
        if text.strip():
            self.tell({"event": "said", "text": text})

    def use(self, call: str, *, kind: str | None, title: str | None, given: Any, waits: bool = False) -> Tool:
        """Take what is said of a use of a tool. One that `waits` is told once more is known of it."""
        self.end_message()
        tool = self.tools.pop(call, None) or Tool()
        self.tools[call] = tool
        if len(self.tools) > TOOLS:
            self._tell_tool(self.tools.pop(next(iter(self.tools))))
        tool.kind, tool.title = kind or tool.kind, title or tool.title
        tool.given = given or tool.given
        if not waits or tool.detail:
            self._tell_tool(tool)
        return tool

    def _tell_tool(self, tool: Tool) -> None:
        if not tool.told:
            tool.told = True
            detail = (tool.detail or tool.title)[:_DETAIL]
            self.tell({"event": "tool", "name": tool.kind or "tool", "detail": detail})

    def hear(self) -> None:
        """Show that the agent sent something, when nothing was told of it for a while.

        It is the agent's own sign of life and no other: an agent that sends nothing makes no line, and loop's idle clock
        runs.
        """
        if self.clock() >= self._wrote_at + _ALIVE_EVERY:
            self.tell({"event": "heard"})

    def end(self) -> None:
        """Tell what is still held back."""
        self.end_message()
        for tool in self.tools.values():
            self._tell_tool(tool)
