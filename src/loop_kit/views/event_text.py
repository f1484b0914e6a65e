"""What an event says in words: the one place where each kind has its sentence.

The first line is the sentence, further lines are details. An event that deserves no line has the text "".
"""

from collections.abc import Iterable
from functools import singledispatch

from loop_kit.model import events, shown_events
from loop_kit.model.change import Effect, Finding
from loop_kit.model.decision import Decision
from loop_kit.model.events import Event, OtherEvent
from loop_kit.model.feed_event import is_known
from loop_kit.model.figures import clock, counted, lasted, short_id
from loop_kit.model.state import Judge

_GOAL = 200  # characters
_WARN_SECONDS = 180.0  # a silent agent is worth a line from here on
_CONSEQUENCES = {
    Effect.NOTE: "note",
    Effect.JUDGE: "for the reviewer",
    Effect.FIX: "sent back",
    Effect.ASK_AGAIN: "sent back",
    Effect.STOP: "ends the run",
}


@singledispatch
def event_text(_event: Event) -> str:
    """Return the text of an event, "" for one that deserves no line."""
    return ""


@event_text.register
def _(event: OtherEvent) -> str:
    # Written by another version of loop: nothing but its name is known here.
    return event.name if is_known(event.name) else ""


@event_text.register
def _(event: shown_events.CardMade) -> str:
    return f"made {event.path}"


@event_text.register
def _(event: events.RunStarted) -> str:
    started = f"{event.run_name}: started at {short_id(event.base_sha)} on {event.branch or 'a detached HEAD'}"
    return _with_details(started, event.tree_settings)


@event_text.register
def _(event: events.RunResumed) -> str:
    return _with_details(f"{event.run_name}: resumed in round {event.round}", event.tree_settings)


@event_text.register
def _(event: events.RoundStarted) -> str:
    return f"round {event.round}"


@event_text.register
def _(event: events.DispatchStarted) -> str:
    if event.problems:
        return f"{event.role} retried ({event.backend}): {'; '.join(event.problems)}"
    return f"{event.role} started ({event.backend})"


@event_text.register
def _(event: events.DispatchEnded) -> str:
    how = "finished" if event.document else f"ended without a document ({event.failure or event.how})"
    left = counted(event.swept, "process", "processes")
    swept = f"; {left} it left behind {'was' if event.swept == 1 else 'were'} ended" if event.swept else ""
    return f"{event.role} {how}, {lasted(event.seconds)}{swept}"


@event_text.register
def _(event: events.DispatchRetry) -> str:
    return f"{event.role} failed ({event.failure}): {event.message}; retried in {event.wait_seconds:g} s"


@event_text.register
def _(event: events.BackendSwitched) -> str:
    return f"{event.role} falls back to {event.to}: {event.backend} failed ({event.failure}): {event.message}"


@event_text.register
def _(event: events.Parked) -> str:
    return f"{event.role} ({event.backend}) has no quota left, waiting until {event.until}: {event.message}"


@event_text.register
def _(event: events.DocumentRefused) -> str:
    return f"{event.document} refused: {event.reason}"


@event_text.register
def _(event: shown_events.DocumentProblem) -> str:
    return f"{event.path}: {event.problem}"


@event_text.register
def _(event: events.UnfinishedPinned) -> str:
    return f"unfinished work is kept as {event.ref}"


@event_text.register
def _(event: events.Verified) -> str:
    return _with_details(f"git: {git_facts(event)}", findings(event))


def git_facts(event: events.Verified) -> str:
    """Return what git shows of a change, such as `1 commit, 2 files, head 27f2c93`."""
    return f"{counted(event.commits, 'commit')}, {counted(event.files, 'file')}, head {short_id(event.head_sha)}"


def findings(event: events.Verified) -> list[str]:
    """Return a line for each finding that people should see."""
    return [finding_text(each) for each in event.findings if each.effect is not Effect.NOTE]


def finding_text(finding: Finding) -> str:
    return f"finding: {finding.text} ({_CONSEQUENCES[finding.effect]})"


@event_text.register
def _(event: events.ChecksStarted) -> str:
    base = " (base)" if event.round == 0 else ""
    return f"{counted(len(event.checks), 'check')} at {short_id(event.head_sha)}{base}"


@event_text.register
def _(event: events.ChecksEnded) -> str:
    return "\n".join([*event.results, *not_run(event)])


def not_run(event: events.ChecksEnded) -> list[str]:
    """Return why the checks could not run; nothing when they could."""
    return [f"checks could not run: {event.refused}"] if event.refused else []


@event_text.register
def _(event: events.Decided) -> str:
    return f"round {event.round}: {decision(event)}"


def decision(event: events.Decided) -> str:
    """Return how a round was decided, and below it what blocks an approval."""
    if event.decision is Decision.APPROVE:
        return "approved"
    by_loop = event.judged_by is Judge.LOOP
    issues = (f"{each.severity}: {each.file or '-'}: {each.reason}" for each in event.issues)
    return _with_details("checks failed, back to the worker" if by_loop else "changes required", issues)


@event_text.register
def _(event: events.RunEnded) -> str:
    return f"ended: {event.outcome}{f': {event.error}' if event.error else ''}"


@event_text.register
def _(event: events.Noticed) -> str:
    return "\n".join(f"noticed: {sentence}" for sentence in event.what)


@event_text.register
def _(event: events.LeftBehind) -> str:
    return f"left behind: {event.what}; {event.hint}"


@event_text.register
def _(event: events.Accepted) -> str:
    return f"accepted into {event.into} as {short_id(event.sha)}"


@event_text.register
def _(event: events.Undone) -> str:
    return f"undone: {short_id(event.sha)} is kept as {event.ref}"


@event_text.register
def _(event: shown_events.WaitingForPerson) -> str:
    goal = event.goal.strip().partition("\n")[0][:_GOAL]
    first, *others = event.answers
    return _with_details(
        f"round {event.round}: waiting for you, the {event.role}",
        [
            f"{event.task_id}: {goal}",
            f"on the bus: {', '.join(event.material)}",
            f"answer:     {first}",
            *(f"        or  {answer}" for answer in others),
            f"        or  write {event.path}",
        ],
    )


@event_text.register
def _(event: shown_events.HeartbeatMissed) -> str:
    return f"no heartbeat from the {event.role}: the run ends in {event.ttl:g} s unless one comes"


@event_text.register
def _(event: shown_events.HeartbeatBack) -> str:
    return f"heartbeat from the {event.role} again"


@event_text.register
def _(event: shown_events.AgentSilent) -> str:
    if event.seconds < _WARN_SECONDS:
        return ""
    limit = f"{event.limit} ends it in {clock(event.seconds_left)}" if event.limit else "no limit ends it"
    return f"the {event.role} has printed nothing for {event.seconds / 60:.0f} min; {limit}"


@event_text.register
def _(event: shown_events.AgentOutput) -> str:
    return f"{event.role} | {event.line}"


def _with_details(sentence: str, details: Iterable[str]) -> str:
    return "\n".join([sentence, *(f"  {each}" for each in details)])
