"""Everybody is killed at once, again and again: a run in a tree of its own, and a round with two reviewers, come to the same end.

`tests/support/certificate` proves every state of the disk for the classic run; here each event of the log is a place to die.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from loop_kit.errors import EXIT_CODES, Outcome
from tests.rounds.test_several_reviewers import CONFIG
from tests.support.repos import git
from tests.support.runs import Stage, approves, nothing_left, objects, wait_until, works

EVENTS = range(1, 19)


@pytest.mark.parametrize("event", EVENTS)
def test_a_run_in_a_tree_of_its_own_that_is_killed_is_finished(tmp_path: Path, event: int):
    stage = Stage.set_up(
        tmp_path, worker={"1": works("half\n"), "2": works()}, reviewer={"1": objects(), "2": approves()}
    )
    told = replace(stage, bus=stage.bus / "runs" / "T-1", may_tear=True)
    process = stage.start("run", "--worktree")
    wait_until(lambda: process.poll() is not None or len(told.feed()) >= event, f"{event} events")
    stage.kill_all()
    stage.end(process)
    begun = (told.bus / "state.json").exists() and told.look().standing["state"] != "idle"
    result = stage.run("--resume") if begun else stage.run("--worktree")
    locks = list((stage.root / ".git" / "refs").rglob("*.lock"))
    if (
        result.code == EXIT_CODES[Outcome.NEEDS_PERSON] and locks
    ):  # git itself was killed: the advice is to delete its lock
        assert "a leftover .lock file may be deleted" in result.err
        for lock in locks:
            lock.unlink()
        result = stage.run("--resume")
    assert result.code == 0, result.err
    assert git(stage.root, "show", "loop/T-1:app.txt") == "two"
    assert git(stage.root, "rev-parse", "loop/T-1") == git(stage.root, "rev-parse", "refs/loop/T-1/r2/head")
    assert git(stage.root, "status", "--short") == ""
    assert sum(stage.paid) <= 5, "one call may be cut off, and no other is made twice"
    nothing_left(stage)


@pytest.mark.parametrize("event", range(1, 13))
def test_a_round_with_two_reviewers_that_is_killed_is_finished(tmp_path: Path, event: int):
    stage = replace(Stage.set_up(tmp_path), may_tear=True)
    stage.configure(CONFIG)
    play = {"worker": {"*": works()}, "script": {"*": approves()}, "strict-one": {"*": approves()}}
    stage.script.write_text(json.dumps(play), encoding="utf-8")
    process = stage.start("run")
    wait_until(lambda: process.poll() is not None or len(stage.feed()) >= event, f"{event} events")
    stage.kill_all()
    stage.end(process)
    before = stage.look().state
    if before is None or before["outcome"] != "approved":
        result = stage.run(*(["--resume"] if before is not None and before["state"] != "idle" else []))
        assert result.code == 0, result.err
    kept = " ".join(stage.archived())
    assert ("review_report-script" in kept, "review_report-strict-one" in kept) == (True, True)
    assert stage.look().standing["paying"] == {}
    assert max(len(stage.calls(role)) for role in ("worker", "script", "strict-one")) <= 2, (
        "each is cut off once at most"
    )
    nothing_left(stage)
