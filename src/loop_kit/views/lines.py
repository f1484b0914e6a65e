"""What an event says in words: the one place where each kind has its sentence.

Below the first line stand details, each on a line of its own. What is not worth a line has none.
"""

from collections.abc import Iterable
from functools import singledispatch

from loop_kit.model import events, shown_events
from loop_kit.model.change import Effect
from loop_kit.model.decision import Decision
from loop_kit.model.events import Event, OtherEvent
from loop_kit.model.feed_event import is_known
from loop_kit.model.state import Judge

_GOAL = 200


@singledispatch
def line(_event: Event) -> str:
    """Return the line for an event, "" for what is not worth one."""
    return ""


@line.register
def _(event: OtherEvent) -> str:
    return (
        event.name if is_known(event.name) else ""
    )  # another version of loop wrote it: its name is all that can be said


@line.register
def _(event: shown_events.CardMade) -> str:
    return f"made {event.path}"


@line.register
def _(event: events.RunStarted) -> str:
    begun = f"{event.run_name}: started at {event.base_sha[:12]} on {event.branch or 'a detached HEAD'}"
    return _with_details(begun, event.tree_settings)


@line.register
def _(event: events.RunResumed) -> str:
    return _with_details(f"{event.run_name}: going on in round {event.round}", event.tree_settings)


@line.register
def _(event: events.RoundStarted) -> str:
    return f"round {event.round}"


@line.register
def _(event: events.DispatchStarted) -> str:
    again = f" once more: {'; '.join(event.problems)}" if event.problems else ""
    return f"the {event.role} ({event.backend}) is asked{again}"


@line.register
def _(event: events.DispatchEnded) -> str:
    how = "handed in its document" if event.document else f"ended without a document ({event.failure or event.how})"
    swept = f"; {event.swept} processes it left behind were ended" if event.swept else ""
    return f"the {event.role} {how} after {event.seconds:.1f} s{swept}"


@line.register
def _(event: events.DispatchRetry) -> str:
    return f"the {event.role} failed ({event.failure}): {event.message}; next try in {event.wait_seconds:g} s"


@line.register
def _(event: events.BackendSwitched) -> str:
    why = f"{event.backend} failed ({event.failure}): {event.message}"
    return f"the {event.role} is {event.to} from now on: {why}"


@line.register
def _(event: events.Parked) -> str:
    return f"the {event.role} ({event.backend}) has no quota left: waiting until {event.until}: {event.message}"


@line.register
def _(event: events.DocumentRefused) -> str:
    return f"{event.document} was refused: {event.reason}"


@line.register
def _(event: shown_events.DocumentProblem) -> str:
    return f"{event.path}: {event.problem}"


@line.register
def _(event: events.UnfinishedPinned) -> str:
    return f"unfinished work is kept as {event.ref}"


@line.register
def _(event: events.Verified) -> str:
    seen = f"git shows {event.commits} commit(s), {event.files} file(s) changed, head {event.head_sha[:12]}"
    return _with_details(seen, findings(event))


def findings(event: events.Verified) -> list[str]:
    """Return a line for each finding that people should see."""
    return [f"found ({each.effect}): {each.text}" for each in event.findings if each.effect is not Effect.NOTE]


@line.register
def _(event: events.ChecksStarted) -> str:
    where = ", where the run begins" if event.round == 0 else ""
    return f"{len(event.checks)} check(s) at {event.head_sha[:12]}{where}"


@line.register
def _(event: events.ChecksEnded) -> str:
    refused = [f"no evidence: {event.refused}"] if event.refused else []
    return _with_details("", (*event.results, *refused)).strip()


@line.register
def _(event: events.Decided) -> str:
    return f"round {event.round}: {decision(event)}"


def decision(event: events.Decided) -> str:
    """Return how a round was judged, and below it what stands in the way."""
    if event.decision is Decision.APPROVE:
        return "approved"
    by = " by loop itself, no reviewer was asked" if event.judged_by is Judge.LOOP else ""
    issues = (f"{each.severity}: {each.file or '-'}: {each.reason}" for each in event.issues)
    return _with_details(f"changes required{by}", issues)


@line.register
def _(event: events.RunEnded) -> str:
    return f"ended: {event.outcome}{f': {event.error}' if event.error else ''}"


@line.register
def _(event: events.Noticed) -> str:
    return "\n".join(f"noticed: {sentence}" for sentence in event.what)


@line.register
def _(event: events.LeftBehind) -> str:
    return f"left behind: {event.what}; {event.hint}"


@line.register
def _(event: events.Accepted) -> str:
    return f"accepted into {event.into} as {event.sha[:12]}"


@line.register
def _(event: events.Undone) -> str:
    return f"undone: {event.sha[:12]} is kept as {event.ref}"


@line.register
def _(event: shown_events.WaitingForPerson) -> str:
    goal = event.goal.strip().partition("\n")[0][:_GOAL]
    first, *others = event.answers
    return _with_details(
        f"round {event.round}: waiting for the {event.role}, a person",
        [
            f"{event.task_id}: {goal}",
            f"on the bus: {', '.join(event.material)}",
            f"answer:     {first}",
            *(f"        or  {answer}" for answer in others),
            f"        or  write {event.path}",
        ],
    )


@line.register
def _(event: shown_events.HeartbeatMissed) -> str:
    return f"no heartbeat of the {event.role}: the run ends in {event.ttl:g} s if none comes"


@line.register
def _(event: shown_events.HeartbeatBack) -> str:
    return f"the {event.role}'s heart beats again"


@line.register
def _(event: shown_events.AgentOutput) -> str:
    return f"{event.role} | {event.line}"


def _with_details(sentence: str, details: Iterable[str]) -> str:
    return "\n".join([sentence, *(f"  {each}" for each in details)])
