"""What one dispatch said: its output, read by its backend, kept small."""

from collections.abc import Callable
from pathlib import Path

from loop_kit.backends.base import Backend
from loop_kit.backends.ending import settle
from loop_kit.model.event import AgentEvent, Failed, Finished, Said, SessionStarted, Usage

# What was said last may hold the document; a longer text is no report.
_MESSAGE_LIMIT = 1 << 20


class Transcript:
    """The last of each kind of event; `said` is the end of all that the agent said, where a document may be."""

    def __init__(self, backend: Backend, on_event: Callable[[AgentEvent], None] = lambda _event: None) -> None:
        self._backend = backend
        self._on_event = on_event
        self.session_id: str | None = None
        self.said = ""
        self.usage: Usage | None = None
        self.end: Finished | Failed | None = None

    @property
    def finished(self) -> Finished | None:
        return self.end if isinstance(self.end, Finished) else None

    @property
    def failed(self) -> Failed | None:
        return self.end if isinstance(self.end, Failed) else None

    def take(self, line: str) -> None:
        """Read one line of the program's standard output."""
        for event in self._backend.read(line):
            self._keep(event)
            self._on_event(event)

    def replay(self, log: Path) -> None:
        """Read the output of a dispatch that has ended from its raw log; a missing log is an empty one."""
        try:
            with log.open(encoding="utf-8", errors="replace", newline="\n") as lines:
                for line in lines:
                    self.take(line.rstrip("\n"))
        except FileNotFoundError:
            return

    def _keep(self, event: AgentEvent) -> None:
        match event:
            case SessionStarted():
                self.session_id = event.session_id
            case Said():
                self.said = f"{self.said}\n{event.text}"[-_MESSAGE_LIMIT:]
            case Usage():
                self.usage = event
            case Finished() | Failed():
                self.end = event if self.end is None else settle((self.end, event))
            case _:
                pass
