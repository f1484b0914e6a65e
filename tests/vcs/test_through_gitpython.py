"""No object of GitPython starts a git that is not disarmed, or one that does more than read objects."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from git import Repo

from loop_kit.vcs.objects import opened
from loop_kit.vcs.repository import Repository
from loop_kit.vcs.through_gitpython import DisarmedRepo
from tests.support.planted import plant
from tests.support.repos import commit, git, make_repo

# What would start a planted program, move something or read what only git reads rightly.
REFUSED: dict[str, Callable[[DisarmedRepo], object]] = {
    "status": lambda repo: repo.is_dirty(),
    "untracked files": lambda repo: repo.untracked_files,
    "index": lambda repo: repo.index.commit("x"),
    "patch": lambda repo: repo.commit(_head(repo)).diff("HEAD~1", create_patch=True),
    "stats": lambda repo: repo.commit(_head(repo)).stats,
    "history": lambda repo: list(repo.iter_commits(_head(repo))),
    "trailers": lambda repo: repo.commit(_head(repo)).trailers_list,
    "reset": lambda repo: repo.head.reset("HEAD~1", working_tree=True),
    "checkout": lambda repo: repo.heads["main"].checkout(),
    "a branch": lambda repo: repo.delete_head("main"),
    "a tag": lambda repo: repo.create_tag("v1", message="x"),
    "a fetch": lambda repo: repo.remotes[0].fetch(),
    "a clone": lambda repo: DisarmedRepo.clone_from(str(repo.working_dir), f"{repo.working_dir}-clone"),
    "a command": lambda repo: repo.git.execute(["git", "status"]),
    "a command string": lambda repo: repo.git.execute("git status", shell=True),  # noqa: S604  (which is refused)
    "a setting before the command": lambda repo: repo.git(c="alias.x=!true").cat_file("-e", "HEAD"),
}


def _head(repo: DisarmedRepo) -> str:
    return Path(repo.common_dir, "refs/heads/main").read_text(encoding="ascii").strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository of two commits with a remote."""
    root = make_repo(tmp_path / "repo", {"a.txt": "a\n"})
    git(root, "remote", "add", "origin", "ssh://nowhere.invalid/repo")
    commit(root, {"a.txt": "b\n"})
    return root


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file in which each git that is started from now on writes its words, one call a line."""
    log, found = tmp_path / "calls", subprocess.check_output(["sh", "-c", "command -v git"], text=True).strip()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").write_text(f"#!/bin/sh\necho \"$@\" >> '{log}'\nexec '{found}' \"$@\"\n")
    (tmp_path / "bin" / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return log


def test_what_is_planted_runs_where_gitpython_is_not_disarmed(root: Path):
    mark = plant(root)
    (root / "a.txt").write_text("c\n", encoding="utf-8")
    with Repo(root) as repo:
        repo.git.diff()
        repo.index.commit("Committed", skip_hooks=False)
        repo.head.reset("HEAD~1", working_tree=True)
    ran = {Path(line).name for line in mark.read_text(encoding="utf-8").splitlines()}
    assert ran >= {"plant", "pre-commit", "post-index-change", "reference-transaction"}


def test_what_is_planted_neither_runs_nor_changes_an_object(root: Path, calls: Path):
    first, second = git(root, "rev-parse", "HEAD~1", "HEAD").split()
    trees = git(root, "rev-parse", "HEAD~1^{tree}", "HEAD^{tree}").split()
    git(root, "replace", second, first)
    mark = plant(root)
    repository = Repository.find(root)
    calls.unlink()
    with opened(repository) as objects:
        head = objects.commit(second)
        assert [parent.hexsha for parent in head.parents] == [first]
        assert [head.parents[0].tree.hexsha, head.tree.hexsha] == trees
    assert not mark.exists(), mark.read_text(encoding="utf-8")
    disarmed = " ".join(repository.git.argv(["cat-file"]))
    said = calls.read_text(encoding="utf-8").splitlines()
    assert said
    assert [line for line in said if not f"git {line}".startswith(disarmed)] == []


@pytest.mark.parametrize("what", REFUSED)
def test_more_than_reading_objects_is_refused(root: Path, what: str):
    mark = plant(root)
    (root / "a.txt").write_text("c\n", encoding="utf-8")
    before = git(root, "for-each-ref"), git(root, "ls-files", "--stage")
    mark.unlink(missing_ok=True)
    repo = DisarmedRepo(Repository.find(root))
    try:
        with pytest.raises(NotImplementedError, match="GitPython may read objects, and asks for"):
            REFUSED[what](repo)
    finally:
        repo.close()
    assert not mark.exists(), mark.read_text(encoding="utf-8")
    assert (git(root, "for-each-ref"), git(root, "ls-files", "--stage")) == before


def test_importing_it_asks_for_the_version_of_git_alone(root: Path, calls: Path):
    mark = plant(root)
    calls.unlink(missing_ok=True)
    subprocess.run([sys.executable, "-c", "import loop_kit.vcs.through_gitpython"], cwd=root, check=True)
    assert set(calls.read_text(encoding="utf-8").splitlines()) == {"version"}
    assert not mark.exists()
