"""What is asked of whom: one document from one role."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from loop_kit.errors import DocumentError
from loop_kit.model import documents
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
class DocumentRequest(Generic[R]):
    """One question to one role. `prompt(report_path, problems)` makes the whole text of it.

    `paper` is the document's name on the bus: its kind, unless several roles hand in one of that kind. `report_path` is ""
    where the answer is a form that the program fills in. `problems` says what was wrong with the last answer when this is
    the second asking; there is no third. `about` are the task and the round, `since` is the head that they begin at;
    `head_sha` is the commit that is asked about, "" while there is none yet.
    """

    role: str
    expect: type[R]
    paper: str
    cwd: Path
    prompt: Callable[[str, tuple[str, ...]], str]
    about: tuple[str, int]
    since: str
    problems: tuple[str, ...] = ()
    head_sha: str = ""

    def read(self, document: Any) -> R:
        """Return the report in `document`; raise `DocumentError` when it is none, or of another task, round or commit."""
        name = f"{self.paper}.json"
        report = documents.read(self.expect, document, name=name)
        wanted = {"task_id": (report.task_id, self.about[0]), "round": (report.round, self.about[1])}
        for field, (value, right) in wanted.items():
            if value != right:
                raise DocumentError(f"{name} $.{field}: {value!r} is not {right!r}, which is asked for here")
        if self.head_sha and report.head_sha and not _same_commit(report.head_sha, self.head_sha):
            raise DocumentError(f"{name} $.head_sha: it is about {report.head_sha!r}, not {self.head_sha[:12]!r}")
        return report


def _same_commit(named: str, sha: str) -> bool:
    return len(named) >= _SHORTEST and sha.startswith(named.lower())
