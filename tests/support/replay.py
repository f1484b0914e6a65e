"""Events and an ending, shown as `loop run` would show them on a terminal of some size, without a run and a process."""

import fcntl
import io
import os
import pty
import struct
import termios
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from loop_kit.cli.live import Live
from loop_kit.cli.panel import print_panel
from loop_kit.cli.run_ending import RunEnding
from loop_kit.errors import Outcome
from loop_kit.model.documents import read
from loop_kit.model.events import Event
from loop_kit.model.summary import Summary

SHA = "e" * 40
ROW: dict[str, Any] = {
    "round": 1,
    "head_sha": SHA,
    "tree": "7" * 40,
    "decision": "approve",
    "judged_by": "reviewer",
    "blocking": 0,
    "ended_at": "2025-01-31T08:10:00.000Z",
    "spent": {},
}
SUMMARY: dict[str, Any] = {
    "schema_version": 2,
    "run_id": "run-1",
    "run_name": "T-1",
    "task_id": "T-1",
    "outcome": "approved",
    "exit_code": 0,
    "reason": "",
    "next_step": "",
    "tree": "7" * 40,
    "suggestions": [],
    "spent": {},
    "dispatches": [],
    "switches": [],
    "started_at": "2025-01-31T08:00:00.000Z",
    "ended_at": "2025-01-31T08:10:00.000Z",
    "verified": None,
    "base_sha": "b" * 40,
    "head_sha": SHA,
    "branch": "main",
    "rounds": 1,
    "commits": ["eeeeeeeeeeee Say two"],
    "files": ["app.txt"],
    "open_issues": [],
    "self_review": False,
    "round_details": [ROW],
}


def summary_of(document: dict[str, Any]) -> Summary | None:
    return read(Summary, document) if document else None


class TerminalStream(io.TextIOWrapper):
    """A stream whose descriptor is that of a terminal, while what is written to it is kept."""

    def __init__(self, terminal: int, encoding: str = "utf-8") -> None:
        self.kept = io.BytesIO()
        self._terminal = terminal
        super().__init__(self.kept, encoding=encoding, errors="backslashreplace", newline="\r\n")

    def fileno(self) -> int:
        return self._terminal


@contextmanager
def terminal_stream(lines: int, columns: int, encoding: str = "utf-8") -> Iterator[TerminalStream]:
    ours, theirs = pty.openpty()
    try:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        yield TerminalStream(theirs, encoding)
    finally:
        os.close(ours)
        os.close(theirs)


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What was sent to a terminal."""

    seen: bytes
    lines: int
    columns: int

    @property
    def text(self) -> str:
        return self.seen.decode(errors="replace").replace("\r\n", "\n")


def replay(
    heard: Iterable[Event] = (),
    ending: Mapping[str, Any] | None = None,
    *,
    size: tuple[int, int] = (24, 80),
    encoding: str = "utf-8",
) -> Replayed:
    """Show events and an ending; `ending` holds what its default, an approval, does not say. `size` is lines, columns."""
    whole: dict[str, Any] = {"outcome": Outcome.APPROVED, "run_name": "T-1", "summary": SUMMARY, **(ending or {})}
    with terminal_stream(*size, encoding) as stream:
        live = Live(stream)
        for event in heard:
            live.hear(event)
        live.close()
        if ending is not None:
            print_panel(RunEnding(**{**whole, "summary": summary_of(whole["summary"])}), stream)
        stream.flush()
        return Replayed(seen=stream.kept.getvalue(), lines=size[0] or 24, columns=size[1] or 80)
