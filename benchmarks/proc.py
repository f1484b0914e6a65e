"""What Linux tells about a process that lives: memory, processor time, how often it woke up."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
ROUND = b"--single-round"  # both tools call their round process so
STAND_BY = b"--stand-by"  # ours for the next round


def children(pid: int) -> list[int]:
    """Return the children of all threads; none for a process that is gone."""
    found: list[int] = []
    for thread in _threads(pid):
        with suppress(OSError):
            found += map(int, (thread / "children").read_text(encoding="ascii").split())
    return found


def round_of(pm: int) -> int | None:
    """Return the round process of a PM, None while it has none."""
    for pid in children(pm):
        with suppress(OSError):
            words = (_PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
            if ROUND in words and STAND_BY not in words:
                return pid
    return None


def resident(pid: int) -> int:
    """Return what is in memory now, in bytes, pages that are shared with others included."""
    return _status(_PROC / str(pid), "VmRSS") << 10


def peak(pid: int) -> int:
    """Return the most that was ever in memory, in bytes; 0 for a process that is gone."""
    with suppress(OSError):
        return _status(_PROC / str(pid), "VmHWM") << 10
    return 0


def share(pid: int) -> int:
    """Return what is in memory now, in bytes, each shared page divided by those who share it."""
    text = (_PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii")
    return next(int(line.split()[1]) << 10 for line in text.splitlines() if line.startswith("Pss:"))


def wake_ups(pid: int) -> int:
    """Return how often the threads of a process went to sleep of their own accord, and so woke up again."""
    return sum(_status(thread, "voluntary_ctxt_switches") for thread in _threads(pid))


def processor_time(pid: int) -> float:
    """Return the seconds that the threads of a process have run, to the nanosecond."""
    return sum(int((thread / "schedstat").read_text(encoding="ascii").split()[0]) for thread in _threads(pid)) / 1e9


def _threads(pid: int) -> Iterator[Path]:
    with suppress(OSError):
        yield from sorted((_PROC / str(pid) / "task").iterdir())


def _status(folder: Path, name: str) -> int:
    """Return a number of /proc/PID/status, 0 when it is not there, as for a process that is about to vanish."""
    for line in (folder / "status").read_text(encoding="utf-8", errors="replace").splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0])
    return 0
