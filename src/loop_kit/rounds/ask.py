"""What is wanted from whom: one document from one role."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

from loop_kit.errors import DocumentError
from loop_kit.model.state import RunState


class Report(Protocol):
    """A document that says itself which task and round it belongs to."""

    kind: ClassVar[str]

    @property
    def task_id(self) -> str: ...
    @property
    def round(self) -> int: ...
    @classmethod
    def from_document(cls, document: Any, *, name: str = "") -> Self: ...


R = TypeVar("R", bound=Report)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(Generic[R]):
    """One question. `prompt(report_path, problems)` makes the whole text of it.

    `problems` says what was wrong with the last answer when this is the second asking; there is no third.
    """

    role: str
    expect: type[R]
    cwd: Path
    prompt: Callable[[str, tuple[str, ...]], str]
    problems: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        return self.expect.kind

    def read(self, document: Any, state: RunState, *, name: str) -> R:
        """Return the report in `document`; raise `DocumentError` when it is none, or of another task or round."""
        report = self.expect.from_document(document, name=name)
        wanted = {"task_id": (report.task_id, state.task_id), "round": (report.round, state.round)}
        for field, (value, right) in wanted.items():
            if value != right:
                raise DocumentError(f"{name} $.{field}: {value!r} is not {right!r}, which is asked for here")
        return report
