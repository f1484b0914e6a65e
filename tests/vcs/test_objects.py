"""Commits as objects say what git says, in every kind of repository."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from loop_kit.vcs.objects import PlainCommit, opened
from loop_kit.vcs.repository import Repository
from tests.support.repos import commit, git, make_repo


def check(root: Path, *, plain: bool = False) -> None:
    """Hold the head of a repository and its parent against what git says; `plain` says who must have read the head."""
    with opened(Repository.find(root)) as objects:
        head = objects.commit(git(root, "rev-parse", "HEAD"))
        assert head.hexsha == git(root, "rev-parse", "HEAD")
        assert head.tree.hexsha == git(root, "rev-parse", "HEAD^{tree}")
        assert [parent.hexsha for parent in head.parents] == git(root, "rev-parse", "HEAD^@").split()
        assert head.parents[0].tree.hexsha == git(root, "rev-parse", "HEAD^^{tree}")
        assert isinstance(head, PlainCommit) == plain


@pytest.mark.parametrize("how", ["link", "separate"])
def test_the_git_folder_may_lie_elsewhere(tmp_path: Path, how: str):
    root, apart = make_repo(tmp_path / "repo"), tmp_path / "apart"
    commit(root, {"b": "1"})
    if how == "link":
        (root / ".git").rename(apart)
        (root / ".git").symlink_to(apart)
    else:
        git(root, "init", "--quiet", f"--separate-git-dir={apart}")
    check(root)


@pytest.mark.parametrize("name", ["repo", "$HOME", "~", "caf\udce9", "a\nb"])
def test_the_folder_may_have_any_name(tmp_path: Path, name: str):
    root = make_repo(tmp_path / name)
    commit(root, {"b": "1"})
    check(root)


def test_a_linked_worktree_and_a_submodule_have_the_same_objects(tmp_path: Path):
    root = make_repo(tmp_path / "repo")
    commit(root, {"b": "1"})
    git(root, "worktree", "add", "--quiet", str(tmp_path / "linked"))
    check(tmp_path / "linked")
    outer = make_repo(tmp_path / "outer")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(root), "inner")
    check(outer / "inner")


def test_a_merge_has_both_parents(tmp_path: Path):
    root = make_repo(tmp_path / "repo")
    git(root, "switch", "--quiet", "--create", "side")
    commit(root, {"side": "1"})
    git(root, "switch", "--quiet", "main")
    commit(root, {"main": "1"})
    git(root, "merge", "--quiet", "--no-edit", "side")
    check(root)


def test_git_reads_what_gitpython_cannot(tmp_path: Path):
    git(tmp_path, "init", "--quiet", "--object-format=sha256", "wide")
    commit(tmp_path / "wide", {"a": "1"})
    commit(tmp_path / "wide", {"a": "2"})
    check(tmp_path / "wide", plain=True)
    root = make_repo(tmp_path / "repo")
    made = git(root, "cat-file", "commit", commit(root, {"a": "1"}))
    author = next(line for line in made.splitlines() if line.startswith("author "))
    odd = made.replace(author, f"author A <a@b.invalid> {'9' * 5000} +0000") + "\n"
    sha = git(root, "hash-object", "-t", "commit", "-w", "--literally", "--stdin", input=odd.encode())
    git(root, "update-ref", "HEAD", sha)
    check(root, plain=True)


def test_a_branch_is_found_by_its_name_alone(tmp_path: Path):
    root = make_repo(tmp_path / "repo")
    sha = git(root, "rev-parse", "HEAD")
    git(root, "update-ref", os.fsdecode(b"refs/heads/caf\xe9"), sha)
    git(root, "pack-refs", "--all")
    with opened(Repository.find(root)) as objects:
        main = objects.branch("main")
        assert main is not None
        assert main.hexsha == sha
        assert [objects.branch(name) for name in ("none", "a..b", "", "ma\nin")] == [None] * 4


@pytest.mark.parametrize("ending", [None, KeyboardInterrupt])
def test_no_git_is_left_behind(tmp_path: Path, ending: type[BaseException] | None):
    root = make_repo(tmp_path / "repo")
    started: list[Any] = []
    with suppress(KeyboardInterrupt), opened(Repository.find(root)) as objects:
        objects.commit(git(root, "rev-parse", "HEAD"))
        reading: Any = objects.repo.git
        started = [reading.cat_file_all.proc, reading.cat_file_header.proc]
        if ending is not None:
            raise ending
    assert [process.returncode is None for process in started] == [False, False]
