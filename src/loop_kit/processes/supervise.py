"""Run programs to their ends, and the whole tree of each with it.

A program has ended when it exits: whoever else holds its output open is not waited for, but ended. Nothing of a program
runs any more when its supervision ends, so nobody writes late. One thread, woken only by events, ticks and deadlines.
"""

import math
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeAlias

from loop_kit.processes import proc
from loop_kit.processes.child import Child
from loop_kit.processes.job import Ended, HowEnded, Job, Limits, Watch
from loop_kit.processes.lineage import ProcessId, adopting, children
from loop_kit.processes.process_poll import ProcessPoll
from loop_kit.processes.reaped import ReapedChild
from loop_kit.processes.signals import Interruption
from loop_kit.processes.spawn import Command, Process, spawn
from loop_kit.processes.stream import Sink, Stream
from loop_kit.processes.tree import Patience, TreeEnd, end_tree

__all__ = ["Ended", "HowEnded", "Job", "Limits", "Watch", "supervise", "supervise_all"]

_LEFTOVER_GRACE = 0.5  # seconds for what still runs when the program itself has ended
_BLIND_PAUSE = 0.05  # seconds between two looks at a program where no descriptor tells of its end
_ASKED_FOR = (HowEnded.INTERRUPTED, HowEnded.ASKED)  # somebody waits for the end
_Started: TypeAlias = Child | ReapedChild


def supervise(
    program: Command | Process,
    *,
    limits: Limits,
    watch: Watch,
    interruption: Interruption,
    log: Sink | None = None,
    error_log: Sink | None = None,
) -> Ended:
    """Start the program unless it runs already, listen until it ends or has to, end its tree, and return how it went.

    Its tree is every descendant of this process but the trees of the children that it had before. Raises BackendError if
    the program cannot be started, and whatever a callback of `watch` raises.
    """
    job = Job(command=program, limits=limits, watch=watch, log=log, error_log=error_log)
    return supervise_all([job], interruption=interruption)[0]


def supervise_all(jobs: Sequence[Job], *, interruption: Interruption) -> list[Ended]:
    """Run several programs at once, and return how each went, in the order given.

    Each has its own clocks, listeners and tree, and ends for its own reasons while the others go on. Three things end
    them all: an interruption, which each of them then returns as its reason; a program that cannot be started
    (BackendError); and an exception of a callback. Both errors are raised when nothing of any program is left.

    One program alone is a child of this process. Of several, each runs below a reaper, a small process of its own; on a
    system without /proc there is none, and only the process group of each program is ended.
    """
    with adopting(), _started(jobs) as started:
        poll = ProcessPoll(interruption)
        supervisions = [_Supervision(job, child, poll, interruption) for job, child in zip(jobs, started, strict=True)]
        ended = _advance(supervisions, poll, interruption)
    return [ended[each] for each in supervisions]


@contextmanager
def _started(jobs: Sequence[Job]) -> Iterator[list[_Started]]:
    """Start the programs; whatever happens in the `with` block, their trees are ended and their pipes closed after it."""
    own = {ProcessId.of(each.command.pid) for each in jobs if not isinstance(each.command, Command)}
    before = frozenset(children()) - own
    started: list[_Started] = []
    reaped: list[ReapedChild] = []
    try:
        for job in jobs:
            if proc.LINUX and len(jobs) > 1 and isinstance(job.command, Command):
                reaped.append(ReapedChild(job.command, before, reaped))
                started.append(reaped[-1])
            else:
                command = job.command
                started.append(Child(spawn(command) if isinstance(command, Command) else command, before))
        yield started
    finally:
        grace = max((job.limits.urgent_grace for job in jobs), default=0.0)
        end_tree([each.process for each in started], Patience(grace=grace), before=before)
        for each in started:
            each.close()


def _advance(
    supervisions: Sequence["_Supervision"], poll: ProcessPoll, interruption: Interruption
) -> dict["_Supervision", Ended]:
    """Let each supervision take its next step when it is due or has news, until all have ended."""
    ended: dict[_Supervision, Ended] = {}
    steps = {each: each.steps() for each in supervisions}
    due = dict.fromkeys(supervisions, 0.0)
    news: set[int] = set()
    while due:
        now = time.monotonic()
        interrupted = interruption.fileno() in news
        for each in [each for each, at in due.items() if interrupted or at <= now or not news.isdisjoint(each.fds)]:
            try:
                due[each] = next(steps[each])
            except StopIteration as end:
                ended[each] = end.value
                del due[each]
        if due:
            news = poll.wait(min(due.values()) - time.monotonic())
    return ended


class _Supervision:
    """One program from its start to the end of its tree."""

    def __init__(self, job: Job, child: _Started, poll: ProcessPoll, interruption: Interruption) -> None:
        self.limits, self.watch = job.limits, job.watch
        self.child = child
        self.poll = poll
        self.interruption = interruption
        self.started_at = self.heard_at = time.monotonic()
        out, err = child.outputs
        self.out = Stream(out, self.watch.on_line, job.log, self.watch.cleaning, self.watch.on_pause)
        self.err = Stream(err, self.watch.on_error_line, job.error_log, self.watch.cleaning)
        self.fds = [out, err]
        for stream in (self.out, self.err):
            poll.listen(stream.fd, partial(self._listen, stream))
        if child.fd is not None:
            self.fds.append(child.fd)
            poll.listen(child.fd, child.hear)

    def steps(self) -> Generator[float, None, Ended]:
        """Supervise; yield until when, as a time of `time.monotonic`, nothing has to be done unless there is news."""
        how = yield from self._attend()
        ending = yield from self._end(how)
        seconds = time.monotonic() - self.started_at
        for fd in self.fds:
            self.poll.forget(fd)
        self.out.read_rest()
        self.err.read_rest()
        return Ended(
            how=how,
            exit_code=self.child.exit_code(),
            seconds=seconds,
            out_tail=self.out.tail,
            err_tail=self.err.tail,
            out_bytes=self.out.total,
            err_bytes=self.err.total,
            cut_lines=self.out.cut_lines + self.err.cut_lines,
            swept=len(ending.told - self.child.own_pids),
            left=tuple(process.pid for process in ending.left),
        )

    def _listen(self, stream: Stream) -> bool:
        stream.read()
        self.heard_at = time.monotonic()  # after the listener had its time: its slowness is not the program's silence
        return not stream.ended

    def _attend(self) -> Generator[float, None, HowEnded]:
        """Listen until there is a reason to end."""
        wall_end = time.monotonic() + (self.limits.wall or math.inf)
        silence = self.limits.idle or math.inf
        tick_at = time.monotonic() + self.watch.tick_every
        announce = self.watch.on_start
        while self.child.running():
            if announce is not None and self.child.pid is not None:
                announce(self.child.pid)
                announce = None
            if self.interruption.requested is not None:
                return HowEnded.INTERRUPTED
            now = time.monotonic()
            if now >= wall_end:
                return HowEnded.WALL_TIMEOUT
            if now >= self.heard_at + silence:
                return HowEnded.IDLE_TIMEOUT
            if now >= tick_at:
                self.child.tidy()
                if self.watch.tick is not None and self.watch.tick():
                    return HowEnded.ASKED
                tick_at = time.monotonic() + self.watch.tick_every
            yield self._news_or(min(wall_end, self.heard_at + silence, tick_at))
        return HowEnded.EXITED

    def _end(self, how: HowEnded) -> Generator[float, None, TreeEnd]:
        """End the tree, still listening to its last words; a further signal to this process ends the patience."""
        signals_before = self.interruption.count

        def hurry() -> bool:
            return self.interruption.count > signals_before

        grace = self.limits.urgent_grace if how in _ASKED_FOR else self.limits.grace
        if how is HowEnded.EXITED:
            grace = _LEFTOVER_GRACE
        elif self.limits.gentle:
            self.child.ask()
            until = time.monotonic() + grace
            while self.child.running() and time.monotonic() < until and not hurry():
                yield self._news_or(until)
            grace = _LEFTOVER_GRACE
        return (yield from self.child.ending(Patience(grace=grace, hurry=hurry)))

    def _news_or(self, at: float) -> float:
        """Return when to look again: at once after news, if the system tells of it, and `at` that time at the latest."""
        return at if self.child.fd is not None else min(at, time.monotonic() + _BLIND_PAUSE)
