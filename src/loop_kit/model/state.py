"""Where a run stands: `state.json`, loop's own document.

It is read by this small parser and not by jsonschema, so that `loop status` answers at once; what the parser does not
know it refuses. Putting it on the bus is the commit point of a round.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, ClassVar, Self

from loop_kit.errors import DocumentError, Outcome
from loop_kit.model.session import Session

SCHEMA_VERSION = 1
# The archive has every round; these rows are for people who look and for finding circles: a long run stays cheap to read.
KEPT_ROWS = 20


class Phase(StrEnum):
    IDLE = "idle"
    AWAITING_WORK = "awaiting_work"
    AWAITING_REVIEW = "awaiting_review"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundRow:
    """A finished round in short. `blocking` counts what stood in the way; `judged_by` is `reviewer` or `loop`."""

    round: int
    head_sha: str
    tree: str
    decision: str
    judged_by: str
    blocking: int
    ended_at: str

    @classmethod
    def from_document(cls, entry: Any) -> Self:
        return cls(**{name: _typed(entry, name, kind) for name, kind in _ROW_FIELDS.items()})

    def to_document(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _ROW_FIELDS}


_ROW_FIELDS: dict[str, type] = {
    "round": int,
    "head_sha": str,
    "tree": str,
    "decision": str,
    "judged_by": str,
    "blocking": int,
    "ended_at": str,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """`head_sha` is the last head that loop verified (the base before that); `outcome` is None while the run goes on.

    `dispatches` counts the agent programs started for this run, so that each gets a name of its own. `watch` holds
    digests of what no worker should touch (hooks, git config). `digests` holds those of the charter's parts.
    """

    kind: ClassVar[str] = "state"

    run_id: str
    place: str
    task_id: str
    phase: Phase
    round: int
    base_sha: str
    head_sha: str
    branch: str
    started_at: str
    updated_at: str
    outcome: Outcome | None = None
    error: str = ""
    hint: str = ""
    dispatches: int = 0
    sessions: Mapping[str, Session] = field(default_factory=dict)
    round_details: tuple[RoundRow, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)
    watch: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_document(cls, document: Any, *, name: str = "state.json") -> Self:
        """Read a state; raise `DocumentError` naming the field, also for a version this loop does not know."""
        try:
            return cls._read(document)
        except (KeyError, TypeError, ValueError) as error:
            raise DocumentError(
                f"{name} cannot be read: {error}",
                hint="loop run --reset archives it and starts anew; nothing in git is touched",
            ) from None

    @classmethod
    def _read(cls, document: Any) -> Self:
        if not isinstance(document, dict):
            raise TypeError("it is not a JSON object")
        version = document.get("schema_version")
        if version != SCHEMA_VERSION:
            raise ValueError(f"$.schema_version is {version!r}, this loop knows {SCHEMA_VERSION}")
        texts = {key: _typed(document, key, str) for key in _TEXTS}
        outcome = document.get("outcome")
        return cls(
            **texts,
            phase=Phase(_typed(document, "state", str)),
            round=_typed(document, "round", int),
            outcome=None if outcome is None else Outcome(outcome),
            error=_typed(document, "error", str),
            hint=_typed(document, "hint", str),
            dispatches=_typed(document, "dispatches", int),
            sessions={role: Session.from_document(row) for role, row in _typed(document, "sessions", dict).items()},
            round_details=tuple(RoundRow.from_document(row) for row in _typed(document, "round_details", list)),
            digests=_string_map(document, "digests"),
            watch=_string_map(document, "watch"),
        )

    def to_document(self) -> dict[str, Any]:
        return {
            "schema_version": SCHEMA_VERSION,
            "run_id": self.run_id,
            "place": self.place,
            "task_id": self.task_id,
            "state": str(self.phase),
            "round": self.round,
            "outcome": None if self.outcome is None else str(self.outcome),
            "error": self.error,
            "hint": self.hint,
            "base_sha": self.base_sha,
            "head_sha": self.head_sha,
            "branch": self.branch,
            "started_at": self.started_at,
            "updated_at": self.updated_at,
            "dispatches": self.dispatches,
            "sessions": {role: session.to_document() for role, session in self.sessions.items()},
            "round_details": [row.to_document() for row in self.round_details],
            "digests": dict(self.digests),
            "watch": dict(self.watch),
        }

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
            round_details=(*self.round_details, row)[-KEPT_ROWS:],
            updated_at=now,
        )

    def ended(self, outcome: Outcome, *, error: str, hint: str, now: str) -> Self:
        """Return this state with the reason why the run ended here; everything needed to go on is kept."""
        return replace(self, outcome=outcome, error=error, hint=hint, updated_at=now)

    def going_on(self, *, now: str) -> Self:
        return replace(self, outcome=None, error="", hint="", updated_at=now)


_TEXTS = ("run_id", "place", "task_id", "base_sha", "head_sha", "branch", "started_at", "updated_at")


def _typed(document: Any, key: str, kind: type) -> Any:
    if key not in document:
        raise KeyError(f"$.{key} is missing")
    value = document[key]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TypeError(f"$.{key} should be {_KIND_NAMES[kind]}, not {value!r:.40}")
    return value


_KIND_NAMES = {str: "a text", int: "a whole number", dict: "an object", list: "a list"}


def _string_map(document: Any, key: str) -> dict[str, str]:
    entries: dict[str, str] = _typed(document, key, dict)
    if not all(isinstance(value, str) for value in entries.values()):
        raise TypeError(f"$.{key} should hold texts")
    return entries
