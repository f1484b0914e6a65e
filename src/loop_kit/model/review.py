"""The review: what the reviewer is asked, what it answers, and what the worker is told to fix."""

from typing import Any, ClassVar, Self

from loop_kit.model import schema
from loop_kit.model.change import Finding
from loop_kit.model.decision import Decision
from loop_kit.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One thing that blocks approval. `file` may carry a line as `path:12`; it is empty when no file is to blame."""

    severity: str
    file: str
    reason: str
    required_change: str = ""

    @classmethod
    def from_document(cls, entry: Any) -> Self:
        line = entry.get("line")
        file = entry["file"]
        return cls(
            severity=entry["severity"],
            file=f"{file}:{line}" if isinstance(line, int) and file else file,
            reason=entry["reason"],
            required_change=entry.get("required_change", ""),
        )

    @classmethod
    def from_finding(cls, finding: Finding) -> Self:
        first_sentence = finding.text.partition("\n")[0].partition(". ")[0]
        return cls(
            severity="high",
            file=finding.paths[0] if finding.paths else "",
            reason=finding.text,
            required_change=f"Make this no longer true: {first_sentence}",
        )

    def to_document(self) -> dict[str, Any]:
        return {
            "severity": self.severity,
            "file": self.file,
            "reason": self.reason,
            "required_change": self.required_change,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewReport:
    """A judgement. The schema lets no contradiction through: approval has no blocking issue, refusal has some.

    `head_sha` is the commit it says it is about; most do not say.
    """

    kind: ClassVar[str] = "review_report"

    task_id: str
    round: int
    decision: Decision
    blocking_issues: tuple[Issue, ...] = ()
    non_blocking_suggestions: tuple[str, ...] = ()
    head_sha: str = ""

    @property
    def approved(self) -> bool:
        return self.decision is Decision.APPROVE

    @classmethod
    def from_document(cls, document: Any, *, name: str = "") -> Self:
        schema.check(cls.kind, document, name=name)
        return cls(
            task_id=document["task_id"],
            round=document["round"],
            decision=Decision(document["decision"]),
            blocking_issues=tuple(Issue.from_document(entry) for entry in document.get("blocking_issues", ())),
            non_blocking_suggestions=tuple(document.get("non_blocking_suggestions", ())),
            head_sha=document.get("head_sha", ""),
        )

    @classmethod
    def from_findings(cls, task_id: str, round_number: int, findings: tuple[Finding, ...]) -> Self:
        """Return loop's own review: findings that are a fix list by themselves, so that no reviewer is paid."""
        return cls(
            task_id=task_id,
            round=round_number,
            decision=Decision.CHANGES_REQUIRED,
            blocking_issues=tuple(Issue.from_finding(finding) for finding in findings),
        )

    def to_document(self) -> dict[str, Any]:
        return {
            "task_id": self.task_id,
            "round": self.round,
            "decision": str(self.decision),
            "blocking_issues": [issue.to_document() for issue in self.blocking_issues],
            "non_blocking_suggestions": list(self.non_blocking_suggestions),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FixList:
    """What the worker of the next round must do. `round` is the round that will work on it."""

    kind: ClassVar[str] = "fix_list"

    task_id: str
    round: int
    base_sha: str
    head_sha: str
    fixes: tuple[Issue, ...]
    prior_round_notes: str = ""
    prior_review_non_blocking: tuple[str, ...] = ()

    @classmethod
    def from_document(cls, document: Any, *, name: str = "") -> Self:
        schema.check(cls.kind, document, name=name)
        return cls(
            task_id=document["task_id"],
            round=document["round"],
            base_sha=document["base_sha"],
            head_sha=document["head_sha"],
            fixes=tuple(Issue.from_document(entry) for entry in document["fixes"]),
            prior_round_notes=document.get("prior_round_notes", ""),
            prior_review_non_blocking=tuple(document.get("prior_review_non_blocking", ())),
        )

    def to_document(self) -> dict[str, Any]:
        return {
            "task_id": self.task_id,
            "round": self.round,
            "base_sha": self.base_sha,
            "head_sha": self.head_sha,
            "fixes": [issue.to_document() for issue in self.fixes],
            "prior_round_notes": self.prior_round_notes,
            "prior_review_non_blocking": list(self.prior_review_non_blocking),
        }
