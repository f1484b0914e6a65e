"""Which processes descend from which, and whether a process is still the same one.

A pid is a number that the system gives out again. So a process is named by its pid and its start time, and both are
compared again before each signal. A subreaper inherits the orphans among its descendants: nobody can leave its tree.
"""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated, Self

from loop_kit.model.kinds import Count
from loop_kit.processes import proc
from loop_kit.values import dataclass
from loop_kit.values.annotations import Size

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PR_GET_CHILD_SUBREAPER = 37


@dataclass(frozen=True, slots=True)
class ProcessId:
    """One process for as long as it exists; `start_time` is a token to compare, not a time to read."""

    pid: int
    start_time: str

    @classmethod
    def of(cls, pid: int) -> Self | None:
        seen = proc.status(pid)
        return cls(pid, seen.start_time) if seen else None

    def alive(self) -> bool:
        seen = self._seen()
        return seen is not None and not seen.dead

    def stopped(self) -> bool:
        seen = self._seen()
        return seen is not None and seen.stopped

    def signal(self, number: signal.Signals) -> bool:
        """Send a signal to exactly this process; False when it is gone, dead or not ours to signal."""
        pidfd = open_pidfd(self.pid)
        try:
            if not self.alive():  # asked after opening: from here on the descriptor cannot mean another process
                return False
            if pidfd is None:
                os.kill(self.pid, number)
            else:
                signal.pidfd_send_signal(pidfd, number)
        except (ProcessLookupError, PermissionError):
            return False
        finally:
            if pidfd is not None:
                os.close(pidfd)
        return True

    def _seen(self) -> proc.ProcessStatus | None:
        seen = proc.status(self.pid)
        return seen if seen and seen.start_time == self.start_time else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The process that holds a lock or writes a heartbeat, in a form by which any later process can tell whether it lives."""

    pid: Annotated[Count, "The id of the process."]
    host: Annotated[str, Size(0, 1000), "The machine it runs on."]
    start_time: Annotated[
        str,
        Size(0, 200),
        "When the process started, in the system's own words: with pid and host it names one process for ever.",
    ]

    @staticmethod
    def me() -> "Owner":
        return Owner.of(os.getpid())

    @staticmethod
    def of(pid: int) -> "Owner":
        """Describe a process of this host; one that is gone already gets a start time that no process has."""
        seen = proc.status(pid)
        return Owner(pid=pid, host=os.uname().nodename, start_time=seen.start_time if seen else "")

    def alive(self) -> bool | None:
        """Tell whether the owner lives; None when it is on another host, where this one cannot look."""
        if self.host != os.uname().nodename:
            return None
        return self.pid > 0 and ProcessId(self.pid, self.start_time).alive()

    def stopped(self) -> bool:
        """Tell whether the owner was suspended (Ctrl-Z, SIGSTOP): it lives, and does nothing until it is woken."""
        return self.alive() is True and ProcessId(self.pid, self.start_time).stopped()


def open_pidfd(pid: int) -> int | None:
    """Return a descriptor that becomes readable when the process ends; None where the system has no such thing."""
    pidfd_open = getattr(os, "pidfd_open", None)
    if pidfd_open is not None:
        with suppress(OSError):  # gone already, or forbidden in this container
            return int(pidfd_open(pid))
    return None


def children() -> list[ProcessId]:
    """Return the children of this process, zombies too."""
    return [child for child in map(ProcessId.of, proc.children(os.getpid())) if child is not None]


def descendants(pid: int | None = None) -> list[ProcessId]:
    """Return all processes below `pid` (this one if None), zombies too."""
    found: dict[ProcessId, None] = {}
    to_visit = [os.getpid() if pid is None else pid]
    while to_visit:
        for child in map(ProcessId.of, proc.children(to_visit.pop())):
            if child is not None and child not in found:
                found[child] = None
                to_visit.append(child.pid)
    return list(found)


def ancestors() -> list[int]:
    """Return this process, its parent and so on up."""
    line = [os.getpid()]
    while (seen := proc.status(line[-1])) and seen.parent > 0:
        line.append(seen.parent)
    return line


def carrying(name: str, value: str) -> list[ProcessId]:
    """Return this user's processes that were started with `name=value`, without this one and its ancestors."""
    entry = f"{name}={value}".encode(errors="surrogateescape")
    spared = frozenset(ancestors())
    marked = (pid for pid in proc.all_pids() if pid not in spared and proc.environment_holds(pid, entry))
    return [process for process in map(ProcessId.of, marked) if process is not None]


def count_carrying(name: str) -> Counter[str]:
    """Count this user's processes by the value of a variable that they were started with, without the same ones."""
    spared = frozenset(ancestors())
    values = (proc.environment_value(pid, name.encode()) for pid in proc.all_pids() if pid not in spared)
    return Counter(os.fsdecode(value) for value in values if value)


def become_subreaper() -> None:
    """Inherit the orphans among our descendants from now on."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


@contextmanager
def adopting() -> Iterator[None]:
    """Be a subreaper inside the `with` block, and afterwards whatever this process was before."""
    before = _was_subreaper()
    become_subreaper()
    try:
        yield
    finally:
        _prctl(_PR_SET_CHILD_SUBREAPER, before)


def die_with_parent(expected_parent: int, number: signal.Signals = signal.SIGTERM) -> bool:
    """Ask for a signal to this process when its parent ends; False when the parent is gone already.

    To be called from the main thread of a process that was started from the main thread: the kernel watches threads.
    """
    _prctl(_PR_SET_PDEATHSIG, number)
    return os.getppid() == expected_parent


def _was_subreaper() -> int:
    import ctypes  # noqa: PLC0415  (3 ms, and commands that only look never need it)

    answer = ctypes.c_int(1)
    _prctl(_PR_GET_CHILD_SUBREAPER, ctypes.addressof(answer))
    return answer.value


def _prctl(option: int, value: int) -> None:
    """Call prctl(2), which only Linux has; a kernel that refuses leaves things as they were."""
    if proc.LINUX:
        import ctypes  # noqa: PLC0415  (the same)

        number, zero = ctypes.c_ulong(value), ctypes.c_ulong(0)
        ctypes.CDLL(None, use_errno=True).prctl(option, number, zero, zero, zero)
