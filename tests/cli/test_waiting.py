"""What it costs to wait for a person: hardly a wake-up, and one word of what is waited for."""

import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks import proc
from loop_kit.bus import heartbeat
from tests.cli.handwork import by_hand, waiting, work
from tests.support.runs import LOOP, Stage, wait_until
from tests.support.terminals import Terminal

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what is counted stands in /proc")
SETTLING, WATCHED = 1.5, 4.0  # seconds
MOST_A_SECOND = 2
SOON = 1.0 + 2.0  # seconds in which an answer is taken up, and what a busy machine takes besides


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with by_hand(tmp_path) as stage:
        yield stage


def keeps_still(pm: int) -> None:
    """Fail when the PM or its round process wakes up more often than it may."""
    time.sleep(SETTLING)
    round_process = proc.round_of(pm)
    assert round_process is not None
    pids = {"PM": pm, "round": round_process}
    before = {name: proc.wake_ups(pid) for name, pid in pids.items()}
    time.sleep(WATCHED)
    woken = {name: proc.wake_ups(pid) - before[name] for name, pid in pids.items()}
    assert max(woken.values()) <= MOST_A_SECOND * WATCHED + 1, woken


def interrupted(stage: Stage, process) -> str:
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    result = stage.end(process)
    assert (result.code, time.monotonic() - began < SOON) == (130, True)
    return result.err


def hand_in_by_file(stage: Stage, head: str, **more: str) -> None:
    report = {"task_id": "T-1", "round": 1, "head_sha": head, **more}
    (stage.bus / "work_report.json").write_text(json.dumps(report), encoding="utf-8")


@contextmanager
def beating(stage: Stage) -> Iterator[None]:
    beats = stage.start("heartbeat", "--role", "worker")
    wait_until(lambda: heartbeat.read(stage.bus / "runtime/worker.heartbeat.json"), "a beat")
    yield
    beats.send_signal(signal.SIGINT)
    stage.end(beats)


def test_who_waits_for_a_report_keeps_still_and_takes_it_soon(stage: Stage):
    run = stage.start("run")
    wait_until(waiting(stage), "the wait for work")
    keeps_still(run.pid)
    hand_in_by_file(stage, work(stage))
    began = time.monotonic()
    wait_until(waiting(stage, "awaiting_review"), "the review")
    assert time.monotonic() - began < SOON
    keeps_still(run.pid)
    said = interrupted(stage, run)
    assert (said.count("waiting for you, the worker"), said.count("waiting for you, the reviewer")) == (1, 1)


def test_who_listens_for_a_heart_keeps_still_too(stage: Stage):
    with beating(stage):
        run = stage.start("run", "--require-heartbeat")
        wait_until(waiting(stage), "the wait for work")
        keeps_still(run.pid)
        interrupted(stage, run)


def test_who_shows_the_time_on_a_terminal_keeps_still_too(stage: Stage):
    terminal = Terminal((*LOOP, "run"), cwd=stage.root, env=stage.environment())
    terminal.wait_for("waiting for you, the worker")
    keeps_still(terminal.process.pid)
    terminal.type("\x03")
    assert terminal.wait() == 130
    assert terminal.text.count("loop submit --notes") == 1


def test_who_waits_for_work_to_be_mended_keeps_still_and_says_once_what_is_wrong(stage: Stage):
    run = stage.start("run")
    wait_until(waiting(stage), "the wait for work")
    head = work(stage)
    time.sleep(SETTLING)
    (stage.root / "app.txt").write_text("half\n", encoding="utf-8")
    hand_in_by_file(stage, head)
    wait_until(lambda: stage.look().events("verified"), "the look at the work")
    keeps_still(run.pid)
    stage.git("checkout", "--quiet", "app.txt")
    began = time.monotonic()
    wait_until(waiting(stage, "awaiting_review"), "the review")
    assert time.monotonic() - began < SOON
    said = interrupted(stage, run)
    found, problem = "finding: 1 tracked", "work_report.json: 1 tracked"
    assert [said.count(words) for words in ("waiting for you, the worker", found, problem)] == [1, 1, 1], said


def test_a_report_that_is_wrong_is_named_once_each_time_it_is_written(stage: Stage):
    run = stage.start("run")
    wait_until(waiting(stage), "the wait for work")
    path = stage.bus / "work_report.json"
    path.write_text("{", encoding="utf-8")
    time.sleep(SETTLING)
    path.write_text("{\n", encoding="utf-8")
    time.sleep(SETTLING)
    assert interrupted(stage, run).count("work_report.json: ") == 2
