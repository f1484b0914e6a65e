"""What an agent says and does, read from the lines of its output.

Every backend's output is translated into these events; no other part of loop knows how an agent program talks. What
happens in a run is in `events`.
"""

from enum import StrEnum
from typing import Any

from loop_kit.model.usage import NUMBERS, UsageNumbers
from loop_kit.values import dataclass


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """The agent named its session."""

    session_id: str


@dataclass(frozen=True, slots=True)
class Said:
    """A message of the agent, for people who watch; the last one may hold the document.

    `more` says that it goes on with the message before it, unless something else came between.
    """

    text: str
    more: bool = False


@dataclass(frozen=True, slots=True)
class UsedTool:
    """`detail` is one short line: the command, the file."""

    name: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage(UsageNumbers):
    """Tokens and US dollars as the program reports them.

    By default they are totals of the dispatch so far: the last report counts. With `cumulative` they are totals of the whole
    session, and the total before the dispatch has to be subtracted; with `step` they are those of one step, to be added up.
    """

    cumulative: bool = False
    step: bool = False

    @property
    def numbers(self) -> UsageNumbers:
        return UsageNumbers(**{name: getattr(self, name) for name in NUMBERS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The program says it is done. `structured` is a document in the form of a schema, not verified yet.

    A program that does not repeat its last message sets `said_last`: its text is what it said since it last used a tool.
    """

    text: str | None = None
    structured: Any = None
    said_last: bool = False


class FailureKind(StrEnum):
    """Why an agent program failed, as far as it reported it in a structured field."""

    TRANSIENT = "transient"
    TRUNCATED = "truncated"
    QUOTA = "quota"
    AUTH = "auth"
    CONFIG = "config"
    PERMANENT = "permanent"
    SESSION = "session"
    INTERRUPTED = "interrupted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The program reports that it could not do its work. `retry_after` is in seconds.

    A program that retries by itself, perhaps for ever, is ended after `max_consecutive` such reports in a row, without the
    use of a tool or an end in between; None is for a program that ends by itself.
    """

    kind: FailureKind
    message: str
    retry_after: float | None = None
    max_consecutive: int | None = None


AgentEvent = SessionStarted | Said | UsedTool | Usage | Finished | Failed
