"""End a program together with everything it started.

Ask everybody (SIGTERM), wait, then kill, and look again until a look finds nobody: what was forked in between is found
by the next look. That is a proof only for a subreaper (`lineage.adopting`); without /proc, a process group is ended.
"""

import math
import os
import signal
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from subprocess import Popen

from loop_kit.processes import proc
from loop_kit.processes.lineage import ProcessId, ancestors, carrying, descendants
from loop_kit.values import dataclass

RUN_VARIABLE = "LOOP_RUN_ID"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.002, 0.05  # seconds between two looks
_TURNS = 100  # how often to look for newcomers at once while killing
_GIVE_UP = 5.0  # seconds after SIGKILL: what still exists then waits inside the kernel or belongs to another user


@dataclass(frozen=True, slots=True)
class Ending:
    """The pids that had to be told to end, and the processes that could not be ended at all."""

    told: frozenset[int] = frozenset()
    left: tuple[ProcessId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds between SIGTERM and SIGKILL, unless `hurry` says that somebody wants it now; `pause` passes the time."""

    grace: float
    pause: Callable[[float], None] = time.sleep
    hurry: Callable[[], bool] = lambda: False


def end_tree(root: Popen[bytes] | None, patience: Patience, *, excluding: Collection[ProcessId] = ()) -> Ending:
    """End `root` and all other descendants of this process but the trees in `excluding`, and collect their exit codes.

    `root` keeps its exit code for its owner. Any other child outside `excluding` loses it.
    """
    if not proc.LINUX:
        return _end_group(root, patience)
    brood = Brood(root, excluding)
    return _end(brood.tree, lambda tree: brood.kill() | _kill(tree), patience)


def sweep(grace: float = 0.5, *, excluding: Collection[ProcessId] = ()) -> Ending:
    """End every descendant of this process."""
    return end_tree(None, Patience(grace=grace), excluding=excluding)


def sweep_run(run_id: str, grace: float = 1.0) -> int:
    """End what an earlier start of this run left behind, known by `LOOP_RUN_ID`; return how many that were.

    Only for the holder of the run's locks: it would end a living run as well.
    """
    known: dict[ProcessId, None] = {}

    def remaining() -> list[ProcessId]:
        for process in carrying(RUN_VARIABLE, run_id):
            known.update(dict.fromkeys([process, *descendants(process.pid)]))
        return [process for process in known if process.pid not in spared and process.alive()]

    spared = frozenset(ancestors())
    return len(_end(remaining, _kill, Patience(grace=grace)).told)


def _end(
    remaining: Callable[[], list[ProcessId]], kill: Callable[[list[ProcessId]], set[int]], patience: Patience
) -> Ending:
    asked: set[ProcessId] = set()
    killed: set[int] = set()
    kill_at = time.monotonic() + patience.grace
    give_up_at = math.inf
    pause = _FIRST_PAUSE
    while left := remaining():
        now = time.monotonic()
        if now >= give_up_at:
            break
        if now < kill_at and not patience.hurry():
            asked |= _ask(left, asked)
            pause = min(2 * pause, _LONGEST_PAUSE)
        else:
            kill_at = min(kill_at, now)
            give_up_at = min(give_up_at, now + _GIVE_UP)  # counted from the first blow, however late it could be struck
            killed |= kill(left)
            pause = _FIRST_PAUSE
        patience.pause(pause)
    return Ending(frozenset(killed.union(process.pid for process in asked)), tuple(left))


def _ask(processes: list[ProcessId], asked: Collection[ProcessId]) -> set[ProcessId]:
    return {process for process in processes if process not in asked and _terminate(process)}


def _terminate(process: ProcessId) -> bool:
    delivered = process.signal(signal.SIGTERM)
    if process.stopped():
        process.signal(signal.SIGCONT)  # else it would hear SIGTERM only when somebody wakes it
    return delivered


def _kill(processes: list[ProcessId]) -> set[int]:
    return {process.pid for process in processes if process.signal(signal.SIGKILL)}


class Brood:
    """The direct children of this process. Nobody gets their pids before we have reaped them: no identity to check.

    That makes it fast enough for those who fork and end, over and over: they are orphans, and so our children.
    """

    def __init__(self, root: Popen[bytes] | None, excluding: Collection[ProcessId]) -> None:
        self._root = root
        self._excluding = excluding
        self._pids_excluded = {process.pid for process in excluding}

    def reap(self) -> list[int]:
        """Collect the exit codes of the dead and return the living, the youngest first; none at all is a proof.

        It is one because the last look saw no child, not even a dead one that might have left orphans meanwhile.
        """
        pids: list[int] = []
        for _ in range(_TURNS):
            pids = [pid for pid in reversed(proc.children(os.getpid())) if not self._spares(pid)]
            living = [pid for pid in pids if not self._dead(pid)]
            if living or not pids:
                return living
        return pids

    def tree(self) -> list[ProcessId]:
        """Return the living children and all that is below them."""
        children = [child for child in map(ProcessId.of, self.reap()) if child is not None]
        return children + [each for child in children for each in descendants(child.pid, excluding=self._excluding)]

    def kill(self) -> set[int]:
        """Kill all children, and whoever turns up meanwhile."""
        killed: set[int] = set()
        for _ in range(_TURNS):
            fresh = {pid for pid in self.reap() if pid not in killed and self._kill(pid)}
            if not fresh:
                break
            killed |= fresh
        return killed

    def _spares(self, pid: int) -> bool:
        return pid in self._pids_excluded and ProcessId.of(pid) in self._excluding

    def _dead(self, pid: int) -> bool:
        if self._root is not None and self._root.returncode is None and pid == self._root.pid:
            return self._root.poll() is not None
        with suppress(ChildProcessError):
            return os.waitpid(pid, os.WNOHANG)[0] == pid
        return True

    def _kill(self, pid: int) -> bool:
        with suppress(PermissionError):
            os.kill(pid, signal.SIGKILL)
            return True
        return False


def _end_group(root: Popen[bytes] | None, patience: Patience) -> Ending:
    """Do what can be done without /proc: the session leader's process group, asked and then killed."""
    if root is None:
        return Ending()
    until = time.monotonic() + patience.grace
    _signal_group(root.pid, signal.SIGTERM)
    while _signal_group(root.pid, 0) and time.monotonic() < until and not patience.hurry():
        root.poll()
        patience.pause(_FIRST_PAUSE)
    _signal_group(root.pid, signal.SIGKILL)
    root.wait()
    return Ending()


def _signal_group(pid: int, number: int) -> bool:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
