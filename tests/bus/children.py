"""Real processes for the tests of the bus: a script, started; a fact, waited for."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

WAIT_SECONDS = 20.0


@contextmanager
def running(script: str, *args: str | Path, pass_fds: tuple[int, ...] = ()) -> Iterator["subprocess.Popen[str]"]:
    """Run a Python script with a pipe on each side; it is gone when the block ends."""
    with subprocess.Popen(
        [sys.executable, "-c", script, *map(str, args)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=pass_fds,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def run(script: str, *args: str | Path) -> str:
    """Run a Python script to its end and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, args)],
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def said(process: "subprocess.Popen[str]") -> str:
    """Return the next line a running script prints."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def let_go_on(process: "subprocess.Popen[str]") -> None:
    """End the script's wait on its standard input."""
    assert process.stdin is not None
    process.stdin.close()


def release(processes: Sequence["subprocess.Popen[str]"]) -> list[str]:
    """Let several scripts go on at the same moment; return what each printed when all have ended."""
    for process in processes:
        let_go_on(process)
        process.stdin = None
    return [process.communicate(timeout=WAIT_SECONDS)[0].strip() for process in processes]


def listed(folder: Path) -> list[str]:
    """Return the names in a folder."""
    return sorted(path.name for path in folder.iterdir())


def until(fact: Callable[[], bool]) -> None:
    """Wait until something is true; fail when it does not become so."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not fact():
        assert time.monotonic() < deadline, "it never became true"
        time.sleep(0.005)
