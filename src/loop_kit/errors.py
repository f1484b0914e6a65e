"""Why a run ends: every reason has a name, an exit code and a next step.

`LoopError` is what a person or an agent can cause; its text is one sentence and its hint the next step. Anything else
that is raised is a bug in loop and propagates.
"""

from enum import StrEnum
from typing import ClassVar


class Outcome(StrEnum):
    """The name of an ending, as it stands in `state.json` and `summary.json`."""

    APPROVED = "approved"
    BUG = "bug"
    USAGE = "usage"
    INVALID = "invalid"
    DIRTY_TREE = "dirty_tree"
    LOCKED = "locked"
    ROUND_LIMIT = "round_limit"
    STALLED = "stalled"
    BACKEND_FAILED = "backend_failed"
    TIMEOUT = "timeout"
    CHANGES_REQUIRED = "changes_required"
    NEEDS_PERSON = "needs_person"
    BUDGET = "budget"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    TERMINATED = "terminated"


EXIT_CODES: dict[Outcome, int] = {
    Outcome.APPROVED: 0,
    Outcome.BUG: 1,
    Outcome.USAGE: 2,
    Outcome.INVALID: 3,
    Outcome.DIRTY_TREE: 4,
    Outcome.LOCKED: 5,
    Outcome.ROUND_LIMIT: 6,
    Outcome.STALLED: 7,
    Outcome.BACKEND_FAILED: 8,
    Outcome.TIMEOUT: 9,
    Outcome.CHANGES_REQUIRED: 10,
    Outcome.NEEDS_PERSON: 11,
    Outcome.BUDGET: 12,
    Outcome.STOPPED: 13,
    Outcome.INTERRUPTED: 130,
    Outcome.TERMINATED: 143,
}


class LoopError(Exception):
    """An expected ending: `message` says what is wrong and where, `hint` what to do next."""

    outcome: ClassVar[Outcome] = Outcome.INVALID

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.outcome]


class UsageError(LoopError):
    """The command line contradicts itself or the state."""

    outcome = Outcome.USAGE


class DocumentError(LoopError):
    """A document on the bus, or one about to go there, breaks its schema."""


class NewerError(LoopError):
    """A newer loop wrote a document. Not a `DocumentError`: callers that tolerate broken documents must not swallow it."""


class ConfigError(LoopError):
    """The configuration or a template cannot be used."""


class StartError(LoopError):
    """Something that must hold before a run begins does not."""


class DirtyTreeError(LoopError):
    """Tracked files have uncommitted changes that no run made."""

    outcome = Outcome.DIRTY_TREE


class LockedError(LoopError):
    """Another run holds the bus or the working tree."""

    outcome = Outcome.LOCKED


class RoundLimitError(LoopError):
    """The last allowed round ended without approval."""

    outcome = Outcome.ROUND_LIMIT


class StalledError(LoopError):
    """The worker made no progress, or went back to where it had been."""

    outcome = Outcome.STALLED


class BackendError(LoopError):
    """An agent program is missing, failed, or submitted nothing."""

    outcome = Outcome.BACKEND_FAILED


class TimeLimitError(LoopError):
    """A clock ran out: the dispatch's, the silence's or the wait for a person."""

    outcome = Outcome.TIMEOUT


class NeedsPersonError(LoopError):
    """Git shows something that only a person should judge."""

    outcome = Outcome.NEEDS_PERSON


class BudgetError(LoopError):
    """The money or the minutes set aside for the run are spent."""

    outcome = Outcome.BUDGET


class StoppedError(LoopError):
    """`.loop/STOP` exists."""

    outcome = Outcome.STOPPED


class InterruptedRunError(LoopError):
    """Ctrl-C."""

    outcome = Outcome.INTERRUPTED


class TerminatedRunError(LoopError):
    """SIGTERM, SIGHUP, or the process that started this one is gone."""

    outcome = Outcome.TERMINATED


class CrashError(LoopError):
    """A process of loop itself failed unexpectedly."""

    outcome = Outcome.BUG


_KINDS: tuple[type[LoopError], ...] = (
    UsageError,
    LoopError,
    DirtyTreeError,
    LockedError,
    RoundLimitError,
    StalledError,
    BackendError,
    TimeLimitError,
    NeedsPersonError,
    BudgetError,
    StoppedError,
    InterruptedRunError,
    TerminatedRunError,
    CrashError,
)


def error_for(outcome: Outcome, message: str, *, hint: str) -> LoopError:
    """Return the error that an outcome stands for, as when the PM reads in the state why a round ended."""
    kinds = {kind.outcome: kind for kind in _KINDS}
    return kinds[outcome](message, hint=hint)
