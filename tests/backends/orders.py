"""Orders and captured conversations for the tests of backends."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loop_kit import resources
from loop_kit.backends.account import Account, failure_of
from loop_kit.backends.base import Backend, Order
from loop_kit.model.agent_events import AgentEvent, Failed, Finished, Usage
from loop_kit.model.config import BackendSettings
from loop_kit.model.roles import Access, Answer

CAPTURES = Path(__file__).with_name("captures")


def make_order(folder: Path, **given: Any) -> Order:
    """Return a worker's order in `folder`, with what is `given` instead of the usual; who reads answers in a form."""
    for name in ("tree", "scratch", "outbox"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "prompt.txt").write_text("Do the work.", encoding="utf-8")
    reads = given.get("access") is Access.READ
    usual: dict[str, Any] = {
        "role": "reviewer" if reads else "worker",
        "access": Access.WRITE,
        "answer": Answer.FORM if reads else Answer.FILE,
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

    code: int | None
    errors: str
    events: tuple[AgentEvent, ...]
    account: Account
    end: Finished | Failed | None

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def session(self) -> bool:
        return self.account.session_id is not None

    @property
    def said(self) -> str:
        return self.account.said

    @property
    def usage(self) -> Usage | None:
        return self.account.usage


def cases(program: str) -> list[str]:
    return sorted({path.name.partition(".")[0] for path in (CAPTURES / program).iterdir()})


def lines(program: str, case: str) -> list[str]:
    return _captured(program, f"{case}.jsonl").splitlines()


def conversation(program: str, case: str, backend: Backend) -> Conversation:
    """Read a capture as a dispatch would: every line, then how it ended.

    A run of which nothing but lines was kept went on until it was killed.
    """
    meta = json.loads(_captured(program, f"{case}.meta.json") or '{"rc": null}')
    errors = _captured(program, f"{case}.err")
    events = tuple(event for line in lines(program, case) for event in backend.read(line))
    account = Account(backend)
    for event in events:
        account.add(event)
    return Conversation(
        code=meta["rc"],
        errors=errors,
        events=events,
        account=account,
        end=failure_of(backend, account.end, meta["rc"], errors) or account.end,
    )


def _captured(program: str, name: str) -> str:
    path = CAPTURES / program / name
    return path.read_text(encoding="utf-8") if path.exists() else ""
