"""`loop status`: one screen, from the bus alone."""

import json
import shutil
import sys
import textwrap
from collections.abc import Iterator
from datetime import datetime

import click

from loop_kit.bus.bus import Bus
from loop_kit.cli.console import printable, put, tell
from loop_kit.cli.looking import bus_to_look_at, cut, local_time, now, put_json, say
from loop_kit.cli.main import Edge, bus_option
from loop_kit.errors import EXIT_CODES, Outcome
from loop_kit.model.state import Phase, RunState
from loop_kit.monitoring.ages import ago, told
from loop_kit.monitoring.status import Status, Working, read_status
from loop_kit.processes.signals import listening

_ROUNDS_SHOWN = 4
# Lines that one entry may fill on a terminal. All entries together fill 23 at most.
_MOST_LINES = {"reason": 4, "next": 3}
_EVERY_SECONDS = 2.0
_SHORTEST_SECONDS = 0.1
_LABEL = 10
_PHASES = {
    Phase.IDLE: "about to begin",
    Phase.AWAITING_WORK: "awaiting the work",
    Phase.AWAITING_REVIEW: "awaiting the review",
    Phase.DONE: "done",
}


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="The same as one JSON object.")
@click.option(
    "--watch",
    "every",
    is_flag=False,
    flag_value=_EVERY_SECONDS,
    type=click.FloatRange(min=_SHORTEST_SECONDS),
    metavar="[SECONDS]",
    help=f"Look again every so many seconds until Ctrl-C. [without a number: {_EVERY_SECONDS:g}]",
)
@bus_option
@click.pass_obj
def command(edge: Edge, as_json: bool, every: float | None) -> int:
    """Say where the run stands, since when, who works, what happened last and what to do next."""
    bus = bus_to_look_at(edge)
    if every is not None:
        return _watch(bus, every, as_json=as_json)
    at = now()
    status = read_status(bus, at)
    if as_json:
        put_json(status.to_document())
    else:
        put("\n".join(_screen(status, at) if sys.stdout.isatty() else _lines(status, at)))
    return 0


def _watch(bus: Bus, every: float, *, as_json: bool) -> int:
    """Show the status again and again; on a terminal over itself, with the cursor always on the line below."""
    over_itself = sys.stdout.isatty() and not as_json
    with listening() as interruption:
        drawn, heard = 0, True
        while heard and interruption.requested is None:
            at = now()
            status = read_status(bus, at)
            if over_itself:
                drawn = _redraw(_screen(status, at), drawn)
            else:
                heard = say(json.dumps(status.to_document()) if as_json else "\n".join([*_lines(status, at), ""]))
            interruption.sleep(every)
    ended_by_person = interruption.requested is None or interruption.requested.name == "SIGINT"
    return 0 if ended_by_person else EXIT_CODES[Outcome.TERMINATED]


def _redraw(lines: list[str], drawn: int) -> int:
    """Write the screen over the one before, which filled `drawn` lines; return how many it fills now."""
    lines = lines[: shutil.get_terminal_size().lines - 1]
    back = f"\x1b[{drawn}A\r" if drawn else ""
    sys.stdout.write(f"{back}\x1b[J" + "".join(f"{line}\n" for line in lines))
    sys.stdout.flush()
    return len(lines)


def _lines(status: Status, at: datetime) -> list[str]:
    """Return the entries whole, one a line: for whoever searches in them."""
    return [f"{label:{_LABEL}}{' '.join(text.split())}" for label, text in _entries(status, at)]


def _screen(status: Status, at: datetime) -> list[str]:
    """Return the entries such that they fit a terminal of 24 lines, printable as they are."""
    width = shutil.get_terminal_size().columns
    lines = []
    for label, text in _entries(status, at):
        flat, most = printable(" ".join(text.split())), _MOST_LINES.get(label, 1)
        room = max(width - _LABEL, 20)
        parts = textwrap.wrap(flat, room, max_lines=most, placeholder=" …") if most > 1 else [flat]
        heads = [label, *("" for _ in parts[1:])]
        lines += [cut(f"{head:{_LABEL}}{part}", width) for head, part in zip(heads, parts or [""], strict=False)]
    return lines


def _entries(status: Status, at: datetime) -> Iterator[tuple[str, str]]:
    if status.state is None:
        yield "state", "no run on this bus yet"
    else:
        yield from _state_entries(status.state, status.goal, at)
    if status.running_pid is not None:
        yield "running", f"pid {status.running_pid}{_doing(status)}"
    last = [(event.at, tell(event.event, event.data)) for event in status.events]
    yield from (("", f"{_short_time(when, at)}  {text.splitlines()[0]}") for when, text in last if text)
    yield "next", status.next_step


def _state_entries(state: RunState, goal: str, at: datetime) -> Iterator[tuple[str, str]]:
    yield "task", f"{state.place or state.task_id}{'  ' if goal else ''}{goal}"
    ended = f", ended: {state.outcome}" if state.outcome else ""
    yield "state", f"{_PHASES[state.phase]} in round {state.round}{ended}"
    yield "since", f"{_when(state.updated_at, at)}; started {_when(state.started_at, at)}"
    yield "commits", f"{state.base_sha[:12]}..{state.head_sha[:12]} on {state.branch or 'a detached HEAD'}"
    for row in state.round_details[-_ROUNDS_SHOWN:]:
        decided = "approved" if row.decision == "approve" else f"changes required, {row.blocking} open"
        yield f"round {row.round}", f"{decided} (by {'loop itself' if row.judged_by == 'loop' else 'the reviewer'})"
    if state.error:
        yield "reason", state.error


def _doing(status: Status) -> str:
    if status.working is not None:
        return f", {_at_work(status.working)}"
    return f", waiting for the {status.person}, a person" if status.person else ""


def _at_work(working: Working) -> str:
    program = f", pid {working.pid}" if working.pid is not None else ""
    since = f" for {told(working.seconds)}" if working.seconds is not None else ""
    return f"the {working.role} ({working.backend}{program}) is at work{since}"


def _when(when: str, at: datetime) -> str:
    passed = ago(when, at)
    return f"{_short_time(when, at)} ({passed})" if passed else when


def _short_time(when: str, at: datetime) -> str:
    """Return the time of day, with the date when that was another day."""
    whole = local_time(when)
    return whole[-8:] if whole[:10] == local_time(at.isoformat())[:10] else whole
