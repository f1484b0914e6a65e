"""A run taken back through the real command."""

import json
from pathlib import Path

import pytest

from loop_kit.bus.lock import Lock
from tests.support.planted import plant
from tests.support.runs import Stage, objects, works


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A stage whose branch `feature` holds an approved change of app.txt; `main` is where it began."""
    stage = Stage.set_up(tmp_path)
    stage.git("switch", "--quiet", "--create", "feature")
    assert stage.run().code == 0
    return stage


def test_undo_takes_the_branch_back_and_keeps_what_was_there(stage: Stage):
    base, head = stage.git("rev-parse", "main"), stage.head
    (stage.root / "mine.txt").write_text("untracked\n", encoding="utf-8")
    mark = plant(stage.root, filters=False)
    result = stage.loop("undo", "--yes")
    assert result.code == 0, result.err
    assert not mark.exists(), mark.read_text(encoding="utf-8")
    assert (stage.head, stage.git("branch", "--show-current")) == (base, "feature")
    assert (stage.root / "app.txt").read_text(encoding="utf-8") == "one\n"
    assert (stage.root / "mine.txt").exists()
    assert stage.refs()["refs/loop/T-1/r0/undone"] == head
    command = next(line for line in result.out.splitlines() if "get it back" in line).partition("git ")[2]
    stage.git(*command.split())
    assert stage.head == head


def test_undo_asks_and_nobody_there_is_a_no(stage: Stage):
    head = stage.head
    result = stage.loop("undo")
    assert (result.code, "standard input is not a terminal" in result.err) == (2, True)
    assert stage.head == head


def test_undo_refuses_a_dirty_tree_and_another_branch_and_a_second_time(stage: Stage):
    (stage.root / "app.txt").write_text("dirty\n", encoding="utf-8")
    assert stage.loop("undo", "--yes").code == 4
    stage.git("checkout", "--quiet", "app.txt")
    stage.git("switch", "--quiet", "main")
    other = stage.loop("undo", "--yes")
    assert (other.code, "git switch feature, then: loop undo" in other.err) == (3, True)
    stage.git("switch", "--quiet", "feature")
    assert json.loads(stage.loop("undo", "--yes", "--json").out)["kept_as"] == "refs/loop/T-1/r0/undone"
    assert "nothing to undo" in stage.loop("undo", "--yes").out


def test_neither_moves_a_branch_while_a_run_holds_it(stage: Stage):
    with Lock.acquire(stage.bus / "lock", purpose="a test", now="2025-01-31T08:00:00.000Z"):
        assert stage.loop("undo", "--yes").code == 5
        assert stage.loop("accept", "--into", "main").code == 5


def test_unfinished_work_can_be_taken_back_too(tmp_path: Path):
    stage = Stage.set_up(tmp_path, worker=[works("three\n")], reviewer=[objects()])
    base = stage.head
    stage.run("--max-rounds", "1")
    assert stage.loop("undo", "--yes").code == 0
    assert stage.head == base
