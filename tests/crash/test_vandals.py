"""Agents that break what they stand on, or shout: the run ends by its name, and nothing that git holds is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.crashes import ends_as_undisturbed, plays, set_up
from tests.support.runs import Stage, Steps, clearing, nothing_left

SENT = 100 * 1024 * 1024
SHOUTING = 300.0  # seconds
# One line of 100 MB, as much again in lines, and bytes that are no text.
SHOUTS = f"""
import os
for block, times in ((b"x" * 65536, {SENT // 65536}), (b"\\n" + b"y" * 1023, {SENT // 1024}), (b"\\0\\xff\\n", 1000)):
    for _ in range(times):
        left = memoryview(block)
        while left:
            left = left[os.write(1, left):]
"""
# The report in two halves, of which the first alone is no document.
HALVES = """
import json, os, pathlib, subprocess, sys, time
head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True).stdout.strip()
text = json.dumps({"task_id": "T-1", "round": int(os.environ["LOOP_ROUND"]), "head_sha": head, "files_changed": []})
with pathlib.Path(os.environ["LOOP_REPORT"]).open("w") as file:
    for half in (text[:20], text[20:]):
        file.write(half)
        file.flush()
        time.sleep(0.3)
"""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with clearing(set_up(tmp_path)) as stage:
        yield stage


def with_worker(stage: Stage, *calls: Steps) -> None:
    """Let the worker do `calls` one after the other, and then the work of round 2."""
    stage.play([*calls, plays("worker", 2)], {str(number): plays("reviewer", number) for number in (1, 2)})


@pytest.mark.timeout(2 * SHOUTING)
def test_a_run_hears_an_agent_that_prints_two_hundred_megabytes_and_no_text(stage: Stage):
    program = stage.cache.with_name("shout.py")
    program.write_text(SHOUTS, encoding="utf-8")
    # Past the stand-in's own capture: into the pipe that loop reads.
    shouts: Steps = [{"run": ["sh", "-c", f"exec python3 {program} > /proc/$PPID/fd/1"]}]
    with_worker(stage, [*shouts, *plays("worker", 1)])
    stage.patience = SHOUTING
    result = stage.end(stage.start("run"))
    ends_as_undisturbed(stage, result)
    assert stage.paid == (2, 2)
    logs = sum(path.stat().st_size for path in (stage.bus / "logs").rglob("*") if path.is_file())
    assert logs < SENT / 2, "what an agent prints is kept without a bound"


def test_a_report_that_is_written_in_two_halves_is_read_when_it_is_whole(stage: Stage):
    *work, _report = plays("worker", 1)
    halves: Steps = [{"run": ["{python}", "-c", HALVES]}]
    stage.play(
        {"1": [*work, *halves], "2": plays("worker", 2)}, {str(number): plays("reviewer", number) for number in (1, 2)}
    )
    ends_as_undisturbed(stage, stage.run())
    assert stage.paid == (2, 2)


DELETIONS = {
    "git clean": ["git", "clean", "-fdxq"],
    "rm": ["rm", "-rf", ".loop"],
}


@pytest.mark.parametrize("handed_in", [True, False], ids=["then reports", "has reported"])
@pytest.mark.parametrize("deletion", DELETIONS.values(), ids=DELETIONS)
def test_an_agent_that_deletes_the_bus_stops_the_run_and_loses_nothing_that_git_has(
    stage: Stage, deletion: list[str], *, handed_in: bool
):
    script = _script_elsewhere(stage)
    *work, report = plays("worker", 1)
    if handed_in:
        with_worker(stage, [*work, {"run": deletion}, report])
    else:
        with_worker(stage, [*work, report, {"run": deletion}], plays("worker", 1))
    script.write_bytes(stage.script.read_bytes())
    result = stage.run()
    assert (result.code, result.standing["outcome"]) == (11, "needs_person"), result.err
    assert "was deleted while the worker was at work (git clean -x does that)" in result.err
    assert "loop run --resume goes on" in result.err
    assert stage.git("log", "--format=%s") == "Round 1\nStart"
    assert stage.git("status", "--porcelain") == ""
    result = stage.run("--resume")
    assert (result.code, result.standing["outcome"], result.standing["round"]) == (0, "approved", 2), result.err
    assert stage.git("log", "--format=%s") == "Round 2\nRound 1\nStart"
    paid = [path.name for path in script.with_name("script.json.calls").glob("worker-*.json")]
    assert len(paid) == (2 if handed_in else 3)
    nothing_left(stage)


def test_the_fix_list_of_a_later_round_outlives_the_bus(stage: Stage):
    script = _script_elsewhere(stage)
    deletes: Steps = [{"run": ["rm", "-rf", ".loop"]}]
    with_worker(stage, plays("worker", 1), deletes)
    script.write_bytes(stage.script.read_bytes())
    assert stage.run().code == 11
    assert "r2_fix_list.json" in stage.archived()
    result = stage.run("--resume")
    assert (result.code, result.standing["outcome"]) == (0, "approved"), result.err


def _script_elsewhere(stage: Stage) -> Path:
    """Let the agents follow a script that does not lie on the bus."""
    script = stage.cache.with_name("script.json")
    config = (stage.bus / "config.toml").read_text(encoding="utf-8")
    stage.configure(config.replace('"script.json"', f'"{script}"'))
    return script


@pytest.mark.parametrize("what", [".git", ". .loop .git"], ids=["the repository", "the whole tree"])
def test_a_worker_that_deletes_the_repository_stops_the_run_with_a_sentence(stage: Stage, what: str):
    script = _script_elsewhere(stage)
    with_worker(stage, [{"run": ["sh", "-c", f"rm -rf -- * {what} 2>/dev/null; true"]}])
    script.write_bytes(stage.script.read_bytes())
    result = stage.run()
    assert (result.code, "not a git repository" in result.err) == (11, True), result.err
    assert stage.leftovers() == {}
    again = stage.run("--resume")
    assert (again.code, "is in no git repository\n  run loop inside a repository" in again.err) == (3, True), again.err
