"""What observers are shown and the log does not keep: one class for each kind of event."""

from typing import Annotated

from loop_kit.errors import Outcome
from loop_kit.model.events import Event, Texts
from loop_kit.model.kinds import Role
from loop_kit.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSaid(Event):
    """An agent says something."""

    kind = "agent_said"
    durable = False
    role: Role
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentAction(Event):
    """An agent uses a tool."""

    kind = "agent_action"
    durable = False
    role: Role
    tool: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentOutput(Event):
    """A line that an agent program printed, shown on request."""

    kind = "agent_output"
    durable = False
    role: Role
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSilent(Event):
    """An agent program has printed nothing for a while, or prints again."""

    kind = "agent_silent"
    durable = False
    role: Role
    seconds: Annotated[float, "For how long; 0 when it prints again."]
    limit: Annotated[str, "The setting that will end it first, empty for none."]
    seconds_left: Annotated[float, "Until that limit."]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Event):
    """A check starts, or has ended."""

    kind = "check"
    durable = False
    round: int
    name: str
    command: str
    result: Annotated[str, "What came of it in a sentence, empty at its start."]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardMade(Event):
    """A card was written of what a person said on the command line."""

    kind = "card_made"
    durable = False
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingForPerson(Event):
    """A person is asked for a document."""

    kind = "waiting_for_person"
    durable = False
    role: Role
    task_id: str
    goal: str
    round: int
    path: Annotated[str, "Where the document is looked for."]
    material: Annotated[Texts, "What lies on the bus for them."]
    answers: Annotated[Texts, "The commands by which they answer."]
    problems: Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentProblem(Event):
    """A document that a person wrote cannot be accepted yet."""

    kind = "document_problem"
    durable = False
    role: Role
    path: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatMissed(Event):
    """The heartbeat of a person who is waited for stays away."""

    kind = "heartbeat_missed"
    durable = False
    role: Role
    ttl: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatBack(Event):
    """The heartbeat of a person is back."""

    kind = "heartbeat_back"
    durable = False
    role: Role
    ttl: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundFailed(Event):
    """The last event of a round process whose round ended with a named error."""

    kind = "round_failed"
    durable = False
    outcome: Outcome
    message: str
    hint: str


# All of them but the `CommandEnded` of a summary.
SHOWN: tuple[type[Event], ...] = (
    AgentSaid,
    AgentAction,
    AgentOutput,
    AgentSilent,
    Check,
    CardMade,
    WaitingForPerson,
    DocumentProblem,
    HeartbeatMissed,
    HeartbeatBack,
    RoundFailed,
)
