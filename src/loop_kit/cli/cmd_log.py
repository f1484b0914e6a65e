"""`loop log`: the event log, for people or programs."""

import json
import sys
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import click

from loop_kit.bus.feed import Feed
from loop_kit.cli.console import print_
from loop_kit.cli.invocation import Invocation
from loop_kit.cli.main import bus_option
from loop_kit.cli.printing import local_time
from loop_kit.cli.targets import buses_with
from loop_kit.errors import EXIT_CODES, Outcome
from loop_kit.model.events import RunResumed, RunStarted
from loop_kit.model.feed_event import FeedEvent
from loop_kit.model.figures import counted
from loop_kit.processes.signals import listening
from loop_kit.values import dataclass, field
from loop_kit.values.reading import write
from loop_kit.views.event_text import event_text

_LOOK_SECONDS = 0.2


@dataclass(slots=True, kw_only=True)
class Filter:
    """Which events of one log are wanted, and the number of the last one that was read.

    Only the first event of a run names its task, so `runs` collects the ids of the wanted runs.
    """

    task: str | None
    events: tuple[str, ...]
    since: int
    last: int = 0
    runs: set[str] = field(default_factory=set)

    def passes(self, event: FeedEvent) -> bool:
        """Whether an event is wanted; to be called with every event of the log, in order."""
        self.last = event.seq
        match event.event:
            case RunStarted(run_name=run_name, task_id=task_id) | RunResumed(run_name=run_name, task_id=task_id):
                self.runs.update([event.run_id] if self.task in (run_name, task_id) else [])
        meant = self.task is None or event.run_id in self.runs
        return meant and event.seq > self.since and (not self.events or event.name in self.events)


Logs = Sequence[tuple[Feed, Filter]]


@click.command("log")
@click.option("--task", metavar="ID", help="Only this task's runs, or with T-001@2 only that run.")
@click.option("--event", "events", multiple=True, metavar="NAME", help="Only events of this name; may be repeated.")
@click.option("--since", type=click.IntRange(min=0), default=0, metavar="SEQ", help="Only events after this number.")
@click.option("-n", "count", type=click.IntRange(min=0), metavar="COUNT", help="Only the last COUNT.")
@click.option("--follow", "-f", is_flag=True, help="Print new events as they come, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line, as in the event log.")
@bus_option
@click.pass_obj
def command(invocation: Invocation, /, count: int | None, follow: bool, as_json: bool, **flags: Any) -> int:
    """Print what happened, oldest first: the event log, logs/feed.jsonl.

    Each bus has a log of its own. With --task it is that of the task's bus, after what the default one has of the task.
    """
    logs = [(Feed(bus.feed_path), Filter(**flags)) for bus in buses_with(invocation, flags["task"] or "")]
    found: Iterable[FeedEvent] = chain.from_iterable(filter(wanted.passes, feed.read()) for feed, wanted in logs)
    found = found if count is None else deque(found, maxlen=count)
    if follow:
        return _follow(logs, found, as_json=as_json)
    _print(found, as_json=as_json)
    _print_broken(logs)
    return 0


def _follow(logs: Logs, begun: Iterable[FeedEvent], *, as_json: bool) -> int:
    with listening() as interruption:
        heard = _print(begun, as_json=as_json)
        _print_broken(logs)
        while heard and not interruption.sleep(_LOOK_SECONDS):
            new = (filter(wanted.passes, feed.read(after_seq=wanted.last)) for feed, wanted in logs)
            heard = _print(chain.from_iterable(new), as_json=as_json)
    ended_by_person = interruption.requested is None or interruption.requested.name == "SIGINT"
    return 0 if ended_by_person else EXIT_CODES[Outcome.TERMINATED]


def _print(events: Iterable[FeedEvent], *, as_json: bool) -> bool:
    """Print events and return whether anybody still reads them."""
    return all(print_(json.dumps(write(event)) if as_json else _line(event)) for event in events)


def _line(event: FeedEvent) -> str:
    head = f"{event.seq:>5}  {local_time(event.at)}  "
    text = event_text(event.event) or f"{event.name} {json.dumps(event.data)}"
    return head + text.replace("\n", "\n" + " " * len(head))


def _print_broken(logs: Logs) -> None:
    for feed, _ in logs:
        if feed.broken:
            sys.stdout.flush()
            print_(f"left out {counted(feed.broken, 'unreadable line')} of {feed.path}", err=True)
