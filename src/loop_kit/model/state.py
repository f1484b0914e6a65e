"""Where a run stands: `state.json`, loop's own document. Putting it on the bus is the commit point of a round."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, ClassVar, Self

from loop_kit.errors import Outcome
from loop_kit.model.decision import Decision
from loop_kit.model.kinds import Count, RunName, TaskId, Texts
from loop_kit.model.program import Program
from loop_kit.model.session import Session
from loop_kit.model.spending import Spending
from loop_kit.model.versions import KNOWN
from loop_kit.values import dataclass, field, replace
from loop_kit.values.annotations import Form, Mark, Named

# The archive has every round; these rows are for people and for noticing circles. A limit keeps a long run cheap.
KEPT_ROWS = 20


class Judge(StrEnum):
    """Who decided a round: the reviewer, or loop itself when its findings were a fix list already."""

    REVIEWER = "reviewer"
    LOOP = "loop"


@dataclass(frozen=True, slots=True)
class LogAnchor:
    """The last line of the log that a commit point relies on."""

    seq: Annotated[Count, "The number of its event."]
    digest: Annotated[str, "The SHA-256 digest of its bytes without the newline."]


class Phase(StrEnum):
    IDLE = "idle"
    AWAITING_WORK = "awaiting_work"
    AWAITING_REVIEW = "awaiting_review"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundRow:
    """A finished round in short."""

    form: ClassVar[Form] = Form.EXACT

    round: Annotated[Count, "Its number."]
    head_sha: Annotated[str, "The commit that was judged."]
    tree: Annotated[str, "The git tree of that commit, by which going in circles is found."]
    decision: Annotated[Decision, "How it was judged."]
    judged_by: Annotated[Judge, "Who judged: the reviewer, or loop itself when what it found was a fix list already."]
    blocking: Annotated[Count, "How many issues stood in the way."]
    ended_at: Annotated[str, "When the round ended, UTC."]
    spent: Annotated[Mapping[str, Spending], "What the round used up, by role."] = field(default_factory=dict)
    digests: Annotated[
        Texts,
        Mark.LATER,
        "SHA-256 digests of the round's documents as they were judged, by kind: a document with another one in the archive "
        "is not trusted.",
    ] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """Where a run stands. Only loop writes it; replacing it is the one moment at which a round counts as done."""

    kind: ClassVar[str] = "state"
    schema_version: ClassVar[int] = KNOWN["state"]
    remedy: ClassVar[str] = "loop run --reset archives it and starts anew; nothing in git is touched"

    run_id: Annotated[str, "The name of this run, unlike that of any other."]
    run_name: Annotated[
        RunName,
        "The name that the run's archive folder, refs and logs share: the task's id, for a second run of a task 'id@2', then "
        "'id@3' and so on. Empty until the run has claimed it.",
    ]
    task_id: Annotated[TaskId, "The id of the task."]
    phase: Annotated[
        Phase,
        Named("state"),
        "What the run waits for: 'idle' before it begins, 'awaiting_work' and 'awaiting_review' within a round, 'done' when "
        "there is nothing to go on with.",
    ]
    round: Annotated[Count, "The round that is being played, counted from 1; 0 before the first."]
    outcome: Annotated[Outcome | None, "The name of the ending; null while the run goes on."] = None
    error: Annotated[str, "Why the run ended, in one sentence; empty when nothing went wrong."] = ""
    hint: Annotated[str, "What the person can do next; may be empty."] = ""
    base_sha: Annotated[str, "The commit the run began at."]
    head_sha: Annotated[str, "The last head that loop verified; base_sha before the first."]
    branch: Annotated[str, "The branch that was checked out at the start; empty on a detached HEAD."]
    started_at: Annotated[str, "When the run began, UTC, as 2025-01-31T08:00:00.000Z."]
    updated_at: Annotated[str, "When this document was written, in the same form."]
    dispatches: Annotated[Count, "How many agent programs have been started for this run."] = 0
    paying: Annotated[
        Texts,
        "By name, the dispatches whose programs have been started and are not in 'spent' yet, each with its role.",
    ] = field(default_factory=dict)
    backends: Annotated[Texts, "By role, which of its backends is used; without an entry, the first."] = field(
        default_factory=dict
    )
    spent: Annotated[Mapping[str, Spending], "By role, what its dispatches used up."] = field(default_factory=dict)
    round_spent: Annotated[Mapping[str, Spending], "The part of it that this round used."] = field(default_factory=dict)
    programs: Annotated[Mapping[str, Program], "By backend, the program that was started for it."] = field(
        default_factory=dict
    )
    sessions: Annotated[Mapping[str, Session], "By role, the agent's session that can be resumed."] = field(
        default_factory=dict
    )
    round_details: Annotated[
        tuple[RoundRow, ...],
        "The rounds that are finished, oldest first, in short; only the last ones. The archive has everything.",
    ] = ()
    digests: Annotated[
        Texts,
        "SHA-256 digests by name: of what the run was started with, and of what loop has read and written since. A "
        "document with another one is not trusted.",
    ] = field(default_factory=dict)
    watch: Annotated[
        Texts,
        "Digests of what no worker should touch, such as hooks, git's configuration and the settings of agent programs, by "
        "name.",
    ] = field(default_factory=dict)
    passed: Annotated[
        tuple[str, ...],
        Mark.LATER,
        "The checks that have passed in a finished round of this run; one that fails afterwards has not failed before.",
    ] = ()

    log: Annotated[
        LogAnchor | None,
        Mark.LATER,
        "Where the log is anchored: the last line that this state relies on; null before the first. An older loop wrote none.",
    ] = None

    @property
    def unfinished(self) -> bool:
        """Whether there is something that `--resume` would go on with."""
        return self.phase in (Phase.AWAITING_WORK, Phase.AWAITING_REVIEW)

    def at(self, phase: Phase, *, now: str) -> Self:
        return replace(self, phase=phase, updated_at=now)

    def after(self, row: RoundRow, *, now: str) -> Self:
        """Return the state that a finished round leaves: done when approved, else the next round awaiting its work."""
        approved = row.decision == "approve"
        return replace(
            self,
            phase=Phase.DONE if approved else Phase.AWAITING_WORK,
            round=self.round if approved else self.round + 1,
            outcome=Outcome.APPROVED if approved else None,
            head_sha=row.head_sha,
            round_details=(*self.round_details, replace(row, spent=self.round_spent))[-KEPT_ROWS:],
            round_spent={},
            updated_at=now,
        )

    def going_on(self, *, now: str) -> Self:
        return replace(self, outcome=None, error="", hint="", updated_at=now)
