"""On what was measured, and whether the machine had nothing else to do."""

import datetime as dt
import os
import platform
import subprocess
import time
from pathlib import Path

QUIET = 0.2  # processors
_LOOKING = 3.0  # seconds


def description() -> str:
    """Return processor, memory, kernel, Python and git in one line."""
    git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
    return (
        f"{len(os.sched_getaffinity(0))} × {_entry('/proc/cpuinfo', 'model name')}, "
        f"{int(_entry('/proc/meminfo', 'MemTotal').split()[0]) / (1 << 20):.0f} GiB, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, git {git}"
    )


def today() -> str:
    return dt.datetime.now(tz=dt.UTC).date().isoformat()


def load() -> float:
    """Return how many processors are at work now. The load average would still tell of what ended a minute ago."""
    began, since = _at_work(), time.perf_counter()
    time.sleep(_LOOKING)
    return (_at_work() - began) / (time.perf_counter() - since)


def _at_work() -> float:
    """Return the seconds that all processors have worked since the start, for the system or for anybody."""
    user, nice, system, _idle, _waiting, *interrupts = Path("/proc/stat").read_text(encoding="ascii").split()[1:8]
    ticks = sum(map(int, (user, nice, system, *interrupts)))
    return ticks / os.sysconf("SC_CLK_TCK")


def _entry(path: str, name: str) -> str:
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "unknown"
