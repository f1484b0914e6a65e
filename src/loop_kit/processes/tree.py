"""End a program together with everything it started.

Ask every process to end (SIGTERM), wait, then kill, and look again until a look finds nobody: a process that was forked
in between is found by the next look. Finding nobody is a proof only in a subreaper (`lineage.adopting`), which no
descendant can leave. Without /proc, the program's process group is ended.
"""

import math
import os
import signal
import time
from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import suppress
from typing import TypeAlias

from loop_kit.processes import proc
from loop_kit.processes.lineage import ProcessId, ancestors, carrying, descendants
from loop_kit.processes.spawn import Process
from loop_kit.values import dataclass

RUN_VARIABLE = "LOOP_RUN_ID"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.002, 0.05  # seconds between two looks
_TURNS = 100  # how often to look for new children without a pause while killing
_GIVE_UP = 5.0  # seconds from the first SIGKILL: what still exists then waits inside the kernel or is another user's


@dataclass(frozen=True, slots=True)
class TreeEnd:
    """The pids that were told to end, and the processes that could not be ended at all."""

    told: frozenset[int] = frozenset()
    left: tuple[ProcessId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds from SIGTERM to SIGKILL; the wait is cut short when `hurry` returns True."""

    grace: float
    hurry: Callable[[], bool] = lambda: False


# Ends a tree step by step: yields when to go on at the latest, as a time of `time.monotonic`, and returns how it went.
Steps: TypeAlias = Generator[float, None, TreeEnd]


def end_tree(roots: Sequence[Process], patience: Patience, *, before: Collection[ProcessId] = ()) -> TreeEnd:
    """End all descendants of this process but the trees of its children in `before`, and collect their exit codes.

    The exit code of a process in `roots` is kept for its owner; that of any other child is lost. Sleeps meanwhile.
    """
    if proc.LINUX:
        return finish(Children(roots, before).ending(patience))
    for root in roots:
        finish(group_ending(root, patience))
    return TreeEnd()


def sweep_run(run_id: str, grace: float = 1.0) -> int:
    """End what an earlier start of this run left behind, known by `LOOP_RUN_ID`; return how many that were.

    Only for the holder of the run's locks: it would end a living run as well.
    """
    known: dict[ProcessId, None] = {}

    def look() -> list[ProcessId]:
        for process in carrying(RUN_VARIABLE, run_id):
            known.update(dict.fromkeys([process, *descendants(process.pid)]))
        return [process for process in known if process.pid not in spared and process.alive()]

    spared = frozenset(ancestors())
    return len(finish(ending(look, kill_each, Patience(grace=grace))).told)


def finish(steps: Steps) -> TreeEnd:
    """Take all steps, and sleep in between."""
    while True:
        try:
            until = next(steps)
        except StopIteration as done:
            ended: TreeEnd = done.value
            return ended
        time.sleep(max(0.0, until - time.monotonic()))


def ending(
    look: Callable[[], list[ProcessId]], kill: Callable[[list[ProcessId]], set[int]], patience: Patience
) -> Steps:
    """End the processes that `look` finds, until it finds none; `kill` returns the pids that it could signal."""
    asked: set[ProcessId] = set()
    killed: set[int] = set()
    kill_at = time.monotonic() + patience.grace
    give_up_at = math.inf
    pause = _FIRST_PAUSE
    while left := look():
        now = time.monotonic()
        if now >= give_up_at:
            break
        if now < kill_at and not patience.hurry():
            asked |= _ask(left, asked)
            pause = min(2 * pause, _LONGEST_PAUSE)
        else:
            kill_at = min(kill_at, now)
            give_up_at = min(give_up_at, now + _GIVE_UP)  # not from `kill_at`: this process may have been stopped since
            killed |= kill(left)
            pause = _FIRST_PAUSE
        yield time.monotonic() + pause
    return TreeEnd(frozenset(killed.union(process.pid for process in asked)), tuple(left))


def _ask(processes: list[ProcessId], asked: Collection[ProcessId]) -> set[ProcessId]:
    return {process for process in processes if process not in asked and terminate(process)}


def terminate(process: ProcessId) -> bool:
    """Send SIGTERM, and wake the process if it is stopped: it would not hear the signal before."""
    delivered = process.signal(signal.SIGTERM)
    if process.stopped():
        process.signal(signal.SIGCONT)
    return delivered


def kill_each(processes: list[ProcessId]) -> set[int]:
    return {process.pid for process in processes if process.signal(signal.SIGKILL)}


class Children:
    """The children of this process but those in `before`, and all below them.

    Nobody else gets the pid of a child before it is reaped here, so a child can be signalled without a look at its
    identity. That makes it fast enough for programs that fork and end, over and over: each new process is an orphan, and
    so a child of this subreaper.
    """

    def __init__(self, roots: Sequence[Process], before: Collection[ProcessId]) -> None:
        self._roots = {root.pid: root for root in roots}
        self._before = before
        self._pids_before = {process.pid for process in before}

    def ending(self, patience: Patience) -> Steps:
        return ending(self.look, lambda tree: self.kill() | kill_each(tree), patience)

    def reap(self) -> list[int]:
        """Collect the exit codes of the dead and return the living, the youngest first.

        None at all is a proof: the last look saw no child, not even a dead one that might have left orphans meanwhile.
        """
        pids: list[int] = []
        for _ in range(_TURNS):
            pids = [pid for pid in reversed(proc.children(os.getpid())) if not self._was_before(pid)]
            living = [pid for pid in pids if not self._dead(pid)]
            if living or not pids:
                return living
        return pids

    def look(self) -> list[ProcessId]:
        """Return the living children and all that is below them."""
        children = [child for child in map(ProcessId.of, self.reap()) if child is not None]
        return children + [each for child in children for each in descendants(child.pid)]

    def kill(self) -> set[int]:
        """Kill all children, and whoever becomes one meanwhile."""
        killed: set[int] = set()
        for _ in range(_TURNS):
            fresh = {pid for pid in self.reap() if pid not in killed and _kill(pid)}
            if not fresh:
                break
            killed |= fresh
        return killed

    def _was_before(self, pid: int) -> bool:
        return pid in self._pids_before and ProcessId.of(pid) in self._before

    def _dead(self, pid: int) -> bool:
        root = self._roots.get(pid)
        if root is not None and root.returncode is None:
            return root.poll() is not None
        with suppress(ChildProcessError):
            return os.waitpid(pid, os.WNOHANG)[0] == pid
        return True


def _kill(pid: int) -> bool:
    with suppress(PermissionError):
        os.kill(pid, signal.SIGKILL)
        return True
    return False


def group_ending(root: Process, patience: Patience) -> Steps:
    """Do what can be done without /proc: ask the program's process group, then kill it."""
    until = time.monotonic() + patience.grace
    _signal_group(root.pid, signal.SIGTERM)
    while _signal_group(root.pid, 0) and time.monotonic() < until and not patience.hurry():
        root.poll()
        yield time.monotonic() + _FIRST_PAUSE
    _signal_group(root.pid, signal.SIGKILL)
    root.wait()
    return TreeEnd()


def _signal_group(pid: int, number: int) -> bool:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
