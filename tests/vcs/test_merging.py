from pathlib import Path

import pytest

from loop_kit.errors import DirtyTreeError, NeedsPersonError, StartError
from loop_kit.vcs import merging
from loop_kit.vcs.objects import opened
from loop_kit.vcs.repository import Repository
from tests.support.repos import commit, git, make_repo

ME = {"GIT_AUTHOR_EMAIL": "me@example.invalid"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "repo", {"a.txt": "a\n"})


def test_two_trees_become_one_without_touching_a_file(root: Path):
    base = git(root, "rev-parse", "HEAD")
    ours = commit(root, {"ours.txt": "o\n"})
    git(root, "switch", "--quiet", "--detach", base)
    theirs = commit(root, {"theirs.txt": "t\n"})
    repository = Repository.find(root)
    with opened(repository) as objects:
        parents = objects.commit(ours), objects.commit(theirs)
        tree = merging.merged_tree(repository, *parents)
        sha = merging.commit_as(repository, tree, parents, "Both\n", ME)
    assert git(root, "ls-tree", "--name-only", tree).split() == ["a.txt", "ours.txt", "theirs.txt"]
    assert git(root, "log", "-1", "--format=%ae %P", sha) == f"me@example.invalid {ours} {theirs}"
    assert git(root, "rev-parse", "HEAD") == theirs


def test_a_contradiction_names_the_files(root: Path):
    base = git(root, "rev-parse", "HEAD")
    ours = commit(root, {"a.txt": "ours\n"})
    git(root, "switch", "--quiet", "--detach", base)
    theirs = commit(root, {"a.txt": "theirs\n"})
    repository = Repository.find(root)
    with opened(repository) as objects, pytest.raises(NeedsPersonError, match=r"in 1 file: a.txt"):
        merging.merged_tree(repository, objects.commit(ours), objects.commit(theirs))


def test_a_branch_moves_only_from_where_it_was(root: Path):
    git(root, "branch", "other")
    base, first, second = git(root, "rev-parse", "HEAD"), commit(root, {"b.txt": "b\n"}), commit(root, {"b.txt": "c\n"})
    repository = Repository.find(root)
    with opened(repository) as objects:
        with pytest.raises(NeedsPersonError, match="other could not be moved"):
            merging.advance(repository, "other", objects.commit(second))
        assert git(root, "rev-parse", "other") == base
        merging.advance(repository, "other", objects.commit(first))
    assert git(root, "rev-parse", "other") == first


def test_files_that_were_not_committed_are_never_lost(root: Path):
    base = git(root, "rev-parse", "HEAD")
    commit(root, {"a.txt": "b\n"})
    (root / "a.txt").write_text("mine\n", encoding="utf-8")
    with pytest.raises(DirtyTreeError, match="git changes no file"):
        merging.set_back(Repository.find(root), base)
    assert (root / "a.txt").read_text(encoding="utf-8") == "mine\n"


def test_a_commit_needs_an_identity(root: Path):
    repository = Repository.find(root)
    git(root, "config", "user.useConfigOnly", "true")
    for key in ("user.name", "user.email"):
        git(root, "config", "--unset", key)
    with pytest.raises(StartError, match="git makes no commit"):
        merging.commit_as(repository, repository.tree_id("HEAD"), (), "x", {})
