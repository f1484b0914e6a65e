"""The review request: what a reviewer is asked to judge."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

from loop_kit.model.change import FileChange, Finding
from loop_kit.model.evidence import Results
from loop_kit.model.kinds import ClaimedSha, ClaimedTask, Count, RoundNumber, Sentences
from loop_kit.model.task import Criteria
from loop_kit.model.work import ClaimedTest
from loop_kit.values import dataclass
from loop_kit.values.annotations import Form, Mark, Size

_NO_DIFF = "there is neither a diff nor a diff_file that names one"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRequest:
    """What the reviewer is asked to judge.

    That is the change as git shows it, what it is held against, what the worker says and what loop found itself.
    """

    kind: ClassVar[str] = "review_request"
    form: ClassVar[Form] = Form.OPEN
    schema: ClassVar[Mapping[str, Any]] = MappingProxyType(
        {"if": {"not": {"required": ["diff"]}}, "then": {"$comment": _NO_DIFF, "required": ["diff_file"]}}
    )

    task_id: Annotated[ClaimedTask, "The id of the task."]
    round: Annotated[RoundNumber, "The number of the round, counted from 1."]
    base_sha: Annotated[ClaimedSha, "The commit the run began at."]
    head_sha: Annotated[ClaimedSha, "The commit to judge, with everything since base_sha."]
    tree: Annotated[ClaimedSha | None, "The id of the git tree of head_sha: an approval is for exactly this tree."] = (
        None
    )
    commits: Annotated[
        Annotated[tuple[Annotated[str, Size(0, 20_000)], ...], Size(0, 10_000)] | Annotated[str, Size(0, 1_000_000)],
        "The newest commits from base_sha to head_sha, oldest first, as 'id subject'; after twenty rounds those of the last "
        "twenty.",
    ]
    diff: Annotated[
        str,
        Size(0, 16_000_000),
        "The change from base_sha to head_sha as a unified diff. Empty or absent when it is too large; then diff_file says "
        "where it is.",
    ] = ""
    diff_file: Annotated[
        Annotated[str, Size(1, 5000)] | None,
        Mark.OMITTED,
        "The path of a file with the whole diff, beside this document.",
    ] = None
    acceptance_criteria: Annotated[Criteria, "The criteria of the task card."]
    constraints: Annotated[Sentences, "The constraints of the task card."] = ()
    worker_notes: Annotated[str, Size(0, 1_000_000), "What the worker says about its work. A claim."] = ""
    worker_tests: Annotated[tuple[ClaimedTest, ...], Size(0, 10_000), "Tests the worker says it ran. A claim."] = ()
    changed_files: Annotated[
        tuple[FileChange, ...],
        Size(0, 100_000),
        "The paths that differ between base_sha and head_sha; a long list is shortened.",
    ] = ()
    changed_files_count: Annotated[Count, "How many paths differ, those included that changed_files leaves out."] = 0
    evidence: Annotated[Results, "What loop's own checks showed at head_sha."] = ()
    findings: Annotated[
        tuple[Finding, ...], Size(0, 1000), "What loop found itself and leaves to the reviewer to judge."
    ] = ()

    @staticmethod
    def contradiction(document: Mapping[str, Any]) -> str | None:
        """Return what is wrong with a request as a whole."""
        return None if "diff" in document or "diff_file" in document else f".diff_file: {_NO_DIFF}"
