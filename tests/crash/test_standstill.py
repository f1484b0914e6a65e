"""Somebody stands still, or the clock does not: the PM, the round or the reader of the output is suspended, time jumps."""

import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest

from tests.support import jumping
from tests.support.crashes import ROLES, ends_as_undisturbed, go_on, playing, plays, rounds, set_up, told
from tests.support.runs import LOOP, Stage, Steps, clearing, wait_until

CLOCK = 1.0  # seconds: the agents' clocks in these tests
HOUR = 3600
SMALLEST_PIPE = 4096


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with clearing(set_up(tmp_path)) as stage:
        yield stage


def flag(stage: Stage, name: str) -> Path:
    return stage.cache.with_name(name)


def plays_slowly(stage: Stage, *pauses: Steps) -> None:
    """Let the worker of round 1 do something before its work and something else before its report."""
    first, last = pauses
    *work, report = plays("worker", 1)
    reviewer = {str(number): plays("reviewer", number) for number in (1, 2)}
    stage.play({"1": [*first, *work, *last, report], "2": plays("worker", 2)}, reviewer)


def waits(stage: Stage, name: str) -> Steps:
    return [{"touch": str(flag(stage, f"{name}.reached"))}, {"wait_for": str(flag(stage, name))}]


def longer_than_the_clock() -> None:
    time.sleep(1.3 * CLOCK)


# Suspended


def test_a_pm_that_was_suspended_for_longer_than_every_clock_goes_on(stage: Stage):
    plays_slowly(stage, waits(stage, "go"), [])
    process = stage.start("run", "--dispatch-timeout", f"{20 * CLOCK}", "--idle-timeout", f"{CLOCK}")
    wait_until(flag(stage, "go.reached").exists, "the worker")
    process.send_signal(signal.SIGSTOP)
    flag(stage, "go").touch()
    wait_until(told(stage, "decided", 1), "the round, which needs no PM")
    wait_until(lambda: not playing(stage), "its end")
    longer_than_the_clock()
    looked = stage.loop("health", "--json")
    assert (looked.code, json.loads(looked.out)["pm"]["pulse"]) == (11, "stale")
    assert f"it is suspended; kill -CONT {process.pid}" in stage.loop("health").out
    assert f"it is suspended; kill -CONT {process.pid}" in stage.loop("status").out
    process.send_signal(signal.SIGCONT)
    ends_as_undisturbed(stage, stage.end(process))
    assert stage.paid == (2, 2)


def test_what_an_agent_printed_while_its_round_was_suspended_is_not_silence(stage: Stage):
    plays_slowly(stage, waits(stage, "go"), waits(stage, "end"))
    process = stage.start("run", "--idle-timeout", f"{CLOCK}")
    wait_until(flag(stage, "go.reached").exists, "the worker")
    [pid] = playing(stage)
    os.kill(pid, signal.SIGSTOP)
    flag(stage, "go").touch()
    wait_until(flag(stage, "end.reached").exists, "its work")
    longer_than_the_clock()
    os.kill(pid, signal.SIGCONT)
    flag(stage, "end").touch()
    ends_as_undisturbed(stage, stage.end(process))
    assert stage.paid == (2, 2)


def test_an_agent_that_needs_longer_than_its_time_is_ended_also_by_a_round_that_was_suspended(stage: Stage):
    plays_slowly(stage, waits(stage, "go"), [])
    process = stage.start("run", "--dispatch-timeout", f"{CLOCK}")
    wait_until(flag(stage, "go.reached").exists, "the worker")
    [pid] = playing(stage)
    os.kill(pid, signal.SIGSTOP)
    longer_than_the_clock()
    os.kill(pid, signal.SIGCONT)
    result = stage.end(process)
    assert (result.code, result.standing["outcome"]) == (9, "timeout")
    flag(stage, "go").touch()
    ends_as_undisturbed(stage, stage.run("--resume", "--dispatch-timeout", "60"))


# Nobody reads what is printed


def clogged(stage: Stage) -> int:
    """Make a pipe that takes nothing any more, at `stage`'s path `pipe`; return the end to be read."""
    os.mkfifo(flag(stage, "pipe"))
    end = os.open(flag(stage, "pipe"), os.O_RDWR | os.O_NONBLOCK)
    fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, SMALLEST_PIPE)
    with suppress(BlockingIOError):
        while True:
            os.write(end, b" " * SMALLEST_PIPE)
    return end


def starts_into(stage: Stage, streams: str, *args: str) -> "subprocess.Popen[str]":
    """Start a run whose `streams` go into the pipe, and return when it waits there for a reader."""
    process = stage.start(
        program=("sh", "-c", f'exec "$@" {streams} "$PIPE"', "sh", *LOOP, "run", *args),
        env={"PIPE": str(flag(stage, "pipe"))},
    )
    wait_until(told(stage, "run_started", 1), "the run")
    return process


STREAMS = [(">", ("--json",)), ("2>", ()), ("2>&1 >", ("--json", "--verbose"))]


@pytest.mark.parametrize(("streams", "args"), STREAMS, ids=lambda each: "" if isinstance(each, tuple) else each)
def test_a_signal_ends_a_run_whose_output_nobody_reads(stage: Stage, streams: str, args: tuple[str, ...]):
    end = clogged(stage)
    process = starts_into(stage, streams, *args)
    process.send_signal(signal.SIGINT)
    result = stage.end(process)
    os.close(end)
    assert (result.code, result.standing["outcome"]) == (130, "interrupted")
    ends_as_undisturbed(stage, go_on(stage))
    assert sum(stage.paid) in (4, 5)


def test_a_stop_file_ends_a_run_whose_output_nobody_reads(stage: Stage):
    end = clogged(stage)
    process = starts_into(stage, ">", "--json")
    (stage.bus / "STOP").touch()
    result = stage.end(process)
    os.close(end)
    assert (result.code, result.standing["outcome"]) == (13, "stopped")
    (stage.bus / "STOP").unlink()
    ends_as_undisturbed(stage, stage.run("--resume"))


def test_a_reader_who_comes_late_misses_nothing(stage: Stage):
    end = clogged(stage)
    process = starts_into(stage, ">", "--json")
    os.set_blocking(end, True)
    heard = b""
    while not (b'"ending"' in heard and heard.endswith(b"\n")):
        heard += os.read(end, SMALLEST_PIPE)
    ends_as_undisturbed(stage, stage.end(process))
    os.close(end)
    told_events = [json.loads(line)["event"] for line in heard.decode().strip().splitlines()]
    assert told_events[0] == "run_started"
    assert [event for event in told_events if event == "decided"] == ["decided"] * 2


# The clock


@pytest.mark.parametrize("seconds", [HOUR, -HOUR], ids=["ahead", "back"])
def test_a_wall_clock_that_jumps_changes_no_decision(stage: Stage, seconds: int):
    offset = flag(stage, "offset")
    jumps: Steps = [{"run": ["sh", "-c", f"echo {seconds} > {offset}"]}]
    plays_slowly(stage, [], jumps)
    limits = ("--timeout", "600", "--dispatch-timeout", "60", "--idle-timeout", "60")
    result = stage.end(stage.start("run", *limits, program=(*jumping.PROGRAM, str(offset))))
    ends_as_undisturbed(stage, result)
    assert stage.paid == (2, 2)
    times = [datetime.fromisoformat(line["at"]).timestamp() for line in result.feed]
    assert abs(times[-1] - times[0] - seconds) < HOUR / 2, "the clock did not jump"
    assert [event for event in result.events("dispatch_ended") if not 0 <= event["seconds"] < HOUR / 2] == []
    assert all(stage.loop(command).code == 0 for command in ("status", "health", "show", "fsck"))


@pytest.mark.parametrize("role", ROLES)
def test_a_run_that_was_cut_off_before_the_clock_was_set_back_is_finished(stage: Stage, role: str):
    offset = flag(stage, "offset")
    offset.write_text(f"{HOUR}", encoding="utf-8")
    process = stage.start("run", program=(*jumping.PROGRAM, str(offset)))
    wait_until(told(stage, "dispatch_started", 1, role), f"the {role}")
    for pid in (*rounds(stage), process.pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    stage.end(process)
    ends_as_undisturbed(stage, go_on(stage))
    assert sum(stage.paid) in (4, 5)
