import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.commands import LOOP, loop
from tests.support.repos import commit, git, make_repo
from tests.support.runs import wait_until
from tests.support.terminals import Terminal

SAYS = f"{sys.executable} -c \"import sys; text = open('app.txt').read(); print(text); sys.exit(text != 'two\\\\n')\""


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """Return a repository whose check fails at the first commit and passes at the second."""
    repo = make_repo(tmp_path / "repo", {"app.txt": "one\n"})
    commit(repo, {"app.txt": "two\n"})
    assert loop("init", cwd=repo).code == 0
    configure(repo, says=SAYS)
    return repo


def configure(repo: Path, *, more: str = "", **runs: str) -> None:
    tables = "".join(f"[checks.{name}]\nrun = {json.dumps(line)}\n" for name, line in runs.items())
    (repo / ".loop" / "config.toml").write_text(f"{more}\n{tables}", encoding="utf-8")


def trees(repo: Path) -> int:
    return len(git(repo, "worktree", "list", "--porcelain").split("\n\n"))


def cache() -> Path:
    return Path(os.environ["XDG_CACHE_HOME"]) / "loop-kit"


def test_a_commit_that_the_checks_bear_out_is_exit_0(repo: Path):
    done = loop("check", cwd=repo)
    head = git(repo, "rev-parse", "HEAD")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[0].startswith("says (")
    assert done.out.splitlines()[-1] == f"{head[:7]}: the checks pass"
    assert trees(repo) == 1
    assert list(cache().glob("check-*")) == []


def test_an_earlier_commit_is_tried_and_its_output_is_kept(repo: Path):
    done = loop("check", "--at", "HEAD~1", cwd=repo)
    base = git(repo, "rev-parse", "HEAD~1")
    assert done.code == 10
    assert "  | one" in done.out.splitlines()
    assert f"{base[:7]}: a check fails" in done.out
    log = next(line for line in done.out.splitlines() if "full output" in line).partition(": ")[2]
    assert Path(log).read_text(encoding="utf-8") == "one\n\n"


def test_the_evidence_is_that_of_a_run(repo: Path):
    done = loop("check", "--json", "--at", "HEAD~1", cwd=repo)
    evidence = json.loads(done.out)
    assert (done.code, evidence["verified"]) == (10, False)
    assert evidence["tree"] == git(repo, "rev-parse", "HEAD~1^{tree}")
    assert [check["result"] for check in evidence["checks"]] == ["fail"]


def test_what_is_not_committed_is_not_tried_and_that_is_said(repo: Path):
    (repo / "app.txt").write_text("three\n", encoding="utf-8")
    done = loop("check", cwd=repo)
    assert (done.code, done.err) == (0, "uncommitted changes are not checked\n")
    assert (repo / "app.txt").read_text(encoding="utf-8") == "three\n"


def test_the_checks_of_a_card_are_run_too(repo: Path):
    checks = [{"name": "four", "run": "grep -q four app.txt"}]
    card = {"task_id": "T-1", "goal": "Four.", "acceptance_criteria": ["Four."], "checks": checks}
    (repo / ".loop" / "task_card.json").write_text(json.dumps(card), encoding="utf-8")
    done = loop("check", cwd=repo)
    assert (done.code, "four (grep -q four app.txt): failed" in done.out) == (10, True)
    (repo / ".loop" / "task_card.json").unlink()
    assert loop("check", cwd=repo).code == 0


def test_a_card_is_found_by_its_id(repo: Path):
    assert loop("new", "--goal", "Four.", "--check", "grep -q four app.txt", cwd=repo).code == 0
    assert loop("check", "--task", "T-001", cwd=repo).code == 10
    assert loop("check", "--task", "T-002", cwd=repo).code == 3


def test_checks_that_cannot_be_tried_prove_nothing(repo: Path):
    configure(repo, says=SAYS, more='[prepare]\nlink = ["node_modules"]\n')
    done = loop("check", cwd=repo)
    assert (done.code, "a check fails" in done.out) == (10, True)
    assert "prepare" in done.out
    (repo / "lib").mkdir()
    configure(repo, flips="test -e ../seen || { touch ../seen; exit 1; }")
    done = loop("check", cwd=repo)
    assert (done.code, "not verified" in done.out) == (11, True)


def test_without_a_check_it_says_where_they_are_named(repo: Path):
    configure(repo)
    done = loop("check", cwd=repo)
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("loop: no check is configured\n")


def test_what_names_no_commit_is_one_sentence(repo: Path):
    done = loop("check", "--at", "nothing", cwd=repo)
    assert (done.code, done.out, "'nothing' names no commit" in done.err) == (3, "", True)


def test_ctrl_c_ends_the_check_and_leaves_nothing(repo: Path):
    marker = repo / ".loop" / "runs"
    configure(repo, stays=f"touch {marker}; sleep 100")
    with Terminal([*LOOP, "check"], cwd=repo) as terminal:
        terminal.wait_for("stays (")
        wait_until(marker.exists, "the check")
        terminal.type("\x03")
        assert terminal.wait() == 130
    assert "loop: the checks were stopped" in terminal.text
    assert trees(repo) == 1
    assert list(cache().glob("check-*")) == []


def test_one_check_at_a_time_and_what_a_killed_one_left_is_taken_away(repo: Path):
    marker = repo / ".loop" / "runs"
    configure(repo, stays=f"echo $$ > {marker}.new; mv {marker}.new {marker}; sleep 100")
    with Terminal([*LOOP, "check"], cwd=repo) as terminal:
        wait_until(marker.exists, "the check")
        assert loop("check", cwd=repo).code == 5
        terminal.process.kill()
        terminal.process.wait()
    pid = int(marker.read_text(encoding="utf-8"))
    assert trees(repo) == 2
    configure(repo, says=SAYS)
    assert loop("check", cwd=repo).code == 0
    assert trees(repo) == 1
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "the end of what the killed one started")


def test_what_a_check_that_was_killed_had_prepared_is_made_anew(repo: Path, tmp_path: Path):
    begun, goes_on = tmp_path / "begun", tmp_path / "goes-on"
    configure(
        repo,
        more='[prepare]\nrun = "mkdir -p deps && touch deps/made"\nfiles = ["app.txt"]\n',
        waits=f"test -e deps/made && test ! -e deps/planted && touch {begun} && {{ test -e {goes_on} || sleep 60; }}",
    )
    with subprocess.Popen([*LOOP, "check"], cwd=repo, stdout=subprocess.DEVNULL) as process:
        wait_until(begun.exists, "the check")
        process.kill()
    (tree,) = cache().glob("check-*/checks-*/")
    (tree / "deps/planted").touch()
    goes_on.touch()
    assert loop("check", cwd=repo).code == 0
