"""An approved change taken over, and a run taken back, through the real command."""

import json
from pathlib import Path

import pytest

from tests.support.planted import plant
from tests.support.repos import commit
from tests.support.runs import Stage, nothing_left, objects


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A stage whose branch `feature` holds an approved change of app.txt; `main` is where it began."""
    stage = Stage.set_up(tmp_path)
    stage.git("switch", "--quiet", "--create", "feature")
    assert stage.run().code == 0
    return stage


def test_without_a_branch_the_change_is_shown_and_stays_where_it_is(stage: Stage):
    before = stage.git("for-each-ref")
    result = stage.loop("accept")
    assert result.code == 0
    assert "T-1: approved after 1 round," in result.out
    assert "app.txt" in result.out
    assert "it is on feature, which stays as it is" in result.out
    assert stage.git("for-each-ref") == before


@pytest.mark.parametrize(("how", "parents"), [("--merge", 2), ("--squash", 1)])
@pytest.mark.parametrize("checked_out", ["feature", "main"])
def test_a_change_is_taken_over_onto_the_branch_that_is_named(stage: Stage, how: str, parents: int, checked_out: str):
    tree, head = stage.git("rev-parse", "feature^{tree}"), stage.git("rev-parse", "feature")
    stage.git("switch", "--quiet", checked_out)
    mark = plant(stage.root, filters=False)
    result = stage.loop("accept", "--into", "main", how)
    assert result.code == 0, result.err
    assert not mark.exists(), mark.read_text(encoding="utf-8")
    nothing_left(stage)
    assert stage.git("rev-parse", "main^{tree}") == tree
    assert len(stage.git("log", "-1", "--format=%P", "main").split()) == parents
    message = stage.git("log", "-1", "--format=%B%ae", "main")
    assert "T-1: app.txt says two." in message
    assert f"Loop-Task: T-1\nLoop-Rounds: 1\nLoop-Tree: {tree}\n" in message
    assert message.endswith("owner@example.invalid")
    assert stage.git("rev-parse", "feature") == head
    assert stage.git("status", "--porcelain", "--untracked-files=no") == ""
    again = stage.loop("accept", "--into", "main", how)
    assert (again.code, "holds the change already" in again.out) == (0, True)


def test_ids_may_be_longer_than_gitpython_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GIT_DEFAULT_HASH", "sha256")
    stage = Stage.set_up(tmp_path)
    stage.git("switch", "--quiet", "--create", "feature")
    assert stage.run().code == 0
    assert len(stage.head) == 64
    result = stage.loop("accept", "--into", "main")
    assert result.code == 0, result.err
    assert stage.git("rev-parse", "main^2") == stage.head


def test_a_branch_with_commits_of_its_own_gets_both_and_is_told(stage: Stage):
    stage.git("switch", "--quiet", "main")
    commit(stage.root, {"else.txt": "x\n"})
    stage.git("switch", "--quiet", "feature")
    result = stage.loop(
        "accept", "--into", "main", "--message", "Mine", "--json", env={"GIT_AUTHOR_EMAIL": "a@b.invalid"}
    )
    assert json.loads(result.out)["taken"]["exact"] is False
    assert stage.git("show", "main:else.txt") == "x"
    assert stage.git("show", "main:app.txt") == "two"
    assert stage.git("log", "-1", "--format=%s %ae", "main") == "Mine a@b.invalid"


def test_a_conflict_changes_nothing(stage: Stage):
    stage.git("switch", "--quiet", "main")
    commit(stage.root, {"app.txt": "zwei\n"})
    before = stage.git("for-each-ref"), stage.git("status", "--porcelain")
    result = stage.loop("accept", "--into", "main")
    assert result.code == 11
    assert "contradict each other in 1 file: app.txt" in result.err
    assert (stage.git("for-each-ref"), stage.git("status", "--porcelain")) == before


def test_what_moved_since_the_approval_is_not_taken_over(stage: Stage):
    approved = stage.head
    commit(stage.root, {"app.txt": "three\n"})
    on_top = stage.loop("accept", "--into", "main")
    assert (on_top.code, f"has 1 commit(s) on top of {approved[:12]}" in on_top.err) == (11, True)
    stage.git("reset", "--quiet", "--hard", "main")
    gone = stage.loop("accept", "--into", "main")
    assert (gone.code, "no longer holds" in gone.err) == (11, True)
    assert "git merge refs/loop/T-1/r1/head" in gone.err


def test_a_dirty_tree_is_not_taken_over(stage: Stage):
    (stage.root / "app.txt").write_text("dirty\n", encoding="utf-8")
    result = stage.loop("accept", "--into", "main")
    assert (result.code, "that nobody reviewed: app.txt" in result.err) == (4, True)


def test_a_branch_that_is_checked_out_elsewhere_is_left_alone(stage: Stage):
    elsewhere = stage.root.parent / "elsewhere"
    stage.git("worktree", "add", "--quiet", str(elsewhere), "main")
    result = stage.loop("accept", "--into", "main")
    assert (result.code, f"main is checked out in {elsewhere}" in result.err) == (3, True)


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("--into", "mian"), "there is no such branch"),
        (("--into", "feature"), "the change is on feature already"),
        (("--squash",), "need --into"),
    ],
)
def test_a_wrong_wish_is_a_wrong_usage(stage: Stage, args: tuple[str, ...], sentence: str):
    result = stage.loop("accept", *args)
    assert (result.code, sentence in result.err) == (2, True)


def test_what_is_not_approved_is_not_accepted(tmp_path: Path):
    stage = Stage.set_up(tmp_path, reviewer=[objects()])
    nothing = stage.loop("accept")
    assert (nothing.code, "there is no run" in nothing.err) == (3, True)
    stage.run("--max-rounds", "1")
    result = stage.loop("accept")
    assert (result.code, "T-1 is not approved: 1 round ended without approval" in result.err) == (11, True)
