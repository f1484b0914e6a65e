"""People in both roles, through the real command: one process waits, others answer."""

import json
import signal
import time
from pathlib import Path

import pytest

from tests.cli.handwork import by_hand, interrupted_while_waiting, says, waiting, work
from tests.support.repos import commit
from tests.support.runs import Stage, nothing_left, wait_until

ME = {"GIT_AUTHOR_EMAIL": "author@example.invalid", "GIT_AUTHOR_NAME": "Me"}


@pytest.fixture
def stage(tmp_path: Path):
    with by_hand(tmp_path) as stage:
        yield stage


def test_a_whole_round_by_hand_needs_no_json(stage: Stage):
    run = stage.start("run")
    wait_until(waiting(stage), "the wait for work")
    work(stage, "three\n")
    says(stage.loop("submit", "--notes", "Done.", "--test", "make test=pass"), "next: the review", code=0)
    required = ("--change", "app.txt:1", "--reason", "It says three.", "--required", "Say two.", "--severity", "low")
    says(stage.loop("review", *required), "1 change required", "round 2", code=0)
    wait_until(waiting(stage, round_number=2), "the second round")
    work(stage)
    says(stage.loop("submit"), code=0)
    says(stage.loop("review", "--approve", "--suggest", "Say it louder."), "approved", code=0)
    result = stage.end(run)
    says(result, "T-1: approved", "after 2 rounds", "waiting for you, the worker", "loop submit", code=0)
    assert "loop review --approve" in result.err
    first = json.loads((stage.bus / "archive/T-1/r1_work_report.json").read_text(encoding="utf-8"))
    assert (first["files_changed"], first["notes"]) == (["app.txt"], "Done.")
    assert first["tests"] == [{"name": "make test", "result": "pass"}]
    fixes = stage.read("fix_list") or {}
    issue = {"severity": "low", "file": "app.txt:1", "reason": "It says three.", "required_change": "Say two."}
    assert fixes["fixes"] == [issue]
    assert (result.summary or {})["suggestions"] == ["Say it louder."]
    nothing_left(stage)


def test_an_answer_is_taken_within_three_tenths_of_a_second(stage: Stage):
    run = stage.start("run", "--single-round")
    wait_until(waiting(stage), "the wait for work")
    head = work(stage)
    report = {"task_id": "T-1", "round": 1, "head_sha": head}
    (stage.bus / "work_report.json").write_text(json.dumps(report), encoding="utf-8")
    began = time.monotonic()
    wait_until(lambda: stage.look().events("verified"), "the look at the work")
    assert time.monotonic() - began < 0.3 + 0.7  # the verification itself, on a busy machine
    run.send_signal(signal.SIGINT)
    assert stage.end(run).code == 130


def test_a_person_is_waited_for_without_a_limit_unless_one_is_set(stage: Stage):
    says(stage.run("--timeout", "0.5"), "longer than --timeout 0.5 s", code=9)
    says(stage.run("--resume", "--timeout", "0", "--artifact-timeout", "0.2"), "--artifact-timeout 0.2 s", code=9)


def test_a_stop_file_ends_the_wait(stage: Stage):
    run = stage.start("run")
    wait_until(waiting(stage), "the wait for work")
    (stage.bus / "STOP").touch()
    says(stage.end(run), "asks for a stop", code=13)


@pytest.mark.parametrize(
    ("config", "args", "people"),
    [
        ("", (), ["worker", "reviewer"]),
        ('[run]\nworker_backend = "script"', (), ["reviewer"]),
        ("", ("--reviewer-backend", "script"), ["worker"]),
        ("", ("--reviewers", "script"), ["worker"]),
        ('[roles.worker]\nbackend = "script"', (), ["reviewer"]),
        ('[run]\nauto_dispatch = true\nworker_backend = "script"', ("--no-auto-dispatch",), ["worker", "reviewer"]),
    ],
)
def test_who_is_a_person_stands_in_the_manifest(stage: Stage, config: str, args: tuple[str, ...], people: list[str]):
    stage.configure(f'{config}\n[backends.script]\nscript = "script.json"\n')
    stage.run(*args, "--artifact-timeout", "0.01", "--max-rounds", "1")
    manifest = json.loads((stage.bus / "archive/T-1/r0_manifest.json").read_text(encoding="utf-8"))
    assert manifest["people"] == people


def test_a_person_may_review_what_a_program_did(stage: Stage):
    stage.configure('[run]\nworker_backend = "script"\n[backends.script]\nscript = "script.json"\n')
    run = stage.start("run")
    wait_until(waiting(stage, "awaiting_review"), "the wait for a review")
    says(stage.loop("submit"), "the worker of T-1 is a program (script)", code=3)
    says(stage.loop("review", "--approve", "--json", env=ME), '"self_review": false', code=0)
    says(stage.end(run), "approved", code=0)
    assert stage.paid == (1, 0)


def test_a_report_handed_in_between_two_runs_is_taken_by_the_next(stage: Stage):
    interrupted_while_waiting(stage)
    says(stage.loop("review", "--approve"), "awaits the work, not a review", code=3)
    work(stage)
    stage.loop("submit")
    says(stage.loop("review", "--approve"), "has not been looked at yet", "loop run --resume", code=3)
    process = stage.start("run", "--resume")
    wait_until(waiting(stage, "awaiting_review"), "the wait for a review")
    process.send_signal(signal.SIGINT)
    stage.end(process)
    says(stage.loop("submit"), "awaits its review", code=3)
    says(stage.loop("review", "--change", "gone.txt:3", "--reason", "No."), "gone.txt:3 is neither in", code=0)
    says(stage.run("--single-round", "--round", "2"), "the run stands in round 1", code=2)
    says(stage.run("--single-round", "--round", "1"), "changes required", code=10)
    assert (stage.read("fix_list") or {})["round"] == 2


def test_a_single_round_that_is_approved_ends_with_zero(stage: Stage):
    says(stage.run("--single-round", "--round", "2"), "a new run begins with round 1", code=2)
    run = stage.start("run", "--single-round")
    wait_until(waiting(stage), "the wait for work")
    work(stage)
    stage.loop("submit")
    stage.loop("review", "--approve")
    says(stage.end(run), "approved", code=0)


def test_nobody_waits_for_an_answer_when_there_is_no_run(stage: Stage):
    for command in (("submit",), ("review", "--approve")):
        says(stage.loop(*command), "no run is waiting for anybody", code=3)


# The base


def test_commits_made_before_the_run_count_from_the_base(stage: Stage):
    base = stage.head
    work(stage)
    (stage.root / "app.txt").write_text("two and a half\n", encoding="utf-8")
    stage.git("commit", "--quiet", "--all", "--message", "More")
    run = stage.start("run", "--base", "HEAD~2")
    wait_until(waiting(stage), "the wait for work")
    says(stage.loop("submit"), code=0)
    says(stage.loop("review", "--approve"), code=0)
    result = stage.end(run)
    assert (result.code, result.standing["base_sha"]) == (0, base)
    assert len((result.summary or {})["commits"]) == 2


@pytest.mark.parametrize(
    ("base", "sentence"), [("nowhere", "git knows no such commit"), ("other", "is not in the history of main")]
)
def test_a_base_that_cannot_be_one_is_refused(stage: Stage, base: str, sentence: str):
    stage.git("switch", "--quiet", "--orphan", "other")
    commit(stage.root, {"else.txt": "x\n"})
    stage.git("switch", "--quiet", "main")
    says(stage.run("--base", base), sentence, code=3)
    says(stage.run("--base", base, "--resume"), "--base is for a new run", code=2)
