"""What a run does right now, and the one line that each finished phase leaves: read from its events alone.

Nothing here knows a terminal. Of all that an agent says only the newest action is kept.
"""

from collections.abc import Callable
from enum import StrEnum
from functools import singledispatchmethod

from loop_kit.model import events, shown_events
from loop_kit.model.decision import Decision
from loop_kit.model.events import Event
from loop_kit.values import dataclass
from loop_kit.views.lines import decision, findings, line

_LONGEST = 500  # characters of an action: more than any line shows


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


class Progress:
    """Hears every event of a run; `seconds` is a clock that only goes on."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._began = self._since = seconds()
        self._round = 0
        self._who = ""  # whose phase it is, as the finished line names it
        self._doing = "about to begin"
        self._action = ""
        self._checks: dict[str, bool] = {}  # name -> whether it has ended

    @singledispatchmethod
    def hear(self, event: Event) -> Note | None:
        """Take an event in; return what it leaves in the scrollback, if anything."""
        text = line(event)
        return Note(text, Tone.ODD if isinstance(event, _WARNINGS) else Tone.PLAIN) if text else None

    def elapsed(self) -> float:
        return self._seconds() - self._began

    def now(self) -> tuple[str, str, str]:
        """Return what goes on, for how long already, and the newest action or ""."""
        where = f"round {self._round}: " if self._round else ""
        return f"{where}{self._doing}", lasted(self._took()), self._action

    def _took(self) -> float:
        return self._seconds() - self._since

    def _turn(self, doing: str, who: str | None = None) -> None:
        """Begin something; without `who` it still belongs to the phase before, whose time runs on."""
        self._doing, self._action = doing, ""
        if who is not None:
            self._who, self._since = who, self._seconds()

    def _finished(self, said: str, tone: Tone = Tone.PLAIN) -> Note:
        """End a phase: its one line says whose it was, how long it took and what came of it."""
        who = f"{self._who}, {lasted(self._took())}: " if self._who else ""
        self._turn("loop goes on", who="")
        return Note(f"round {self._round}: {who}{said}", tone)

    @hear.register
    def _(self, _event: events.RunEnded) -> None:
        """Leave the end to those who show it at greater length."""

    @hear.register
    def _(self, event: events.RoundStarted) -> None:
        self._round = event.round
        self._turn("about to begin", who="")

    @hear.register
    def _(self, event: events.DispatchStarted) -> None:
        who = f"{event.role} ({event.backend})"
        self._turn(f"the {who} is {'asked once more' if event.problems else 'at work'}", who=who)

    @hear.register
    def _(self, event: shown_events.AgentAction) -> None:
        self._act(f"{event.tool}: {event.detail}" if event.detail else event.tool)

    @hear.register
    def _(self, event: shown_events.AgentSaid) -> None:
        self._act(f"says: {event.text}")

    def _act(self, text: str) -> None:
        self._action = " ".join(text[:_LONGEST].split())

    @hear.register
    def _(self, event: events.DispatchEnded) -> Note | None:
        self._turn(f"loop looks at what the {event.role} handed in")
        if event.document and not event.swept:
            return None  # the line of the phase is that of what came of it
        return Note(line(event), Tone.ODD)

    @hear.register
    def _(self, event: events.DispatchRetry) -> Note:
        self._turn(f"the {event.role} is tried again in {event.wait_seconds:g} s", who="")
        return Note(line(event), Tone.ODD)

    @hear.register
    def _(self, event: events.BackendSwitched) -> Note:
        self._turn(f"the {event.role} is {event.to} from now on", who="")
        return Note(line(event), Tone.ODD)

    @hear.register
    def _(self, event: events.Parked) -> Note:
        self._turn(f"waiting until {event.until} for the quota of {event.backend}", who="")
        return Note(line(event), Tone.ODD)

    @hear.register
    def _(self, event: shown_events.WaitingForPerson) -> Note:
        self._turn(f"waiting for the {event.role}, a person", who=f"{event.role} (a person)")
        return Note(line(event), whole=True)

    @hear.register
    def _(self, event: events.Verified) -> Note:
        shown = f"{_count(event.commits, 'commit')}, {_count(event.files, 'file')}, head {event.head_sha[:12]}"
        return self._finished("\n".join([shown, *(f"  {each}" for each in findings(event))]))

    @hear.register
    def _(self, event: events.ChecksStarted) -> None:
        self._checks = dict.fromkeys(event.checks, False)
        self._turn("", who="checks where the run begins" if event.round == 0 else "checks")
        self._count()

    @hear.register
    def _(self, event: shown_events.Check) -> None:
        if event.name in self._checks:  # making the tree ready is told in the same way, and is none of them
            self._checks[event.name] = bool(event.result)
        self._count()
        self._act("" if event.result else f"{event.name}: {event.command}")

    def _count(self) -> None:
        self._doing = f"{self._who}, {sum(self._checks.values())} of {len(self._checks)} done"

    @hear.register
    def _(self, event: events.ChecksEnded) -> Note:
        results = [*event.results, *([f"no evidence: {event.refused}"] if event.refused else [])]
        said = "they pass" if event.verified else "they do not all pass"
        tone = Tone.GOOD if event.verified else Tone.ODD if event.round == 0 or event.refused else Tone.BAD
        lines = results if len(results) == 1 else [said, *(f"  {each}" for each in results)]
        return self._finished("\n".join(lines), tone)

    @hear.register
    def _(self, event: events.Decided) -> Note:
        return self._finished(decision(event), Tone.GOOD if event.decision is Decision.APPROVE else Tone.BAD)


def lasted(seconds: float) -> str:
    """Return `0:07`, `12:30` or `1:02:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


_WARNINGS = (
    events.DocumentRefused,
    shown_events.DocumentProblem,
    events.LeftBehind,
    shown_events.HeartbeatMissed,
    events.Noticed,
)
