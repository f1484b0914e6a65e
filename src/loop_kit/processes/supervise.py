"""Run one program to its end, and its whole tree with it.

The program's end is the end: whoever else holds its output open is not waited for, but ended. Nothing of it runs any
more when `supervise` returns or raises, so nobody writes late. One thread, woken only by events, tick and deadlines.
"""

import math
import signal
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from enum import StrEnum
from subprocess import Popen
from typing import IO, cast

from loop_kit.processes.attendance import Attendance
from loop_kit.processes.lineage import ProcessId, adopting, descendants
from loop_kit.processes.signals import Interruption
from loop_kit.processes.spawn import Command, spawn
from loop_kit.processes.stream import Cleaning, Sink, Stream, ignore_line, ignore_pause
from loop_kit.processes.tree import Brood, Ending, Patience, end_tree
from loop_kit.values import dataclass

_LEFTOVER_GRACE = 0.5  # seconds for what still runs when the program itself has ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a program may take, and how long to end, in seconds; 0 is no limit for `wall` and `idle`."""

    wall: float = 0.0
    idle: float = 0.0  # without a byte on stdout or stderr
    grace: float = 5.0  # from SIGTERM to SIGKILL
    urgent_grace: float = 1.0  # the same when this process itself was told to end, or the tick asked for it
    gentle: bool = False  # ask only the program at first: it ends its own tree and saves its work


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Who is told what while the program runs. A process that one of these leaves behind is swept."""

    on_line: Callable[[str], None] = ignore_line
    on_error_line: Callable[[str], None] = ignore_line
    on_pause: Callable[[], None] = ignore_pause  # when all lines that came at once were told
    on_start: Callable[[int], None] | None = None  # with the program's pid
    tick: Callable[[], bool] | None = None  # True asks to end the program
    tick_every: float = 1.0
    cleaning: Cleaning | None = None  # what is printed goes through it before a log, a listener or a tail gets it


class HowEnded(StrEnum):
    """Why the supervising ended."""

    EXITED = "exited"
    WALL_TIMEOUT = "wall_timeout"
    IDLE_TIMEOUT = "idle_timeout"
    INTERRUPTED = "interrupted"
    ASKED = "asked"  # the tick wanted it


_ASKED_FOR = (HowEnded.INTERRUPTED, HowEnded.ASKED)  # somebody waits for the end


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How it went. The tails are what it printed last, 64 KiB each."""

    how: HowEnded
    exit_code: int | None  # negative for a signal; None if not even SIGKILL ended it
    seconds: float
    out_tail: str
    err_tail: str
    out_bytes: int
    err_bytes: int
    cut_lines: int  # too long to be handed to a listener
    swept: int  # other processes of its tree that had to be told to end
    left: tuple[int, ...]  # pids that could not be ended: waiting inside the kernel, or another user's


def supervise(
    program: Command | Popen[bytes],
    *,
    limits: Limits,
    watch: Watch,
    interruption: Interruption,
    log: Sink | None = None,
    error_log: Sink | None = None,
) -> Ended:
    """Start the program unless it runs already, listen until it ends or has to, end its tree and tell how it went.

    Raises BackendError if it cannot be started, and whatever a callback of `watch` raises.
    """
    started_at = time.monotonic()
    with adopting(), _started(program, limits) as tree:
        out = Stream(tree.out.fileno(), watch.on_line, log, watch.cleaning, watch.on_pause)
        err = Stream(tree.err.fileno(), watch.on_error_line, error_log, watch.cleaning)
        with closing(Attendance(tree.process, (out, err), interruption)) as attendance:
            if watch.on_start is not None:
                watch.on_start(tree.process.pid)
            how = _attend(tree, attendance, limits, watch)
            ending = _end(tree, attendance, limits, how)
        out.read_rest()
        err.read_rest()
    return Ended(
        how=how,
        exit_code=tree.process.poll(),
        seconds=time.monotonic() - started_at,
        out_tail=out.tail,
        err_tail=err.tail,
        out_bytes=out.total,
        err_bytes=err.total,
        cut_lines=out.cut_lines + err.cut_lines,
        swept=len(ending.told - {tree.process.pid}),
        left=tuple(process.pid for process in ending.left),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tree:
    """A program and all that comes of it: every descendant of ours but the trees of those `before` it."""

    process: Popen[bytes]
    out: IO[bytes]
    err: IO[bytes]
    before: Collection[ProcessId]

    def end(self, patience: Patience) -> Ending:
        return end_tree(self.process, patience, excluding=self.before)

    def bury(self) -> None:
        """Let the dead among the orphans that we inherited vanish; a long run might have thousands of them."""
        Brood(self.process, self.before).reap()


@contextmanager
def _started(program: Command | Popen[bytes], limits: Limits) -> Iterator[_Tree]:
    """Have a program started; whatever happens inside, its tree is ended and its pipes are closed afterwards."""
    own = None if isinstance(program, Command) else ProcessId.of(program.pid)
    before = frozenset(descendants(excluding=() if own is None else (own,)))
    process = spawn(program) if isinstance(program, Command) else program
    with cast("IO[bytes]", process.stdout) as out, cast("IO[bytes]", process.stderr) as err:  # spawn made both
        tree = _Tree(process=process, out=out, err=err, before=before)
        try:
            yield tree
        finally:
            tree.end(Patience(grace=limits.urgent_grace))


def _attend(tree: _Tree, attendance: Attendance, limits: Limits, watch: Watch) -> HowEnded:
    """Listen until there is a reason to end."""
    wall_end = time.monotonic() + (limits.wall or math.inf)
    silence = limits.idle or math.inf
    tick_at = time.monotonic() + watch.tick_every
    while attendance.running():
        if attendance.interruption.requested is not None:
            return HowEnded.INTERRUPTED
        now = time.monotonic()
        if now >= wall_end:
            return HowEnded.WALL_TIMEOUT
        if now >= attendance.heard_at + silence:
            return HowEnded.IDLE_TIMEOUT
        if now >= tick_at:
            tree.bury()
            if watch.tick is not None and watch.tick():
                return HowEnded.ASKED
            tick_at = time.monotonic() + watch.tick_every
        attendance.pump(min(wall_end, attendance.heard_at + silence, tick_at) - time.monotonic())
    return HowEnded.EXITED


def _end(tree: _Tree, attendance: Attendance, limits: Limits, how: HowEnded) -> Ending:
    """End the tree, still listening to its last words; a further signal to us ends the patience."""
    signals_before = attendance.interruption.count

    def hurry() -> bool:
        return attendance.interruption.count > signals_before

    grace = limits.urgent_grace if how in _ASKED_FOR else limits.grace
    if how is HowEnded.EXITED:
        grace = _LEFTOVER_GRACE
    elif limits.gentle:
        tree.process.send_signal(signal.SIGTERM)
        tree.process.send_signal(signal.SIGCONT)  # it might be stopped, and hear nothing
        until = time.monotonic() + grace
        while attendance.running() and (left := until - time.monotonic()) > 0 and not hurry():
            attendance.pump(left)
        grace = _LEFTOVER_GRACE
    return tree.end(Patience(grace=grace, pause=attendance.pump, hurry=hurry))
