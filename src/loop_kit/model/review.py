"""The review: what the reviewer answers, and what the worker is told to fix."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Self

from loop_kit.model.change import Finding
from loop_kit.model.decision import Decision
from loop_kit.model.kinds import ClaimedSha, ClaimedTask, Count, RoundNumber, Text
from loop_kit.values import dataclass
from loop_kit.values.annotations import Form, Mark, Size

_APPROVED = "an approval cannot have blocking issues"
_REFUSED = "changes_required needs at least one blocking issue"
Suggestions = Annotated[tuple[Annotated[str, Size(0, 100_000)], ...], Size(0, 500)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    severity: Annotated[
        str, Size(0, 200), "How bad it is, usually 'high', 'medium' or 'low'. Everything in this list blocks."
    ]
    file: Annotated[
        str,
        Size(0, 5000),
        "The path it is about, from the root of the repository, with the line as 'path:12' where there is one; empty when no "
        "file is to blame.",
    ]
    line: Annotated[Count | None, Mark.OMITTED, "The line, if it is not part of 'file'."] = None
    reason: Annotated[Text, "What is wrong, and how one can see it."]
    required_change: Annotated[str, Size(0, 100_000), "What has to be true for the issue to be gone."] = ""

    @classmethod
    def from_finding(cls, finding: Finding) -> Self:
        """Return the issue for a finding, whose text says what has to change: a check's name, command and last lines."""
        return cls(severity="high", file=finding.paths[0] if finding.paths else "", reason=finding.text)

    @property
    def place(self) -> str:
        """The file with the line where there is one, as `path:12`."""
        return self.file if self.line is None or not self.file else f"{self.file}:{self.line}"


Issues = Annotated[tuple[Issue, ...], Size(0, 500)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewReport:
    """The reviewer's judgement of one round.

    It must not contradict itself: an approval has no blocking issue, a refusal has at least one.
    """

    kind: ClassVar[str] = "review_report"
    form: ClassVar[Form] = Form.OPEN
    schema: ClassVar[Mapping[str, Any]] = MappingProxyType(
        {
            "allOf": [
                {
                    "if": {"properties": {"decision": {"const": "approve"}}, "required": ["decision"]},
                    "then": {"properties": {"blocking_issues": {"$comment": _APPROVED, "maxItems": 0}}},
                },
                {
                    "if": {"properties": {"decision": {"const": "changes_required"}}, "required": ["decision"]},
                    "then": {
                        "$comment": _REFUSED,
                        "required": ["blocking_issues"],
                        "properties": {"blocking_issues": {"$comment": _REFUSED, "minItems": 1}},
                    },
                },
            ]
        }
    )

    task_id: Annotated[ClaimedTask, "The id of the task that was reviewed."]
    round: Annotated[RoundNumber, "The number of the round, counted from 1."]
    decision: Annotated[
        Decision,
        "'approve': the change may be taken as it is. 'changes_required': it may not, for the reasons in blocking_issues.",
    ]
    blocking_issues: Annotated[Issues, "What stands in the way of approval, each with what has to change."] = ()
    non_blocking_suggestions: Annotated[
        Suggestions, "What could be better and need not be, one sentence an entry."
    ] = ()
    reviewer: Annotated[str, Size(0, 200), Mark.OMITTED, "'person' when loop review wrote this for somebody."] = ""
    head_sha: Annotated[str, Size(0, 64), Mark.OMITTED, "The commit that a person's review is about."] = ""
    self_review: Annotated[bool, Mark.OMITTED, "Whether the person who reviewed had done the work too."] = False

    @staticmethod
    def contradiction(document: Mapping[str, Any]) -> str | None:
        """Return what is wrong with a judgement as a whole."""
        decision, issues = document["decision"], document.get("blocking_issues", [])
        if decision == Decision.APPROVE and issues and isinstance(issues, list):
            return f".blocking_issues: {_APPROVED}"
        return f".blocking_issues: {_REFUSED}" if decision == Decision.CHANGES_REQUIRED and issues == [] else None

    @property
    def approved(self) -> bool:
        return self.decision is Decision.APPROVE

    @classmethod
    def from_findings(cls, task_id: str, round_number: int, findings: tuple[Finding, ...]) -> Self:
        """Return loop's own review: findings that are a fix list by themselves, so that no reviewer is paid."""
        return cls(
            task_id=task_id,
            round=round_number,
            decision=Decision.CHANGES_REQUIRED,
            blocking_issues=tuple(Issue.from_finding(finding) for finding in findings),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FixList:
    """What the worker of the next round has to do, made by loop from the review before it."""

    kind: ClassVar[str] = "fix_list"
    form: ClassVar[Form] = Form.OPEN

    task_id: Annotated[ClaimedTask, "The id of the task."]
    round: Annotated[RoundNumber, "The round that will work on the list: one more than the round that was reviewed."]
    base_sha: Annotated[ClaimedSha, "The commit the run began at."]
    head_sha: Annotated[ClaimedSha, "The commit that was reviewed, and the one to go on from."]
    fixes: Annotated[Issues, "The blocking issues, in the form of the review report."]
    prior_round_notes: Annotated[str, Size(0, 1_000_000), "What the worker of the round before had to say."] = ""
    prior_review_non_blocking: Annotated[Suggestions, "What the review would have liked and did not ask for."] = ()
