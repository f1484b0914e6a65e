"""The work report: what the worker says it did."""

from typing import Any, ClassVar, Self

from loop_kit.model import schema
from loop_kit.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedTest:
    name: str
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkReport:
    """A claim. `vcs.verify` turns it into a change."""

    kind: ClassVar[str] = "work_report"

    task_id: str
    round: int
    head_sha: str
    files_changed: tuple[str, ...] = ()
    notes: str = ""
    tests: tuple[ClaimedTest, ...] = ()

    @classmethod
    def from_document(cls, document: Any, *, name: str = "") -> Self:
        schema.check(cls.kind, document, name=name)
        return cls(
            task_id=document["task_id"],
            round=document["round"],
            head_sha=document["head_sha"],
            files_changed=tuple(document.get("files_changed", ())),
            notes=document.get("notes", ""),
            tests=tuple(ClaimedTest(name=test["name"], result=test["result"]) for test in document.get("tests", ())),
        )
