"""Where a run stands: `state.json`, loop's own document.

It is read by this small parser and not by jsonschema, so that `loop status` answers at once; what the parser does not
know it refuses. Putting it on the bus is the commit point of a round.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, ClassVar, Self

from loop_kit.errors import DocumentError, Outcome
from loop_kit.model.decision import Decision
from loop_kit.model.fields import FieldError, Fields, check_version, shown, step
from loop_kit.model.names import is_place, is_task_id
from loop_kit.model.program import Program
from loop_kit.model.session import Session
from loop_kit.model.spending import Spending, read_spendings, write_spendings
from loop_kit.model.versions import KNOWN, check_not_newer
from loop_kit.values import dataclass, field, fields, replace

SCHEMA_VERSION = KNOWN["state"]
# The archive has every round; these rows are for people who look and for finding circles: a long run stays cheap.
KEPT_ROWS = 20


class Judge(StrEnum):
    """Who decided a round: the reviewer, or loop itself when its findings were a fix list already."""

    REVIEWER = "reviewer"
    LOOP = "loop"


@dataclass(frozen=True, slots=True)
class LogAnchor:
    """The last line of the log that a commit point relies on; `digest` is that of its bytes without the newline."""

    seq: int
    digest: str

    @classmethod
    def from_document(cls, entry: Any, *, at: str = "$") -> Self:
        """Read an anchor; raise `FieldError` for a wrong one."""
        anchor = Fields.of(entry, ("seq", "digest"), at=at)
        return cls(seq=anchor.count("seq"), digest=anchor.text("digest"))

    def to_document(self) -> dict[str, Any]:
        return {"seq": self.seq, "digest": self.digest}


class Phase(StrEnum):
    IDLE = "idle"
    AWAITING_WORK = "awaiting_work"
    AWAITING_REVIEW = "awaiting_review"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundRow:
    """A finished round in short.

    `blocking` counts what stood in the way; `judged_by` is `reviewer` or `loop`; `spent` is what the round used, by role.
    `digests` are those of the round's documents, by kind; an older loop wrote none.
    """

    round: int
    head_sha: str
    tree: str
    decision: str
    judged_by: str
    blocking: int
    ended_at: str
    spent: Mapping[str, Spending] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_document(cls, entry: Any, *, at: str = "$") -> Self:
        """Read a row; raise `FieldError` for a wrong one. `at` is the path to it within its document."""
        row = Fields.of(entry, _ROW_KEYS, at=at)
        return cls(
            round=row.count("round"),
            head_sha=row.text("head_sha"),
            tree=row.text("tree"),
            decision=str(row.word("decision", Decision)),
            judged_by=str(row.word("judged_by", Judge)),
            blocking=row.count("blocking"),
            ended_at=row.text("ended_at"),
            spent=read_spendings(row, "spent"),
            digests=row.text_map("digests") if "digests" in row.entries else {},
        )

    def to_document(self) -> dict[str, Any]:
        told = {key: getattr(self, key) for key in _ROW_KEYS}
        return {**told, "spent": write_spendings(self.spent), "digests": dict(self.digests)}


_ROW_KEYS = tuple(item.name for item in fields(RoundRow))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """`head_sha` is the last head that loop verified (the base before that); `outcome` is None while the run goes on.

    `place` is empty until the run has claimed one. `dispatches` counts the agent programs started for this run, so that
    each gets a name of its own; `paying` is the role whose dispatch has begun and is not in `spent` yet, "" when there is
    none; `round_spent` is the part of this round. `backends` says by role which of its backends is used, `programs` by
    backend what ran. `watch` holds digests of what no worker should touch (hooks, git config), `digests` those of the
    charter's parts and of what loop has read and written since, by which it is known again. `passed` names the checks that
    have passed in a finished round. `log` is where the log is anchored; an older loop did not do that.
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
    paying: str = ""
    backends: Mapping[str, str] = field(default_factory=dict)
    spent: Mapping[str, Spending] = field(default_factory=dict)
    round_spent: Mapping[str, Spending] = field(default_factory=dict)
    programs: Mapping[str, Program] = field(default_factory=dict)
    sessions: Mapping[str, Session] = field(default_factory=dict)
    round_details: tuple[RoundRow, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)
    watch: Mapping[str, str] = field(default_factory=dict)
    passed: tuple[str, ...] = ()
    log: LogAnchor | None = None

    @classmethod
    def from_document(cls, document: Any, *, name: str = "state.json") -> Self:
        """Read a state; raise `DocumentError` naming the field, or `NewerError` for one that a newer loop wrote."""
        check_not_newer(cls.kind, document, name=name)
        try:
            return cls._read(document)
        except FieldError as error:
            raise DocumentError(
                f"{name} {error}", hint="loop run --reset archives it and starts anew; nothing in git is touched"
            ) from None

    @classmethod
    def _read(cls, document: Any) -> Self:
        check_version(document, SCHEMA_VERSION)
        entries = Fields.of(document, _KEYS)
        return cls(
            **{key: entries.text(key) for key in _TEXTS},
            task_id=_named(entries, "task_id", is_task_id),
            place=_named(entries, "place", lambda name: not name or is_place(name)),
            phase=entries.word("state", Phase),
            round=entries.count("round"),
            outcome=None if entries.any("outcome") is None else entries.word("outcome", Outcome),
            dispatches=entries.count("dispatches"),
            backends=entries.text_map("backends"),
            spent=read_spendings(entries, "spent"),
            round_spent=read_spendings(entries, "round_spent"),
            programs={
                name: Program.from_document(row, at=f"$.programs{step(name)}")
                for name, row in entries.map("programs").items()
            },
            sessions={
                role: Session.from_document(row, at=f"$.sessions{step(role)}")
                for role, row in entries.map("sessions").items()
            },
            round_details=tuple(
                RoundRow.from_document(row, at=f"$.round_details[{index}]")
                for index, row in enumerate(entries.rows("round_details"))
            ),
            digests=entries.text_map("digests"),
            watch=entries.text_map("watch"),
            passed=entries.texts("passed") if "passed" in entries.entries else (),
            log=LogAnchor.from_document(entries.any("log"), at="$.log") if "log" in entries.entries else None,
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
            "paying": self.paying,
            "backends": dict(self.backends),
            "spent": write_spendings(self.spent),
            "round_spent": write_spendings(self.round_spent),
            "programs": {name: program.to_document() for name, program in self.programs.items()},
            "sessions": {role: session.to_document() for role, session in self.sessions.items()},
            "round_details": [row.to_document() for row in self.round_details],
            "digests": dict(self.digests),
            "watch": dict(self.watch),
            "passed": list(self.passed),
            **({} if self.log is None else {"log": self.log.to_document()}),
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
            round_details=(*self.round_details, replace(row, spent=self.round_spent))[-KEPT_ROWS:],
            round_spent={},
            updated_at=now,
        )

    def ended(self, outcome: Outcome, *, error: str, hint: str, now: str) -> Self:
        """Return this state with the reason why the run ended here; everything needed to go on is kept."""
        return replace(self, outcome=outcome, error=error, hint=hint, updated_at=now)

    def going_on(self, *, now: str) -> Self:
        return replace(self, outcome=None, error="", hint="", updated_at=now)


_TEXTS = ("run_id", "base_sha", "head_sha", "branch", "started_at", "updated_at", "error", "hint", "paying")
_KEYS = frozenset({item.name for item in fields(RunState)} - {"phase"} | {"schema_version", "state"})


def _named(entries: Fields, key: str, rule: Callable[[str], bool]) -> str:
    name = entries.text(key)
    if not rule(name):
        raise FieldError(f"$.{key}: {shown(name)} cannot be used as a name")
    return name
