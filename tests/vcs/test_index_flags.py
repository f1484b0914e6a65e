from pathlib import Path

import pytest

from loop_kit.model.change import Effect
from loop_kit.vcs.index_flags import _asked, hidden_files
from loop_kit.vcs.repository import Repository
from tests.support.repos import commit, git, make_repo
from tests.vcs.trials import Trial, begin

FILES = dict.fromkeys(("a", "b/c", "b/cd", "é x", "x" * 200, f"{'y' * 255}", "d/" * 30 + "z", "z/" + "w" * 250), "1\n")


@pytest.fixture(params=["2", "3", "4", "split", "sha256", "untracked cache"])
def found(request: pytest.FixtureRequest, tmp_path: Path) -> Repository:
    form = request.param
    tmp_path.joinpath("repo").mkdir()
    if form == "sha256":
        git(tmp_path / "repo", "init", "-q", "--object-format=sha256", "-b", "main")
    repo = make_repo(tmp_path / "repo", FILES)
    if form == "split":
        git(repo, "update-index", "--split-index")
    elif form == "untracked cache":
        git(repo, "update-index", "--force-untracked-cache")
        git(repo, "status")
    elif form != "sha256":
        git(repo, "update-index", "--index-version", form)
    return Repository.find(repo)


def test_flags_are_read_as_git_reads_them(found: Repository):
    head = found.head().sha
    assert hidden_files(found, head) == ()
    git(found.root, "update-index", "--assume-unchanged", "b/c", "é x")
    assert set(hidden_files(found, head)) == {"b/c", "é x"}
    git(found.root, "update-index", "--skip-worktree", "x" * 200, "z/" + "w" * 250)
    assert set(hidden_files(found, head)) == {"b/c", "é x", "x" * 200, "z/" + "w" * 250}
    assert {name.decode() for name in _asked(found)} == set(hidden_files(found, head))
    git(found.root, "update-index", "--no-assume-unchanged", "b/c", "é x")
    assert set(hidden_files(found, head)) == {"x" * 200, "z/" + "w" * 250}


def test_an_index_that_is_no_index_is_left_to_git(tmp_path: Path):
    found = Repository.find(make_repo(tmp_path))
    (found.git_dir / "index").unlink()
    assert hidden_files(found, "1" * 40) == ()


def test_what_a_sparse_checkout_leaves_out_is_not_hidden_and_a_missing_file_is(tmp_path: Path):
    repo = make_repo(tmp_path, {"in/a": "1\n", "out/b": "1\n"})
    found = Repository.find(repo)
    head = found.head().sha
    git(repo, "sparse-checkout", "set", "in")
    assert not (repo / "out").exists()
    assert hidden_files(found, head) == ()
    git(repo, "sparse-checkout", "disable")
    git(repo, "update-index", "--skip-worktree", "in/a")
    (repo / "in/a").unlink()
    assert hidden_files(found, head) == ("in/a",)


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_a_file_that_a_worker_hides_from_git_is_asked_for_again(tmp_path: Path, flag: str):
    trial = begin(tmp_path)
    commit(trial.repo, {"src/a.py": "2\n"})
    git(trial.repo, "update-index", flag, "src/b.py")
    (trial.repo / "src/b.py").write_text("3\n")
    found = trial.findings()
    assert list(found) == ["hidden_from_git"]
    assert (found["hidden_from_git"].effect, found["hidden_from_git"].paths) == (Effect.ASK_AGAIN, ("src/b.py",))
    assert trial.findings(hidden=("src/b.py",)) == {}


def test_a_file_that_is_only_announced_is_an_uncommitted_change(tmp_path: Path):
    trial = begin(tmp_path)
    commit(trial.repo, {"src/a.py": "2\n"})
    (trial.repo / "new").write_text("1\n")
    git(trial.repo, "add", "--intent-to-add", "new")
    assert list(trial.findings()) == ["uncommitted_changes"]


def test_a_file_that_a_monitor_calls_unchanged_is_looked_at(tmp_path: Path):
    trial: Trial = begin(tmp_path)
    commit(trial.repo, {"src/a.py": "2\n"})
    git(trial.repo, "update-index", "--fsmonitor")
    git(trial.repo, "update-index", "--fsmonitor-valid", "src/b.py")
    (trial.repo / "src/b.py").write_text("3\n")
    assert list(trial.findings()) == ["uncommitted_changes"]
