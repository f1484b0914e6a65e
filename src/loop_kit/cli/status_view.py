"""`loop status` without the command line's parser: one screen, read from the bus alone."""

import sys
import textwrap
from collections.abc import Iterator
from datetime import datetime

from loop_kit.cli.console import print_, printable
from loop_kit.cli.invocation import Invocation
from loop_kit.cli.printing import cut, local_time, now, print_json
from loop_kit.cli.targets import bus_of_run
from loop_kit.model.figures import short_id
from loop_kit.model.state import Phase, RunState
from loop_kit.values.reading import write
from loop_kit.views.ages import ago, duration
from loop_kit.views.event_text import event_text
from loop_kit.views.run_status import OtherRun, RunStatus, Working, read_status

_ROUNDS_SHOWN = 4
_OTHERS_SHOWN = 12
# Lines that an entry may fill on a terminal. All entries together fill at most 23.
_MOST_LINES = {"reason": 4, "next": 3}
_LABEL = 10
_PHASES = {
    Phase.IDLE: "starting",
    Phase.AWAITING_WORK: "awaiting work",
    Phase.AWAITING_REVIEW: "awaiting review",
    Phase.DONE: "done",
}


def print_status(invocation: Invocation, task: str = "") -> int:
    at = now()
    status = read_status(bus_of_run(invocation, task), at)
    print_("\n".join(screen_of(status, at) if sys.stdout.isatty() else lines_of(status, at)))
    return 0


def print_status_json(invocation: Invocation, task: str = "") -> int:
    print_json(write(read_status(bus_of_run(invocation, task), now())))
    return 0


def lines_of(status: RunStatus, at: datetime) -> list[str]:
    """Return the entries in full, one per line, for pipes and searches."""
    entries = _entries(status, at, most=len(status.others))
    return [f"{label:{_LABEL}}{' '.join(text.split())}" for label, text in entries]


def screen_of(status: RunStatus, at: datetime) -> list[str]:
    """Return the entries as printable lines that fit a terminal of 24 lines."""
    import shutil  # noqa: PLC0415  (2 ms, and only a terminal has a size)

    width = shutil.get_terminal_size().columns
    lines = []
    for label, text in _entries(status, at, most=_OTHERS_SHOWN):
        flat, most = printable(" ".join(text.split())), _MOST_LINES.get(label, 1)
        room = max(width - _LABEL, 20)
        parts = textwrap.wrap(flat, room, max_lines=most, placeholder=" …") if most > 1 else [flat]
        heads = [label, *("" for _ in parts[1:])]
        lines += [cut(f"{head:{_LABEL}}{part}", width) for head, part in zip(heads, parts or [""], strict=False)]
    return lines


def _entries(status: RunStatus, at: datetime, *, most: int) -> Iterator[tuple[str, str]]:
    """Yield the entries as (label, text); of other runs, when each has a line of its own, `most`."""
    if status.state is None:
        yield "state", f"no run on this bus{', but on others' if status.others else ' yet'}"
        yield from (("run", _other(each, at)) for each in status.others[:most])
        if len(status.others) > most:
            yield "", f"… and {len(status.others) - most} more; loop list"
    else:
        yield from _state_entries(status.state, status.goal, at)
    if status.running_pid is not None:
        yield "running", f"pid {status.running_pid}{_doing(status)}"
    last = [(event.at, event_text(event.event)) for event in status.events]
    yield from (("", f"{_short_time(when, at)}  {text.splitlines()[0]}") for when, text in last if text)
    if status.state is not None and status.others:
        yield "others", "; ".join(f"{each.run_name}: {_stand(each)}" for each in status.others)
    yield "next", status.next_step


def _other(run: OtherRun, at: datetime) -> str:
    since = "" if run.problem else f"; {_when(run.updated_at, at)}"
    return f"{run.run_name}: {_stand(run)}{since}"


def _stand(run: OtherRun) -> str:
    if run.problem:
        return run.problem
    if run.running_pid is not None:
        return f"runs (pid {run.running_pid}), {_PHASES[run.phase]} in round {run.round}"
    return str(run.outcome or f"{_PHASES[run.phase]} in round {run.round}")


def _state_entries(state: RunState, goal: str, at: datetime) -> Iterator[tuple[str, str]]:
    yield "task", f"{state.run_name or state.task_id}{'  ' if goal else ''}{goal}"
    ended = f", ended: {state.outcome}" if state.outcome else ""
    yield "state", f"{_PHASES[state.phase]} in round {state.round}{ended}"
    yield "since", f"{_when(state.updated_at, at)}; started {_when(state.started_at, at)}"
    yield "commits", f"{short_id(state.base_sha)}..{short_id(state.head_sha)} on {state.branch or 'a detached HEAD'}"
    for row in state.round_details[-_ROUNDS_SHOWN:]:
        decided = "approved" if row.decision == "approve" else f"changes required, {row.blocking} open"
        yield f"round {row.round}", f"{decided} ({'checks failed' if row.judged_by == 'loop' else 'by the reviewer'})"
    if state.error:
        yield "reason", state.error


def _doing(status: RunStatus) -> str:
    if status.working is not None:
        return f", {_at_work(status.working)}"
    return f", waiting for you, the {status.person}" if status.person else ""


def _at_work(working: Working) -> str:
    program = f", pid {working.pid}" if working.pid is not None else ""
    since = f" for {duration(working.seconds)}" if working.seconds is not None else ""
    return f"{working.role} ({working.backend}{program}) works{since}"


def _when(when: str, at: datetime) -> str:
    passed = ago(when, at)
    return f"{_short_time(when, at)} ({passed})" if passed else when


def _short_time(when: str, at: datetime) -> str:
    """Return the time of day, with the date when it is not today."""
    whole = local_time(when)
    return whole[-8:] if whole[:10] == local_time(at.isoformat())[:10] else whole
