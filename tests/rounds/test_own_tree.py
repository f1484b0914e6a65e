"""`loop run --worktree`: a tree of the run's own, its result a branch, and the person's tree left alone."""

import json
import shutil
import signal
from pathlib import Path

from loop_kit.errors import EXIT_CODES, Outcome
from tests.support.repos import git
from tests.support.runs import Stage, approves, nothing_left, objects, wait_until, works


def _as_it_is(stage: Stage) -> tuple[bytes, str, str]:
    index = stage.root / ".git" / "index"
    return index.read_bytes(), git(stage.root, "rev-parse", "HEAD"), git(stage.root, "status", "--short")


def test_the_result_is_a_branch_and_the_person_s_tree_stays_as_it_is(tmp_path: Path):
    stage = Stage.set_up(tmp_path, worker=[works("half\n"), works()], reviewer=[objects(), approves()])
    (stage.root / "README.md").write_text("being edited\n", encoding="utf-8")
    before = _as_it_is(stage)
    result = stage.run("--worktree")
    assert result.code == 0, result.err
    assert _as_it_is(stage) == before
    assert git(stage.root, "show", "loop/T-1:app.txt") == "two"
    assert git(stage.root, "rev-parse", "loop/T-1") == git(stage.root, "rev-parse", "refs/loop/T-1/r2/head")
    summary = stage.bus / "runs" / "T-1" / "summary.json"
    assert (summary.exists(), f"  summary:     {summary}" in result.out.splitlines()) == (True, True)
    assert not (stage.bus / "state.json").exists()
    nothing_left(stage)


def test_accept_puts_it_on_the_person_s_branch(tmp_path: Path):
    stage = Stage.set_up(tmp_path, worker=[works()], reviewer=[approves()])
    assert stage.run("--worktree").code == 0
    accepted = stage.loop("accept", "T-1", "--into", "main")
    assert accepted.code == 0, accepted.err
    assert (stage.root / "app.txt").read_text(encoding="utf-8") == "two\n"


def test_a_run_that_was_interrupted_goes_on_in_its_tree(tmp_path: Path):
    stage = Stage.set_up(
        tmp_path, worker={"*": [{"edit": {"app.txt": "half\n"}}, {"sleep": 100}]}, reviewer=[approves()]
    )
    process = stage.start("run", "--worktree")
    tree = wait_until(lambda: _half_done(stage), "half the work")
    process.send_signal(signal.SIGINT)
    assert stage.end(process).code == EXIT_CODES[Outcome.INTERRUPTED]
    assert git(
        stage.root, "show", git(stage.root, "for-each-ref", "--format=%(refname)", "refs/loop/T-1/r1/") + ":app.txt"
    )
    assert tree.exists()
    stage.play({"*": [{"commit": "Go on"}, {"report": {}}]}, {"*": approves()})
    result = stage.run("--resume")
    assert result.code == 0, result.err
    assert git(stage.root, "show", "loop/T-1:app.txt") == "half"
    assert not tree.exists()
    nothing_left(stage)


def test_a_tree_that_is_gone_is_made_again(tmp_path: Path):
    stage = Stage.set_up(tmp_path, worker=[works("half\n"), works()], reviewer=[objects(), approves()])
    assert stage.run("--worktree", "--single-round").code == EXIT_CODES[Outcome.CHANGES_REQUIRED]
    (tree,) = _trees(stage)
    shutil.rmtree(tree)
    result = stage.run("--resume")
    assert result.code == 0, result.err
    assert git(stage.root, "show", "loop/T-1:app.txt") == "two"


def test_a_branch_that_somebody_else_has_moved_is_left_alone(tmp_path: Path):
    stage = Stage.set_up(tmp_path, worker=[works("half\n"), works()], reviewer=[objects(), approves()])
    assert stage.run("--worktree", "--single-round").code == EXIT_CODES[Outcome.CHANGES_REQUIRED]
    other = git(stage.root, "commit-tree", "HEAD^{tree}", "-m", "mine")
    git(stage.root, "branch", "-f", "loop/T-1", other)
    result = stage.run("--resume")
    assert result.code == EXIT_CODES[Outcome.NEEDS_PERSON]
    assert "loop/T-1 is at" in result.err
    assert git(stage.root, "rev-parse", "loop/T-1") == other


def test_two_runs_side_by_side_while_the_person_commits(tmp_path: Path):
    stage = Stage.set_up(tmp_path, worker={"*": [{"sleep": 0.3}, *works()]}, reviewer={"*": approves()})
    for number in (1, 2):
        card = {"task_id": f"T-{number}", "goal": "app.txt says two.", "acceptance_criteria": []}
        (stage.bus / "tasks").mkdir(exist_ok=True)
        (stage.bus / "tasks" / f"T-{number}.json").write_text(json.dumps(card), encoding="utf-8")
    first = stage.start("run", "--worktree", "--task", "T-1")
    second = stage.start("run", "--worktree", "--task", "T-2")
    wait_until(lambda: len(_trees(stage)) == 2, "two trees")
    (stage.root / "mine.txt").write_text("mine\n", encoding="utf-8")
    git(stage.root, "add", "mine.txt")
    git(stage.root, "commit", "-q", "-m", "Mine")
    mine = git(stage.root, "rev-parse", "HEAD")
    ends = [stage.end(first), stage.end(second)]
    assert [end.code for end in ends] == [0, 0], "\n".join(end.err for end in ends)
    assert git(stage.root, "rev-parse", "HEAD") == mine
    assert git(stage.root, "status", "--short") == ""
    for number in (1, 2):
        assert git(stage.root, "show", f"loop/T-{number}:app.txt") == "two"
        assert stage.loop("accept", f"T-{number}", "--into", "main").code == 0
    assert (stage.root / "mine.txt").exists()
    nothing_left(stage)


def _trees(stage: Stage) -> list[Path]:
    folder = stage.state_home / "loop-kit" / "trees"
    names = (path for path in folder.iterdir() if path.suffix == "") if folder.is_dir() else ()
    return [path for path in names if (path / ".git").is_dir()]


def _half_done(stage: Stage) -> Path | None:
    return next((tree for tree in _trees(stage) if (tree / "app.txt").read_text(encoding="utf-8") == "half\n"), None)
