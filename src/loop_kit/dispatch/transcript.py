"""What one dispatch said: its output, read by its backend, kept small."""

from collections.abc import Callable
from pathlib import Path

from loop_kit.backends.account import Account
from loop_kit.backends.base import Backend
from loop_kit.model.agent_events import AgentEvent


class Transcript:
    """Reads the lines of a dispatch as they come; `account` is what they come to."""

    def __init__(self, backend: Backend, on_event: Callable[[AgentEvent], None] = lambda _event: None) -> None:
        self._backend = backend
        self._on_event = on_event
        self.account = Account()

    def take(self, line: str) -> None:
        """Read one line of the program's standard output."""
        for event in self._backend.read(line):
            self.account.add(event)
            self._on_event(event)

    def replay(self, log: Path) -> None:
        """Read the output of a dispatch that has ended from its raw log; a missing log is an empty one."""
        try:
            with log.open(encoding="utf-8", errors="replace", newline="\n") as lines:
                for line in lines:
                    self.take(line.rstrip("\n"))
        except FileNotFoundError:
            return
