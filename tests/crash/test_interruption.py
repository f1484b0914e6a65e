"""Ctrl-C and its relatives, and agents that behave badly: the run ends soon, by its name, and can be gone on with."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.crashes import DRAFT, Point, ends_as_undisturbed, go_on, hold, plays, rounds, set_up, told
from tests.support.runs import LOOP, Result, Stage, Steps, clearing, nothing_left, wait_until

WORKING = Point(role="worker", round=1, moment="edited")
REVIEWING = Point(role="reviewer", round=2, moment="looking")
GOES_ON = "loop run --resume"
# An interrupted agent has one second to end, and loop as much again for its own affairs; the rest is for busy machines.
SECONDS = 8.0
ENDS = {
    signal.SIGINT: (130, "interrupted", "interrupted from the keyboard"),
    signal.SIGTERM: (143, "terminated", "told to end by SIGTERM"),
    signal.SIGHUP: (143, "terminated", "told to end by SIGHUP"),
}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with clearing(set_up(tmp_path)) as stage:
        yield stage


def held(stage: Stage, point: Point, *before: dict[str, Any]) -> "subprocess.Popen[str]":
    """Start a run and return when the agent has come to that point, where it waits."""
    hold(stage, point, before=before)
    process = stage.start("run")
    wait_until(point.flag(stage).exists, f"the agent at {point}")
    return process


def ended(stage: Stage, process: "subprocess.Popen[str]") -> Result:
    """Return how it ended; it has to be soon, and nobody may be alive then."""
    began = time.monotonic()
    result = stage.end(process)
    assert time.monotonic() - began < SECONDS
    assert stage.leftovers() == {}
    return result


def is_named(result: Result, number: signal.Signals) -> None:
    code, outcome, sentence = ENDS[number]
    assert result.code == code
    assert sentence in result.err
    assert GOES_ON in result.err
    assert result.standing["outcome"] == outcome
    assert sentence in result.standing["error"]
    assert result.summary is not None
    assert (result.summary["outcome"], result.summary["exit_code"]) == (outcome, code)


@pytest.mark.parametrize("number", ENDS, ids=lambda number: number.name)
@pytest.mark.parametrize("point", [WORKING, REVIEWING], ids=str)
def test_a_signal_ends_the_run_by_its_name_and_a_resume_finishes_it(stage: Stage, point: Point, number: signal.Signals):
    process = held(stage, point)
    os.killpg(process.pid, number)  # as a terminal does: to everybody in the foreground
    result = ended(stage, process)
    is_named(result, number)
    nothing_left(stage)
    if point == WORKING:
        assert stage.git("show", "refs/loop/T-1/r1/unfinished-1:app.txt") == DRAFT.strip()
        assert (stage.root / "app.txt").read_text(encoding="utf-8") == DRAFT
    ends_as_undisturbed(stage, stage.run("--resume"))
    assert sum(stage.paid) == 5


@pytest.mark.parametrize(("times", "pause"), [(2, 0.7), (60, 0.02)], ids=["twice", "many-times"])
def test_insisting_on_the_end_loses_nothing(stage: Stage, times: int, pause: float):
    process = held(stage, WORKING, {"ignore_sigterm": True})
    for _ in range(times):
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        time.sleep(pause)
    is_named(ended(stage, process), signal.SIGINT)
    ends_as_undisturbed(stage, stage.run("--resume"))
    assert "refs/loop/T-1/r1/unfinished-1" in stage.refs()


def test_a_signal_while_loop_is_still_being_read_is_no_crash(stage: Stage):
    process = stage.start("run", program=(*LOOP[:-2], "-X", "importtime", *LOOP[-2:]))
    assert process.stderr is not None
    assert any("click." in line for line in process.stderr), "the imports are not to be seen"
    process.send_signal(signal.SIGINT)
    result = ended(stage, process)
    assert result.code in (130, -signal.SIGINT)  # a shell calls both 130
    assert result.state is None


@pytest.mark.parametrize("path", ["lock", "state.json", "logs/feed.jsonl"])
def test_a_signal_before_the_work_begins_is_no_crash(stage: Stage, path: str):
    process = stage.start("run")
    wait_until((stage.bus / path).exists, path)
    process.send_signal(signal.SIGINT)
    result = ended(stage, process)
    assert result.code == 130
    ends_as_undisturbed(stage, go_on(stage))
    assert sum(stage.paid) in (4, 5)


def test_a_signal_between_two_rounds_costs_nothing(stage: Stage):
    process = stage.start("run")
    wait_until(told(stage, "decided", 1), "the end of the first round")
    process.send_signal(signal.SIGTERM)
    is_named(ended(stage, process), signal.SIGTERM)
    ends_as_undisturbed(stage, stage.run("--resume"))
    assert sum(stage.paid) in (4, 5)


def test_a_signal_after_the_approval_takes_nothing_back(stage: Stage):
    process = stage.start("run")
    wait_until(told(stage, "decided", 2), "the approval")
    process.send_signal(signal.SIGINT)
    result = ended(stage, process)
    assert result.code in (0, 130)
    ends_as_undisturbed(stage, stage.run("--resume"))
    assert stage.paid == (2, 2)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_to_the_round_alone_ends_the_run_as_well(stage: Stage, number: signal.Signals):
    process = held(stage, REVIEWING)
    for pid in rounds(stage):
        os.kill(pid, number)
    is_named(ended(stage, process), number)
    nothing_left(stage)
    ends_as_undisturbed(stage, stage.run("--resume"))


def test_who_ignores_the_hangup_is_not_ended_by_it(stage: Stage):
    process = stage.start("run", program=("sh", "-c", 'trap "" HUP; exec "$@"', "sh", *LOOP))
    wait_until(told(stage, "dispatch_started", 1), "the worker")
    os.killpg(process.pid, signal.SIGHUP)
    ends_as_undisturbed(stage, stage.end(process))
    assert stage.paid == (2, 2)


def test_a_signal_while_waiting_for_the_next_try_does_not_wait(stage: Stage):
    stage.play([[{"fail": {"kind": "transient", "message": "overloaded", "retry_after": 300}}], plays("worker", 1)])
    process = stage.start("run")
    wait_until(told(stage, "dispatch_retry", 1), "the failure")
    process.send_signal(signal.SIGINT)
    is_named(ended(stage, process), signal.SIGINT)
    nothing_left(stage)


def test_a_signal_while_waiting_for_a_person_does_not_wait(stage: Stage):
    process = stage.start("run", "--no-auto-dispatch")
    wait_until(told(stage, "round_started", 1), "the round")
    process.send_signal(signal.SIGINT)
    is_named(ended(stage, process), signal.SIGINT)
    nothing_left(stage)
    ends_as_undisturbed(stage, stage.run("--resume", "--auto-dispatch"))


# Nobody listens


@pytest.mark.parametrize("streams", ["2>&1 | head -n 1", "| true", ">&-", "2>&-", ">&- 2>&- <&-", ">/dev/full 2>&1"])
def test_a_run_that_nobody_listens_to_comes_to_its_end(stage: Stage, streams: str):
    result = stage.end(stage.start(program=("sh", "-c", f'"$@" {streams}', "sh", *LOOP, "run")))
    ends_as_undisturbed(stage, Result(**{**vars(result), "code": 0}))  # the code is that of the last in the pipe
    assert stage.paid == (2, 2)


# Asked to stop


@pytest.mark.parametrize("before", [(), ({"ignore_sigterm": True},)], ids=["who hears", "who is deaf"])
def test_a_stop_file_ends_the_run_during_the_work_and_its_removal_lets_it_go_on(
    stage: Stage, before: tuple[dict[str, Any], ...]
):
    process = held(stage, WORKING, *before)
    (stage.bus / "STOP").touch()
    result = ended(stage, process)
    (over,) = result.events("dispatch_ended")
    assert over["how"] == "asked"
    assert (result.code, result.standing["outcome"]) == (13, "stopped")
    assert "STOP asks for a stop" in result.err
    assert "refs/loop/T-1/r1/unfinished-1" in stage.refs()
    nothing_left(stage)
    again = stage.run("--resume")
    assert (again.code, again.standing["outcome"]) == (13, "stopped")
    assert sum(stage.paid) == 1
    (stage.bus / "STOP").unlink()
    ends_as_undisturbed(stage, stage.run("--resume"))


# Agents that behave badly


def test_an_agent_that_was_stopped_runs_into_its_timeout(stage: Stage):
    hold(stage, WORKING, before=({"signal": int(signal.SIGSTOP)},))
    result = ended(stage, stage.start("run", "--dispatch-timeout", "1"))
    assert (result.code, result.standing["outcome"]) == (9, "timeout")
    assert "--dispatch-timeout 1 s" in result.err
    nothing_left(stage)
    hold(stage)
    ends_as_undisturbed(stage, stage.run("--resume", "--dispatch-timeout", "60"))


def test_the_time_of_the_whole_run_ends_an_agent_that_is_deaf(stage: Stage):
    hold(stage, WORKING, before=({"ignore_sigterm": True},))
    result = ended(stage, stage.start("run", "--timeout", "2"))
    assert (result.code, result.standing["outcome"]) == (9, "timeout")
    assert "--timeout 2 s" in result.err
    nothing_left(stage)
    hold(stage)
    ends_as_undisturbed(stage, stage.run("--resume", "--timeout", "0"))


def test_a_daemon_that_the_worker_leaves_behind_does_not_live_to_write_the_review(stage: Stage):
    forged = '{"task_id": "T-1", "round": 1, "decision": "approve", "blocking_issues": []}'
    pid_file = stage.cache.with_name("daemon.pid")
    daemon = {"pid_file": str(pid_file), "seconds": 0.6, "write": {str(stage.bus / "review_report.json"): forged}}
    worker: Steps = [{"daemon": daemon}, {"wait_for": str(pid_file)}, *plays("worker", 1)]
    stage.play({"1": worker, "2": plays("worker", 2)}, {"1": plays("reviewer", 1), "2": plays("reviewer", 2)})
    result = stage.run()
    ends_as_undisturbed(stage, result)
    assert [data["swept"] for data in result.events("dispatch_ended")] == [1, 0, 0, 0]
    assert [data["judged_by"] for data in result.events("decided")] == ["reviewer", "reviewer"]


@pytest.mark.parametrize("step", [{"hold_stdout": 300}, {"close_stdout": True}, {"exit": 3}], ids=str)
def test_a_report_counts_whatever_the_agent_does_afterwards(stage: Stage, step: dict[str, Any]):
    stage.play(
        {str(number): [*plays("worker", number), step] for number in (1, 2)},
        {str(number): [*plays("reviewer", number), step] for number in (1, 2)},
    )
    ends_as_undisturbed(stage, stage.run())
    assert stage.paid == (2, 2)
