"""Models that fail: the program says it in its own way, loop by its name, on its own clock and with its own exit code."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.agents.cases import CASES
from tests.agents.programs import CODEX, PROGRAMS, Program, ending
from tests.agents.script import Fault, Play, Say
from tests.agents.staging import GREETING, RIGHT, LiveStage, dispatches, playing, works
from tests.support.runs import Result, nothing_left

each_program = pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
WORKER = ("worker", 1)
# Told how long to wait, and not told, but for those that try again by themselves for minutes then.
BUSY = {
    f"{name}-{'not-told' if told is None else 'told'}": (program, told)
    for name, program in PROGRAMS.items()
    for told in (None, 1)
    if told is not None or program.told_to_wait is None
}


def approved(stage: LiveStage, result: Result) -> None:
    assert result.code == 0, result.err
    assert stage.git("show", f"HEAD:{GREETING}") == RIGHT
    nothing_left(stage)


@each_program
@pytest.mark.parametrize("name", CASES)
def test_a_failure_ends_the_run_by_its_name(tmp_path: Path, programs: Path, program: Program, name: str):
    case, ends = CASES[name], ending(program, name)
    fault = replace(case.fault, retry_after=program.told_to_wait)
    play = Play(turns={WORKER: works(RIGHT)}, faults={WORKER: fault})
    with playing(tmp_path, programs, play, worker=program) as (stage, server):
        before = stage.head
        idle = ("--idle-timeout", str(program.silence)) if fault.kind == "silent" else ()
        # What passes is tried again; what does not pass has to end the run although it may be.
        once = ("--dispatch-retries", "0") if ends.failure in ("transient", "truncated", "unknown") else ()
        result = stage.run(*once, *idle, "--quota-wait", "0")
        asked = 2 if ends.failure == "no_document" else 1  # no failure and no document: it is asked once more
        assert dispatches(result, "failure", "how") == [(ends.failure, ends.how)] * asked, result.err
        assert result.code == ends.code
        assert server.requests[0].fault == fault, "the program never came to it"
        assert stage.head == before
        nothing_left(stage)


@pytest.mark.parametrize(("program", "told"), BUSY.values(), ids=BUSY)
def test_a_program_that_was_asked_too_much_is_tried_again(
    tmp_path: Path, programs: Path, program: Program, told: int | None
):
    fault = Fault(kind="status", status=429, retry_after=told, times=program.asks)
    play = Play(turns={WORKER: works(RIGHT)}, faults={WORKER: fault})
    with playing(tmp_path, programs, play, worker=program) as (stage, server):
        result = stage.run("--dispatch-retry-base-sec", "0.5")
        approved(stage, result)
        lost = [] if program.keeps_failed else [("session", 0.0)]
        tries = [(data["failure"], data["wait_seconds"]) for data in result.events("dispatch_retry")]
        wait = told if told is not None and program.says_when else 0.5
        assert tries == [(ending(program, "too-many").failure, wait), *lost]
        assert len([request for request in server.requests if request.fault]) == program.asks


@each_program
def test_a_program_that_forgot_its_document_is_asked_once_more_in_the_same_conversation_if_it_can(
    tmp_path: Path, programs: Path, program: Program
):
    play = Play(turns={WORKER: [Say("All is done.")], (*WORKER, "again"): works(RIGHT)})
    with playing(tmp_path, programs, play, worker=program) as (stage, server):
        result = stage.run()
        approved(stage, result)
        assert dispatches(result, "role", "document") == [("worker", False), ("worker", True), ("reviewer", True)]
        first, again = (data for data in result.events("dispatch_started") if data["role"] == "worker")
        ((session,), *_) = dispatches(result, "session")
        assert (first["session"], again["session"]) == (None, session if program.remembers else None)
        assert again["problems"] == ["work_report.json was not handed in"]
        asked = server.of(*WORKER)[1].asked
        answered = "All is done." in [entry.text for entry in asked.entries if entry.who == "model"]
        assert answered == program.remembers


def test_a_program_that_takes_too_long_is_ended_by_the_clock_of_the_dispatch(tmp_path: Path, programs: Path):
    play = Play(turns={WORKER: works(RIGHT)}, faults={WORKER: Fault(kind="silent")})
    with playing(tmp_path, programs, play, worker=CODEX) as (stage, server):
        result = stage.run("--dispatch-timeout", "4")
        assert (result.code, dispatches(result, "how")) == (9, [("wall_timeout",)])
        assert len(server.requests) == 1
        nothing_left(stage)
