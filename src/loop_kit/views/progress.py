"""What a run does right now, and the one line that each finished phase leaves: a fold over the run's events.

It knows no terminal. Of what an agent says and does only the newest action is kept.
"""

from collections.abc import Callable
from enum import StrEnum
from functools import singledispatchmethod

from loop_kit.model import events, shown_events
from loop_kit.model.decision import Decision
from loop_kit.model.events import Event
from loop_kit.model.figures import clock
from loop_kit.values import dataclass
from loop_kit.views.event_text import decision, event_text, findings, git_facts, not_run

_LONGEST = 500  # characters of an action: more than any line shows
_SILENT = 60.0  # seconds after which the age of the last output is shown


class Tone(StrEnum):
    PLAIN = ""
    GOOD = "good"
    BAD = "bad"
    ODD = "odd"  # goes on, but a person may want to know


@dataclass(frozen=True, slots=True)
class Note:
    """A text for the scrollback: a sentence, and below it lines of detail. A `whole` one is never shortened."""

    text: str
    tone: Tone = Tone.PLAIN
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What goes on now, for how long already (`6:31`), and the newest action, "" for none.

    `silence` is the age of the agent's last output (`1:05`), "" when that is not over a minute.
    """

    doing: str
    took: str
    action: str = ""
    silence: str = ""


class Progress:
    """Hears every event of a run; `seconds` is a monotonic clock."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._began = self._since = seconds()
        self._round = 0
        self._who = ""  # whose phase it is, as the finished line names it
        self._doing = "starting"
        self._action = ""
        self._last_output: float | None = None  # on `seconds`; None while the agent is not silent
        self._checks: dict[str, bool] = {}  # name -> whether it has ended

    @singledispatchmethod
    def hear(self, event: Event) -> Note | None:
        """Take an event in; return what it leaves in the scrollback, if anything."""
        text = event_text(event)
        return Note(text, Tone.ODD if isinstance(event, _WARNINGS) else Tone.PLAIN) if text else None

    def elapsed(self) -> float:
        return self._seconds() - self._began

    def now(self) -> Moment:
        where = f"round {self._round}: " if self._round else ""
        silent = 0.0 if self._last_output is None else self._seconds() - self._last_output
        return Moment(
            doing=f"{where}{self._doing}",
            took=clock(self._took()),
            action=self._action,
            silence=clock(silent) if silent >= _SILENT else "",
        )

    def _took(self) -> float:
        return self._seconds() - self._since

    def _turn(self, doing: str, who: str | None = None) -> None:
        """Begin something; without `who` it still belongs to the phase before, whose time runs on."""
        self._doing, self._action, self._last_output = doing, "", None
        if who is not None:
            self._who, self._since = who, self._seconds()

    def _finished(self, said: str, tone: Tone = Tone.PLAIN) -> Note:
        """End a phase: its one line says whose it was, how long it took and what came of it."""
        who = f"{self._who}, {clock(self._took())}: " if self._who else ""
        self._turn("loop works", who="")
        return Note(f"round {self._round}: {who}{said}", tone)

    @hear.register
    def _(self, _event: events.RunEnded) -> None:
        """Leave no line: the ending is shown at greater length."""

    @hear.register
    def _(self, event: events.RoundStarted) -> None:
        self._round = event.round
        self._turn("starting", who="")

    @hear.register
    def _(self, event: events.DispatchStarted) -> None:
        who = f"{event.role} ({event.backend})"
        self._turn(f"{who} {'retried' if event.problems else 'works'}", who=who)

    @hear.register
    def _(self, event: shown_events.AgentAction) -> None:
        self._act(f"{event.tool}: {event.detail}" if event.detail else event.tool)

    @hear.register
    def _(self, event: shown_events.AgentSaid) -> None:
        self._act(f"says: {event.text}")

    def _act(self, text: str) -> None:
        self._action, self._last_output = " ".join(text[:_LONGEST].split()), None

    @hear.register
    def _(self, event: shown_events.AgentSilent) -> Note | None:
        self._last_output = self._seconds() - event.seconds if event.seconds else None
        text = event_text(event)
        return Note(text, Tone.ODD) if text else None

    @hear.register
    def _(self, event: events.DispatchEnded) -> Note | None:
        self._turn(f"reading the {event.role}'s report")
        if event.document and not event.swept:
            return None  # the phase's own line says what came of it
        return Note(event_text(event), Tone.ODD)

    @hear.register
    def _(self, event: events.DispatchRetry) -> Note:
        self._turn(f"{event.role} retried in {event.wait_seconds:g} s", who="")
        return Note(event_text(event), Tone.ODD)

    @hear.register
    def _(self, event: events.BackendSwitched) -> Note:
        self._turn(f"{event.role} falls back to {event.to}", who="")
        return Note(event_text(event), Tone.ODD)

    @hear.register
    def _(self, event: events.Parked) -> Note:
        self._turn(f"waiting until {event.until} for the quota of {event.backend}", who="")
        return Note(event_text(event), Tone.ODD)

    @hear.register
    def _(self, event: shown_events.WaitingForPerson) -> Note:
        self._turn(f"waiting for you, the {event.role}", who=f"{event.role} (you)")
        return Note(event_text(event), whole=True)

    @hear.register
    def _(self, event: events.Verified) -> Note:
        return self._finished("\n".join([git_facts(event), *(f"  {each}" for each in findings(event))]))

    @hear.register
    def _(self, event: events.ChecksStarted) -> None:
        self._checks = dict.fromkeys(event.checks, False)
        self._turn("", who="checks at the base" if event.round == 0 else "checks")
        self._count()

    @hear.register
    def _(self, event: shown_events.Check) -> None:
        if event.name in self._checks:  # [prepare] sends the same event, and is no check
            self._checks[event.name] = bool(event.result)
        self._count()
        self._act("" if event.result else f"{event.name}: {event.command}")

    def _count(self) -> None:
        self._doing = f"{self._who}, {sum(self._checks.values())} of {len(self._checks)} done"

    @hear.register
    def _(self, event: events.ChecksEnded) -> Note:
        results = [*event.results, *not_run(event)]
        tone = Tone.GOOD if event.verified else Tone.ODD if event.round == 0 or event.refused else Tone.BAD
        summary = "all passed" if event.verified else "not all passed"
        lines = results if len(results) == 1 else [summary, *(f"  {each}" for each in results)]
        return self._finished("\n".join(lines), tone)

    @hear.register
    def _(self, event: events.Decided) -> Note:
        return self._finished(decision(event), Tone.GOOD if event.decision is Decision.APPROVE else Tone.BAD)


_WARNINGS = (
    events.DocumentRefused,
    shown_events.DocumentProblem,
    events.LeftBehind,
    shown_events.HeartbeatMissed,
    events.Noticed,
)
