"""Orders and captured conversations for the tests of backends."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loop_kit import resources
from loop_kit.backends.base import Backend, Order
from loop_kit.backends.ending import settle
from loop_kit.model.config import BackendSettings
from loop_kit.model.event import AgentEvent, Failed, Finished, Said, SessionStarted, Usage

CAPTURES = Path(__file__).with_name("captures")


def make_order(folder: Path, **given: Any) -> Order:
    """Return a worker's order in `folder`, with what is `given` instead of the usual."""
    for name in ("tree", "scratch", "outbox"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "prompt.txt").write_text("Do the work.", encoding="utf-8")
    usual: dict[str, Any] = {
        "role": "worker",
        "task_id": "T-001",
        "round": 2,
        "prompt": folder / "prompt.txt",
        "cwd": folder / "tree",
        "report": folder / "tree" / ".loop" / "report.json",
        "schema": resources.schema_path("review_report"),
        "scratch": folder / "scratch",
        "program": "/opt/agent",
        "settings": BackendSettings(type="any"),
    }
    return Order(**(usual | given))


@dataclass(frozen=True)
class Conversation:
    """A captured run of a program, read by its backend."""

    code: int
    errors: str
    events: tuple[AgentEvent, ...]
    end: Finished | Failed | None

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def session(self) -> bool:
        return bool(self.of(SessionStarted))

    @property
    def said(self) -> str:
        return "\n".join(event.text for event in self.of(Said))

    @property
    def usage(self) -> Usage | None:
        return next(reversed(self.of(Usage)), None)


def cases(program: str) -> list[str]:
    return sorted(path.name.removesuffix(".meta.json") for path in (CAPTURES / program).glob("*.meta.json"))


def lines(program: str, case: str) -> list[str]:
    path = CAPTURES / program / f"{case}.jsonl"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def conversation(program: str, case: str, backend: Backend) -> Conversation:
    """Read a capture as a dispatch would: every line, then the ending, then the exit code if nothing said how it ended."""
    meta = json.loads((CAPTURES / program / f"{case}.meta.json").read_text(encoding="utf-8"))
    stderr = CAPTURES / program / f"{case}.err"
    errors = stderr.read_text(encoding="utf-8") if stderr.exists() else ""
    events = tuple(event for line in lines(program, case) for event in backend.read(line))
    end = settle(events)
    return Conversation(
        code=meta["rc"],
        errors=errors,
        events=events,
        end=end if end is not None else backend.explain(meta["rc"], errors),
    )
