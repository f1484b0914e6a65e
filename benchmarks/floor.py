"""What a round cannot do without, on this machine, now: the parts of the floor that figures are held against."""

import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figure, milliseconds
from benchmarks.playing import play

# A round is at least: a process of its own, two agents, six questions to git, eight files that survive a power cut.
PYTHON_STARTS, PROCESS_STARTS, GIT_CALLS, DURABLE_WRITES = 1, 2, 6, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part: how often a round needs it, and what it takes each time, in seconds."""

    name: str
    number: int
    wall: float
    cpu: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """The parts, and their sums in seconds."""

    parts: tuple[Part, ...]

    @property
    def wall(self) -> float:
        return sum(part.number * part.wall for part in self.parts)

    @property
    def cpu(self) -> float:
        return sum(part.number * part.cpu for part in self.parts)

    def sentence(self) -> str:
        """Return the sum with all its parts."""
        parts = (f"{part.number} × {part.name} at {milliseconds(part.wall)}" for part in self.parts)
        return f"{milliseconds(self.wall)}, {milliseconds(self.cpu)} of them CPU: {', '.join(parts)}"


def measure_floor(folder: Path, python: Path, times: int) -> Floor:
    """Measure every part that many times.

    `folder` is where the durable writes go, so it must be on the disk of the stages; `python` is what the tools run in.
    """
    folder.mkdir()
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "init", "--quiet"], cwd=folder, env=env, check=True)

    def program(*argv: str) -> Callable[[], tuple[float, float]]:
        def once() -> tuple[float, float]:
            played = play(argv, cwd=folder, env=env, output=folder / "output")
            return played.wall, played.cpu

        return once

    measured = {
        "Python start": (PYTHON_STARTS, program(str(python), "-P", "-E", "-c", "pass")),
        "process start": (PROCESS_STARTS, program("/bin/sh", "-c", ":")),
        "git call": (GIT_CALLS, program("git", "rev-parse", "--git-dir")),
        "durable write": (DURABLE_WRITES, lambda: _write(folder)),
    }
    parts = []
    for name, (number, once) in measured.items():
        taken = [once() for _ in range(times + 1)][1:]
        wall, cpu = (Figure.of(column).median for column in zip(*taken, strict=True))
        parts.append(Part(name=name, number=number, wall=wall, cpu=cpu))
    return Floor(parts=tuple(parts))


def _write(folder: Path) -> tuple[float, float]:
    """Replace a small file so that it is whole or absent after a power cut."""
    wall, cpu = time.perf_counter(), time.process_time()
    temporary = os.open(folder / "file.tmp", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.write(temporary, b"x" * 2048)
    os.fsync(temporary)
    os.close(temporary)
    (folder / "file.tmp").replace(folder / "file")
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(directory)
    os.close(directory)
    return time.perf_counter() - wall, time.process_time() - cpu
