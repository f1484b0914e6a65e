"""What the system says about a process right now: /proc on Linux, `ps` elsewhere.

Every answer may be outdated when it arrives; `None` or nothing means that the process is gone or not ours to look at.
"""

import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from loop_kit.values import dataclass

LINUX = sys.platform.startswith("linux")
_DEAD = frozenset("ZXx")
_START_TICKS = 19  # position in /proc/PID/stat, counted behind the program's name


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """`start_time` is a token to compare: two processes with the same pid never have the same one."""

    state: str
    parent: int
    start_time: str

    @property
    def dead(self) -> bool:
        """A zombie is dead: it only waits for its parent to read the exit code."""
        return self.state in _DEAD

    @property
    def stopped(self) -> bool:
        return self.state == "T"


def status(pid: int) -> ProcessStatus | None:
    return _status_from_proc(pid) if LINUX else status_from_ps(pid)


def _status_from_proc(pid: int) -> ProcessStatus | None:
    try:
        line = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    fields = line[line.rindex(b")") + 1 :].decode("ascii").split()  # the name may hold blanks and brackets
    return ProcessStatus(fields[0], int(fields[1]), f"{boot_id()}:{fields[_START_TICKS]}")


def status_from_ps(pid: int) -> ProcessStatus | None:
    """Ask `ps`; its start time counts whole seconds, so it is weaker evidence."""
    asked = ["ps", "-o", "stat=,ppid=,lstart=", "-p", str(pid)]
    import subprocess  # noqa: PLC0415  (only where there is no /proc, and every command looks at processes)

    answer = subprocess.run(asked, capture_output=True, text=True, check=False, env={"LC_ALL": "C", "PATH": os.defpath})
    state, _, rest = answer.stdout.strip().partition(" ")
    parent, _, started = rest.strip().partition(" ")
    return ProcessStatus(state[0], int(parent), " ".join(started.split())) if started else None


@cache
def boot_id() -> str:
    """Return a token for this boot of the machine: start times count from the boot, so they repeat after the next one."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()[:8]
    except OSError:
        return ""


def all_pids() -> Iterator[int]:
    if LINUX:
        yield from (int(name) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208  (bare names, and fast)


def children(pid: int) -> list[int]:
    """Return the direct children of a process, zombies included; nothing where there is no /proc."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208  (bare names, and fast)
    except OSError:
        return []
    found: list[int] = []
    for thread in threads:
        try:
            found += map(int, Path(f"/proc/{pid}/task/{thread}/children").read_bytes().split())
        except FileNotFoundError:
            if not _lists_children():
                return _children_by_scan(pid)
        except OSError:
            continue
    return found


@cache
def _lists_children() -> bool:
    """Tell whether this kernel was built with the `children` files."""
    return Path(f"/proc/self/task/{os.getpid()}/children").exists()


def _children_by_scan(pid: int) -> list[int]:
    return [other for other in all_pids() if (seen := status(other)) and seen.parent == pid]


def arguments(pid: int) -> list[bytes]:
    """Return what a process was started with; nothing when it is gone, or where there is no /proc."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


def working_folder(pid: int) -> Path | None:
    """Return the folder a process works in, None when it is not ours to look at, or where there is no /proc."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:
        return None


def environment_value(pid: int, name: bytes) -> bytes | None:
    """Return what a variable was when a process of this user was started, None when it was not set."""
    folder = Path(f"/proc/{pid}")
    try:
        entries = (folder / "environ").read_bytes().split(b"\0") if folder.stat().st_uid == os.getuid() else []
    except OSError:
        return None
    beginning = name + b"="
    return next((entry.removeprefix(beginning) for entry in entries if entry.startswith(beginning)), None)


def environment_holds(pid: int, entry: bytes) -> bool:
    """Tell whether a process of this user was started with `NAME=value` in its environment."""
    folder = Path(f"/proc/{pid}")
    try:
        return folder.stat().st_uid == os.getuid() and entry in (folder / "environ").read_bytes().split(b"\0")
    except OSError:
        return False
