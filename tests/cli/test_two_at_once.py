"""Two commands at once: on one bus and on one working tree the second is refused, and nothing of the first is touched."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from loop_kit.bus.lock import try_flock
from loop_kit.errors import StartError
from loop_kit.processes.lineage import Owner
from loop_kit.values import asdict
from tests.support.runs import Stage, clearing, ended, wait_until, works

LOCKED = 5
HOLDER = {"purpose": "loop run", "run": "", "since": "2025-01-31T08:00:00.000Z"}


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage.set_up(tmp_path, worker=[[{"wait_for": str(tmp_path / "go")}, *works()], works("three\n")])


@contextmanager
def running(stage: Stage) -> Iterator["subprocess.Popen[str]"]:
    """Have a run whose worker is at work while inside; it is let go on afterwards and has to be approved."""
    with clearing(stage):
        process = stage.start("run")
        wait_until(lambda: stage.calls("worker"), "the worker")
        yield process
        (stage.root.parent / "go").touch()
        ended(stage, stage.end(process), 0, paid=(1, 1))


@pytest.mark.parametrize("args", [(), ("--resume",), ("--reset",), ("--single-round",)], ids=str)
def test_a_second_run_on_a_bus_is_refused_and_the_first_goes_on(stage: Stage, args: tuple[str, ...]):
    with running(stage) as first:
        second = stage.run(*args)
        assert second.code == LOCKED
        assert f"another loop process (pid {first.pid} on " in second.err
        assert f"holds {stage.bus}/lock\n  wait until it has ended, or end it: kill {first.pid}" in second.err


def test_a_second_bus_in_the_same_working_tree_is_refused_by_the_tree(stage: Stage):
    other = stage.root / "other"
    other.mkdir()
    (other / ".gitignore").write_text("*\n", encoding="utf-8")
    for name in ("config.toml", "task_card.json", "script.json"):
        (other / name).write_bytes((stage.bus / name).read_bytes())
    with running(stage) as first:
        second = stage.loop("--loop-dir", str(other), "run")
        assert second.code == LOCKED
        assert f"another loop process (pid {first.pid} on " in second.err
        assert f"holds {stage.root}/.git/loop.lock\n" in second.err


def dead() -> Owner:
    process = subprocess.Popen(["true"])
    process.wait()
    return Owner(pid=process.pid, host=Owner.me().host, start_time="1")


def recycled() -> Owner:
    """Return the owner of a pid that another process, this one, has by now."""
    return Owner(pid=os.getpid(), host=Owner.me().host, start_time="1")


@pytest.mark.parametrize("owner", [dead, recycled])
@pytest.mark.parametrize("name", [".loop/lock", ".git/loop.lock"])
def test_the_lock_files_of_who_is_gone_hold_nobody_up(tmp_path: Path, name: str, owner):
    stage = Stage.set_up(tmp_path)
    (stage.root / name).write_text(json.dumps({**asdict(owner()), **HOLDER}), encoding="utf-8")
    ended(stage, stage.run(), 0, paid=(1, 1))


def test_where_files_cannot_be_locked_that_is_one_sentence(tmp_path: Path):
    path = tmp_path / "lock"
    path.touch()
    fd = os.open(path, os.O_PATH)  # a descriptor that the system refuses to lock, as some file systems do every one
    try:
        with pytest.raises(StartError, match="lock is on a file system where files cannot be locked") as caught:
            try_flock(fd, path)
    finally:
        os.close(fd)
    assert "put the repository on a local file system" in caught.value.hint
