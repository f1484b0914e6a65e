"""What happens: one class for each kind of event, with its data in the fields.

The log keeps those that are `durable`; observers are shown all. `feed_event` writes and reads them.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

from loop_kit.errors import Outcome
from loop_kit.model.change import Finding
from loop_kit.model.decision import Decision
from loop_kit.model.kinds import Role
from loop_kit.model.prices import CostSource
from loop_kit.model.state import Judge
from loop_kit.values import dataclass
from loop_kit.values.annotations import Mark

Texts = tuple[str, ...]
TreeSettings = Annotated[
    Texts,
    Mark.LATER,
    "A sentence for each worker's program about the settings of the tree that it runs with, and for each reviewer that may "
    "run with those of the tree it judges.",
]
Usage = Mapping[str, int | float] | None
FailureName = Annotated[str, "The kind of a failure, 'missing' for a program that is not there."]

_PLACE: Mapping[str, str] = MappingProxyType({"place": "run_name"})


class Event:
    """Something that happened. `kind` is its name for programs, `durable` says whether the log keeps it."""

    __slots__ = ()
    kind: ClassVar[str]
    durable: ClassVar[bool] = True
    formerly: ClassVar[Mapping[str, str]] = MappingProxyType({})  # how older loops called a field -> how it is called


@dataclass(frozen=True, slots=True)
class OtherEvent(Event):
    """An event of another version of loop: of a kind that this one does not know, or with other fields."""

    kind = ""
    name: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Event):
    """A run has its name and may be resumed from now on."""

    kind = "run_started"
    formerly = _PLACE
    task_id: str
    run_name: str
    base_sha: str
    branch: str
    tree_settings: TreeSettings = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResumed(Event):
    """An unfinished run goes on."""

    kind = "run_resumed"
    formerly = _PLACE
    task_id: str
    run_name: str
    round: int
    tree_settings: TreeSettings = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundStarted(Event):
    """A round is played, from its beginning or again."""

    kind = "round_started"
    round: int
    head_sha: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchStarted(Event):
    """An agent program is started."""

    kind = "dispatch_started"
    role: Role
    round: int
    dispatch: str
    backend: str
    version: Annotated[str, "What its program says of its version, empty when unknown."]
    session: Annotated[str | None, "The session that it resumes."]
    problems: Annotated[Texts, "Why it is retried."]


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchEnded(Event):
    """An agent program and all its processes have ended."""

    kind = "dispatch_ended"
    role: Role
    round: int
    dispatch: str
    backend: str
    version: str
    how: Annotated[str, "How its supervision ended, 'cut_off' for one that was running when loop was killed."]
    exit_code: int | None
    seconds: float
    session: str | None
    document: Annotated[bool, "Whether it submitted the document that it was asked for."]
    failure: Annotated[str | None, "The kind of a failure, 'no_document' or 'invalid_document', null for none."]
    swept: Annotated[int, "Other processes of the agent that had to be told to end."]
    usage: Annotated[Usage, "What this dispatch used, as far as the program reported it; null when unknown."]
    cost_usd: Annotated[float | None, "Null when unknown."]
    cost_source: CostSource


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchRetry(Event):
    """An agent program failed for a temporary reason and will be retried."""

    kind = "dispatch_retry"
    role: Role
    round: int
    failure: FailureName
    message: str
    wait_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendSwitched(Event):
    """The backend failed, and another is used from now on."""

    kind = "backend_switched"
    role: Role
    round: int
    backend: str
    to: str
    failure: FailureName
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked(Event):
    """No quota is left: the run waits until one is free."""

    kind = "parked"
    role: Role
    round: int
    backend: str
    wait_seconds: float
    until: Annotated[str, "UTC in ISO 8601."]
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentAccepted(Event):
    """A document is on the bus."""

    kind = "document_accepted"
    document: str
    role: Role
    round: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRefused(Event):
    """A document was no answer."""

    kind = "document_refused"
    document: str
    round: int
    reason: str
    kept: Annotated[str, "Its name in the archive."]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfinishedPinned(Event):
    """What a worker left is kept."""

    kind = "unfinished_pinned"
    round: int
    ref: str
    sha: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified(Event):
    """Git was asked about a work report."""

    kind = "verified"
    round: int
    head_sha: str
    tree: str
    commits: int
    files: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecksStarted(Event):
    """Loop runs its checks; round 0 is the base."""

    kind = "checks_started"
    round: int
    head_sha: str
    checks: Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecksEnded(Event):
    """What the checks showed."""

    kind = "checks_ended"
    round: int
    head_sha: str
    verified: bool
    refused: Annotated[str, "Why the checks could not run, empty when they could."]
    results: Annotated[Texts, "A sentence each."]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldIssue:
    """An issue that blocks approval, in short. `file` may carry a line as `path:12`."""

    severity: str
    file: str
    reason: str
    required_change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided(Event):
    """A round has its judgement."""

    kind = "decided"
    round: int
    decision: Decision
    judged_by: Judge
    issues: tuple[ToldIssue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed(Event):
    """Something around the run is not as it was."""

    kind = "noticed"
    round: int
    what: Annotated[Texts, "A sentence each."]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftBehind(Event):
    """Something of the run could not be removed; the run ends as it would have."""

    kind = "left_behind"
    what: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded(Event):
    """A run has ended under a name."""

    kind = "run_ended"
    outcome: Outcome
    round: int
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted(Event):
    """`loop accept` took the change over."""

    kind = "accepted"
    into: str
    sha: str
    exact: Annotated[bool, "Whether the branch has the tree that was approved."]


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone(Event):
    """`loop undo` took the branch back."""

    kind = "undone"
    sha: str
    ref: Annotated[str, "What keeps the commit that it was at."]


# All that the log keeps.
DURABLE: tuple[type[Event], ...] = (
    RunStarted,
    RunResumed,
    RoundStarted,
    DispatchStarted,
    DispatchEnded,
    DispatchRetry,
    BackendSwitched,
    Parked,
    DocumentAccepted,
    DocumentRefused,
    UnfinishedPinned,
    Verified,
    ChecksStarted,
    ChecksEnded,
    Decided,
    Noticed,
    LeftBehind,
    RunEnded,
    Accepted,
    Undone,
)
