from pathlib import Path

import pytest

from loop_kit.errors import StartError
from loop_kit.vcs import submodules
from loop_kit.vcs.fetching import fetch_commits
from loop_kit.vcs.repository import Repository
from tests.support.repos import commit, git, make_repo
from tests.vcs.run_trees import make, own_objects, seen


@pytest.fixture
def home(tmp_path: Path) -> Repository:
    """A repository with a submodule that has one itself, one that is not initialised, and one with its own .git folder."""
    inner = make_repo(tmp_path / "inner", {"deep": "1\n"})
    lib = make_repo(tmp_path / "lib", {"tool": "1\n"})
    add(lib, inner, "inner")
    commit(lib, {}, message="Add inner")
    repo = make_repo(tmp_path / "repo", {"a": "1\n"})
    for source, path in ((lib, "vendor/a lib"), (lib, "idle")):
        add(repo, source, path)
    make_repo(repo / "embedded", {"e": "1\n"})
    git(repo, "-c", "advice.addEmbeddedRepo=false", "add", "embedded")
    commit(repo, {}, message="Add submodules")
    git(repo, "submodule", "--quiet", "deinit", "--force", "idle")
    git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init", "--recursive", "vendor")
    for name in ("inner", "lib"):
        (tmp_path / name).rename(tmp_path / f"{name}-is-out-of-reach")
    return Repository.find(repo)


def add(repo: Path, source: Path, path: str) -> None:
    git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(source), path)


def test_submodules_that_the_person_has_are_there_and_share_objects(home: Repository, folder: Path):
    before = seen(home.root)
    make(home, folder)
    assert seen(home.root) == before
    assert git(folder, "status", "--porcelain") == ""
    lib = folder / "vendor/a lib"
    assert (lib / "inner/deep").read_text() == "1\n"
    assert (folder / "embedded/e").read_text() == "1\n"
    assert list((folder / "idle").iterdir()) == []
    for path in (lib, lib / "inner", folder / "embedded"):
        assert own_objects(path) == []
        assert git(path, "remote") == ""
        assert git(path, "symbolic-ref", "-q", "HEAD", ok=(1,)) == ""
    told = git(folder, "submodule", "status", "--recursive", "vendor", "idle").splitlines()
    assert [line[0] for line in told] == ["-", " ", " "]


def test_a_submodule_that_lacks_its_commit_is_named(home: Repository, folder: Path):
    git(home.root, "update-index", "--cacheinfo", f"160000,{'1' * 40},vendor/a lib")
    git(home.root, "commit", "--quiet", "-m", "Another commit of it")
    with pytest.raises(StartError, match="the submodule vendor/a lib does not have 111111111111, which") as raised:
        make(home, folder)
    assert "git submodule update -- 'vendor/a lib'" in raised.value.hint
    assert list(folder.parent.iterdir()) == []


def test_commits_in_submodules_come_home_and_stay(home: Repository, folder: Path):
    tree = make(home, folder).repository
    lib = folder / "vendor/a lib"
    deep = commit(lib / "inner", {"deep": "2\n"})
    sub = commit(lib, {"tool": "2\n"})
    head = commit(folder, {"a": "2\n"})
    there = home.root / "vendor/a lib"
    before = seen(there)
    fetch_commits(home, tree, head)
    assert seen(there) == before, "the person's own checkout of it"
    for path, sha in ((there, sub), (there / "inner", deep)):
        git(path, "-c", "gc.pruneExpire=now", "gc", "--quiet")
        assert git(path, "cat-file", "-t", sha) == "commit"
    git(there, "checkout", "--quiet", sub)
    git(there, "submodule", "--quiet", "update", "--no-fetch")
    assert (there / "inner/deep").read_text() == "2\n"


def test_a_commit_of_a_submodule_that_nobody_has_is_for_others_to_judge(home: Repository, folder: Path):
    tree = make(home, folder).repository
    git(folder, "update-index", "--cacheinfo", f"160000,{'1' * 40},embedded")
    git(folder, "commit", "--quiet", "-m", "A commit that nobody has")
    head = tree.head().sha
    fetch_commits(home, tree, head)
    assert home.commit_id(head) == head


def test_a_repository_without_submodules_is_not_searched(found: Repository):
    assert list(submodules.initialised(found, "no commit")) == []


def test_a_folder_that_names_another_repository_is_no_submodule(home: Repository):
    (home.root / "idle/.git").write_text(f"gitdir: {home.git_dir}\n")
    git(home.root, "config", "core.worktree", str(home.root))
    found = [str(submodule.path) for submodule in submodules.initialised(home, home.head().sha)]
    assert found == ["embedded", "vendor/a lib"]
