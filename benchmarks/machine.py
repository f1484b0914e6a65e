"""On what was measured, and whether the machine had nothing else to do."""

import datetime as dt
import os
import platform
import subprocess
from pathlib import Path

QUIET = 0.5  # processes that want to run, on average over the last minute


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
    return os.getloadavg()[0]


def _entry(path: str, name: str) -> str:
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "unknown"
