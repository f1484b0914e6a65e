"""Runs whose worker is at work and says nothing: what the tool itself takes meanwhile."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks import proc
from benchmarks.playing import started
from benchmarks.stage import Stage

PATIENCE = 60.0
SETTLING = 1.5  # seconds after the agent's start in which a tool may still finish what it does then


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiter:
    """A PM and its round process, both waiting."""

    pm: int
    round: int


@contextmanager
def held(stage: Stage) -> Iterator[Waiter]:
    """Let a run come to where its worker works; afterwards the worker goes on, and the run has to end well."""
    stage.plan = {**stage.plan, "held": "1"}
    release, waiting = stage.stand / "release", stage.stand / "waiting"
    release.unlink(missing_ok=True)
    waiting.unlink(missing_ok=True)
    os.mkfifo(release)
    argv = stage.prepare(1)
    with started(argv, cwd=stage.root, env=stage.environment, output=stage.folder / "output") as process:
        yield Waiter(pm=process.pid, round=_wait(stage, process))
        with release.open("w", encoding="ascii") as pipe:
            pipe.write("go\n")
        code = process.wait(PATIENCE)
    if code != 0:
        raise RuntimeError(f"{stage.tool.name} waited and then ended with exit {code}; see {stage.folder / 'output'}")


def _wait(stage: Stage, process: "subprocess.Popen[bytes]") -> int:
    """Return the pid of the round process as soon as its agent is waiting."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        found = proc.round_of(process.pid)
        if found is not None and (stage.stand / "waiting").exists():
            return found
        time.sleep(0.01)
    said = (stage.folder / "output").read_text(encoding="utf-8", errors="replace")
    raise RuntimeError(f"{stage.tool.name} did not come to wait for its worker:\n{said[-3000:]}")
