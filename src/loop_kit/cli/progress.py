"""What a run does right now, and the one line that each finished phase leaves: read from its events alone.

Nothing here knows a terminal. Of all that an agent says only the newest action is kept.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from loop_kit.cli.console import tell
from loop_kit.values import dataclass

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
        self._heard: Mapping[str, Callable[[Mapping[str, Any]], Note | None]] = {
            "round_started": self._round_started,
            "dispatch_started": self._dispatch_started,
            "agent_action": self._agent_action,
            "agent_said": self._agent_said,
            "dispatch_ended": self._dispatch_ended,
            "dispatch_retry": self._dispatch_retry,
            "backend_switched": self._backend_switched,
            "parked": self._parked,
            "waiting_for_person": self._waiting,
            "verified": self._verified,
            "checks_started": self._checks_started,
            "check": self._check,
            "checks_ended": self._checks_ended,
            "decided": self._decided,
        }

    def hear(self, event: str, data: Mapping[str, Any]) -> Note | None:
        """Take an event in; return what it leaves in the scrollback, if anything."""
        if event in _SILENT:
            return None
        try:
            heard = self._heard.get(event)
            return _told(event, data) if heard is None else heard(data)
        except (KeyError, TypeError, ValueError, AttributeError):
            return Note(event)  # another version of loop wrote it: its name is all that can be said

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

    def _round_started(self, data: Mapping[str, Any]) -> None:
        self._round = int(data["round"])
        self._turn("about to begin", who="")

    def _dispatch_started(self, data: Mapping[str, Any]) -> None:
        who = f"{data['role']} ({data['backend']})"
        self._turn(f"the {who} is {'asked once more' if data['problems'] else 'at work'}", who=who)

    def _agent_action(self, data: Mapping[str, Any]) -> None:
        self._act(f"{data['tool']}: {data['detail']}" if data["detail"] else data["tool"])

    def _agent_said(self, data: Mapping[str, Any]) -> None:
        self._act(f"says: {data['text']}")

    def _act(self, text: str) -> None:
        self._action = " ".join(text[:_LONGEST].split())

    def _dispatch_ended(self, data: Mapping[str, Any]) -> Note | None:
        self._turn(f"loop looks at what the {data['role']} handed in")
        if data["document"] and not data["swept"]:
            return None  # the line of the phase is that of what came of it
        return Note(tell("dispatch_ended", data), Tone.ODD)

    def _dispatch_retry(self, data: Mapping[str, Any]) -> Note:
        self._turn(f"the {data['role']} is tried again in {data['wait_seconds']:g} s", who="")
        return Note(tell("dispatch_retry", data), Tone.ODD)

    def _backend_switched(self, data: Mapping[str, Any]) -> Note:
        self._turn(f"the {data['role']} is {data['to']} from now on", who="")
        return Note(tell("backend_switched", data), Tone.ODD)

    def _parked(self, data: Mapping[str, Any]) -> Note:
        self._turn(f"waiting until {data['until']} for the quota of {data['backend']}", who="")
        return Note(tell("parked", data), Tone.ODD)

    def _waiting(self, data: Mapping[str, Any]) -> Note:
        who = f"{data['role']} (a person)"
        self._turn(f"waiting for the {data['role']}, a person", who=who)
        return Note(tell("waiting_for_person", data), whole=True)

    def _verified(self, data: Mapping[str, Any]) -> Note:
        shown = f"{_count(data['commits'], 'commit')}, {_count(data['files'], 'file')}, head {data['head_sha'][:12]}"
        found = tell("verified", data).partition("\n")[2]
        return self._finished(f"{shown}\n{found}".rstrip("\n"))

    def _checks_started(self, data: Mapping[str, Any]) -> None:
        self._checks = dict.fromkeys(data["checks"], False)
        self._turn("", who="checks where the run begins" if data["round"] == 0 else "checks")
        self._count()

    def _check(self, data: Mapping[str, Any]) -> None:
        if data["name"] in self._checks:  # making the tree ready is told in the same way, and is none of them
            self._checks[data["name"]] = bool(data["result"])
        self._count()
        self._act("" if data["result"] else f"{data['name']}: {data['command']}")

    def _count(self) -> None:
        self._doing = f"{self._who}, {sum(self._checks.values())} of {len(self._checks)} done"

    def _checks_ended(self, data: Mapping[str, Any]) -> Note:
        results = [*data["results"], *([f"no evidence: {data['refused']}"] if data["refused"] else [])]
        said = "they pass" if data["verified"] else "they do not all pass"
        tone = Tone.GOOD if data["verified"] else Tone.ODD if data["round"] == 0 or data["refused"] else Tone.BAD
        lines = results if len(results) == 1 else [said, *(f"  {line}" for line in results)]
        return self._finished("\n".join(lines), tone)

    def _decided(self, data: Mapping[str, Any]) -> Note:
        said = tell("decided", data).removeprefix(f"round {data['round']}: ")
        return self._finished(said, Tone.GOOD if data["decision"] == "approve" else Tone.BAD)


def lasted(seconds: float) -> str:
    """Return `0:07`, `12:30` or `1:02:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _told(event: str, data: Mapping[str, Any]) -> Note | None:
    text = tell(event, data)
    return Note(text, Tone.ODD if event in _WARNINGS else Tone.PLAIN) if text else None


_SILENT = ("run_ended",)  # the end is shown at greater length
_WARNINGS = ("document_refused", "document_problem", "left_behind", "heartbeat_missed", "noticed")
