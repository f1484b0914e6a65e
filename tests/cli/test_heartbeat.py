"""Who beats for a person, and what becomes of a run when nobody does."""

import json
import signal
from pathlib import Path

import pytest

from loop_kit.bus import heartbeat
from tests.support.runs import Stage, clearing, nothing_left, wait_until

TTL = ("--require-heartbeat", "--heartbeat-ttl", "1")


@pytest.fixture
def stage(tmp_path: Path):
    stage = Stage.set_up(tmp_path)
    stage.configure("")
    with clearing(stage):
        yield stage


def test_a_heart_beats_until_ctrl_c_and_leaves_nothing(stage: Stage):
    process = stage.start("heartbeat", "--role", "worker", "--interval", "0.05")
    path = stage.bus / "runtime/worker.heartbeat.json"
    first = wait_until(lambda: heartbeat.read(path), "a beat")
    assert (first.pid, first.role, first.dispatch_id) == (process.pid, "worker", "")
    wait_until(lambda: (beat := heartbeat.read(path)) and beat.at > first.at, "another beat")
    process.send_signal(signal.SIGINT)
    assert stage.end(process).code == 0
    nothing_left(stage)


def test_a_run_that_nobody_beats_for_says_so_and_ends(stage: Stage):
    result = stage.run(*TTL)
    assert result.code == 9
    assert "no heartbeat from the worker: the run ends in 1 s unless one comes" in result.err
    assert "loop heartbeat --role worker beats, then: loop run --resume" in result.err


def test_a_run_waits_while_somebody_beats_and_ends_when_that_stops(stage: Stage):
    beating = stage.start("heartbeat", "--role", "worker", "--interval", "0.1")
    wait_until(lambda: heartbeat.read(stage.bus / "runtime/worker.heartbeat.json"), "a beat")
    assert stage.run(*TTL, "--timeout", "4").err.count("longer than --timeout 4 s") == 1
    run = stage.start("run", "--resume", "--timeout", "0", *TTL)
    wait_until(lambda: stage.look().events("run_resumed"), "the resumed run")
    beating.kill()
    assert beating.wait(10) == -signal.SIGKILL
    result = stage.end(run)
    assert (result.code, "no heartbeat of the worker for" in result.err) == (9, True)


def test_nobody_beats_in_the_place_of_a_program(stage: Stage):
    stage.configure('[run]\nreviewer_backend = "script"\n[backends.script]\nscript = "script.json"\n')
    run = stage.start("run")
    wait_until(lambda: stage.look().events("round_started"), "the round")
    refused = stage.loop("heartbeat", "--role", "reviewer")
    assert (refused.code, "is a program (script)" in refused.err) == (3, True)
    run.send_signal(signal.SIGINT)
    assert stage.end(run).code == 130


def test_a_time_to_live_of_nothing_is_refused(stage: Stage):
    assert stage.run("--heartbeat-ttl", "0").code == 3
    assert stage.loop("heartbeat", "--role", "pm").code == 2


def test_a_run_that_waits_for_work_to_be_mended_listens_for_the_heart_too(stage: Stage):
    run = stage.start("run", *TTL)
    wait_until(lambda: stage.look().events("round_started"), "the round")
    report = {"task_id": "T-1", "round": 1, "head_sha": stage.head, "files_changed": [], "notes": "", "tests": []}
    (stage.bus / "work_report.json").write_text(json.dumps(report), encoding="utf-8")
    wait_until(lambda: stage.look().events("verified"), "the look at what was handed in")
    result = stage.end(run)
    assert (result.code, "no heartbeat of the worker for" in result.err) == (9, True)
    assert (stage.bus / "work_report.json").exists()
