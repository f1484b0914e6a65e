"""The work report: what the worker says it did."""

from typing import Annotated, ClassVar

from loop_kit.model.kinds import ClaimedSha, ClaimedTask, RoundNumber
from loop_kit.values import dataclass
from loop_kit.values.annotations import Form, Size

_Line = Annotated[str, Size(0, 20_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedTest:
    name: Annotated[_Line, "The test or the command that ran it."]
    result: Annotated[_Line, "How it ended, usually 'pass' or 'fail'."]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkReport:
    """What the worker says it did in one round. It is a claim: loop compares it with git."""

    kind: ClassVar[str] = "work_report"
    form: ClassVar[Form] = Form.OPEN

    task_id: Annotated[ClaimedTask, "The id of the task that was worked on."]
    round: Annotated[RoundNumber, "The number of the round, counted from 1."]
    head_sha: Annotated[ClaimedSha, "The commit that holds all of the work: its id, or a unique beginning of it."]
    files_changed: Annotated[
        tuple[Annotated[str, Size(0, 5000)], ...],
        Size(0, 100_000),
        "Paths the worker says it changed, from the root of the repository.",
    ] = ()
    notes: Annotated[str, Size(0, 1_000_000), "What was done and what the reviewer should know."] = ""
    tests: Annotated[tuple[ClaimedTest, ...], Size(0, 10_000), "Tests the worker says it ran, and how they ended."] = ()
