"""Start a command, wait for its end, and know what it and all its descendants took."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Self

from benchmarks import proc

GRACE = 10.0  # seconds to end when something else went wrong
_LOOK_EVERY = 0.01  # seconds; peaks only grow, so only what comes last may be missed


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """When a stand-in started and ended, in seconds, as it wrote itself."""

    role: str
    round: int
    began: float
    ended: float

    @classmethod
    def read(cls, line: str) -> Self:
        role, number, began, ended = line.split()
        return cls(role=role, round=int(number), began=float(began), ended=float(ended))


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What a command took. `cpu` is that of the whole tree; the peaks are in bytes, 0 when nobody looked."""

    code: int
    wall: float
    cpu: float
    said: str
    stamps: tuple[Stamp, ...]
    pm_peak: int = 0
    round_peak: int = 0

    @property
    def agents(self) -> float:
        """The seconds that the stand-ins themselves worked."""
        return sum(stamp.ended - stamp.began for stamp in self.stamps)

    @property
    def rounds(self) -> list[float]:
        """Return the seconds of each round but the last, from its worker's start to the next one's."""
        began = [stamp.began for stamp in self.stamps if stamp.role == "worker"]
        return [after - before for before, after in pairwise(began)]

    def gaps(self, role: str) -> list[float]:
        """Return the seconds from the end of each stand-in of that role to the start of the next of the other."""
        pairs = zip(self.stamps, self.stamps[1:], strict=False)
        return [after.began - before.ended for before, after in pairs if before.role == role]


@contextmanager
def started(
    argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], output: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a command in a session of its own; whatever happens inside, nothing of it runs afterwards.

    It is told to end and given time for that; who has not ended then, or was left behind in its session, is killed.
    """
    with output.open("wb") as file:
        process = subprocess.Popen(
            argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(GRACE)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def play(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    output: Path,
    stamps: Callable[[], tuple[Stamp, ...]] = tuple,
    peaks: bool = False,
) -> Played:
    """Run a command to its end; `output` is the file that gets what it says."""
    began = time.perf_counter()
    with started(argv, cwd=cwd, env=env, output=output) as process:
        pm_peak, round_peak, status, usage = _wait(process.pid, peaks=peaks)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)  # it was waited for here, and Popen must not do it again
    return Played(
        code=process.returncode,
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        said=output.read_text(encoding="utf-8", errors="replace"),
        stamps=stamps(),
        pm_peak=pm_peak,
        round_peak=round_peak,
    )


def _wait(pid: int, *, peaks: bool) -> tuple[int, int, int, "os.struct_rusage"]:  # type: ignore[name-defined]  # typeshed calls it resource.struct_rusage
    pm_peak = round_peak = 0
    while peaks:
        pm_peak = max(pm_peak, proc.peak(pid))
        child = proc.round_of(pid)
        round_peak = max(round_peak, proc.peak(child) if child else 0)
        waited, status, usage = os.wait4(pid, os.WNOHANG)
        if waited:
            return pm_peak, round_peak, status, usage
        time.sleep(_LOOK_EVERY)
    _, status, usage = os.wait4(pid, 0)
    return 0, 0, status, usage
