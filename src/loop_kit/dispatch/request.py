"""What is wanted from whom: one document from one role."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from loop_kit.errors import DocumentError
from loop_kit.model import documents
from loop_kit.model.state import RunState
from loop_kit.values import dataclass


class Report(Protocol):
    """A document that says itself which task and round it belongs to."""

    kind: ClassVar[str]

    @property
    def task_id(self) -> str: ...
    @property
    def round(self) -> int: ...
    @property
    def head_sha(self) -> str: ...


R = TypeVar("R", bound=Report)
_SHORTEST = 7  # characters of a commit's name that somebody may have meant


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(Generic[R]):
    """One question. `prompt(report_path, problems)` makes the whole text of it.

    `report_path` is "" where the answer is a form that the program fills in. `problems` says what was wrong with the last
    answer when this is the second asking; there is no third. `head_sha` is the commit that is asked about, "" while there
    is none yet.
    """

    role: str
    expect: type[R]
    cwd: Path
    prompt: Callable[[str, tuple[str, ...]], str]
    problems: tuple[str, ...] = ()
    head_sha: str = ""

    @property
    def kind(self) -> str:
        return self.expect.kind

    def read(self, document: Any, state: RunState, *, name: str) -> R:
        """Return the report in `document`; raise `DocumentError` when it is none, or of another task, round or commit."""
        report = documents.read(self.expect, document, name=name)
        wanted = {"task_id": (report.task_id, state.task_id), "round": (report.round, state.round)}
        for field, (value, right) in wanted.items():
            if value != right:
                raise DocumentError(f"{name} $.{field}: {value!r} is not {right!r}, which is asked for here")
        if self.head_sha and report.head_sha and not _same_commit(report.head_sha, self.head_sha):
            raise DocumentError(f"{name} $.head_sha: it is about {report.head_sha!r}, not {self.head_sha[:12]!r}")
        return report


def _same_commit(named: str, sha: str) -> bool:
    return len(named) >= _SHORTEST and sha.startswith(named.lower())
