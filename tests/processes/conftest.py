"""A stage on which real programs misbehave; when a test leaves it, nobody may still be standing there."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from loop_kit.processes.signals import Interruption
from loop_kit.processes.spawn import Command, spawn
from loop_kit.processes.supervise import Ended, Job, Limits, Watch, supervise, supervise_all

PATIENCE = 10.0  # seconds until a fact that should come is missing


def wait_until(fact: Callable[[], Any], what: str = "the awaited fact") -> Any:
    """Return the fact as soon as it is true."""
    until = time.monotonic() + PATIENCE
    while not (found := fact()):
        assert time.monotonic() < until, f"waited in vain for {what}"
        time.sleep(0.005)
    return found


def descriptors() -> list[str]:
    """Return the file descriptors that this process has open."""
    return sorted(path.name for path in Path("/proc/self/fd").iterdir())


class Stage:
    """A folder and an environment with a mark that every program started here, and all its offspring, carries."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mark = f"MARK_OF_A_TEST={uuid.uuid4().hex}"
        name, _, value = self.mark.partition("=")
        self.env = {"PATH": os.environ["PATH"], name: value}

    def command(self, code: str, *args: str, **settings: Any) -> Command:
        """Return a command that runs a piece of Python in the stage's folder."""
        argv = (sys.executable, "-S", "-s", "-c", code, *args)
        return Command(**{"argv": argv, "env": self.env, "cwd": self.folder, **settings})

    def script(self, name: str, *args: str, **settings: Any) -> Command:
        """Return a command that runs one of the programs beside the tests."""
        argv = (sys.executable, str(Path(__file__).parent / name), *args)
        return Command(**{"argv": argv, "env": self.env, "cwd": self.folder, **settings})

    def supervise(self, code: str, *, watch: Watch | None = None, **limits: Any) -> Ended:
        """Supervise a piece of Python and look at once whether anything of it is left."""
        ended = supervise(
            self.command(code), limits=Limits(**limits), watch=watch or Watch(), interruption=Interruption.none()
        )
        assert self.survivors() == [], "somebody survived the end of supervise()"
        return ended

    def job(self, code: str, *, watch: Watch | None = None, limits: Limits | None = None, **settings: Any) -> Job:
        return Job(command=self.command(code, **settings), limits=limits or Limits(), watch=watch or Watch())

    def supervise_all(self, *jobs: Job) -> list[Ended]:
        """Run jobs at once and look whether anything of them is left."""
        ended = supervise_all(jobs, interruption=Interruption.none())
        assert self.survivors() == [], "somebody survived the end of supervise_all()"
        return ended

    def supervising(self, *codes: str, **limits: Any) -> subprocess.Popen[bytes]:
        """Start a program that supervises a piece of Python, or several at once, and prints how that ended."""
        what = {"code": codes[0]} if len(codes) == 1 else {"codes": codes}
        return spawn(self.script("supervising.py", json.dumps({**what, "limits": limits})))

    def lines(self, code: str) -> list[str]:
        heard: list[str] = []
        self.supervise(code, watch=Watch(on_line=heard.append))
        return heard

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def says(self, name: str) -> str:
        """Wait for a file that a program writes, and return its text."""
        path = self.folder / name
        return str(wait_until(lambda: path.exists() and path.read_text(encoding="utf-8"), name))

    def survivors(self) -> list[int]:
        """Return the pids that carry the mark, zombies not counted; deliberately not by the code under test."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if self.mark.encode() in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
            except OSError:
                continue
        return found


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    if not Path("/proc/self/environ").exists():
        pytest.skip("the stage finds survivors through /proc")
    stage = Stage(tmp_path)
    yield stage
    until = time.monotonic() + 1
    while stage.survivors() and time.monotonic() < until:
        time.sleep(0.01)
    left = stage.survivors()
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == [], "the test left processes behind"


@pytest.fixture(autouse=True)
def _signals_as_on_a_terminal() -> Iterator[None]:
    """Undo what a background shell or nohup handed down: ignored signals would be ignored by the programs here too."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGTERM, signal.SIGHUP)}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
