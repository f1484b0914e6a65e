from pathlib import Path

import pytest

from loop_kit.errors import StartError
from loop_kit.vcs import shared_repository
from loop_kit.vcs.repository import Repository
from tests.support.repos import commit, git, make_repo
from tests.vcs.run_trees import BRANCH, make, own_objects, seen


def history(folder: Path) -> Repository:
    """Make a repository with three commits, and a folder that a sparse checkout can leave out."""
    repo = make_repo(folder, {"a": "1\n", "docs/old": "old 1\n", "src/x": "x 1\n"})
    commit(repo, {"a": "2\n", "docs/old": "old 2\n"})
    commit(repo, {"a": "3\n", "src/y": "y 3\n"})
    git(repo, "config", "uploadpack.allowFilter", "true")
    git(repo, "config", "uploadpack.allowAnySHA1InWant", "true")
    return Repository.find(repo)


def clone(source: Repository, folder: Path, *options: str) -> Repository:
    git(source.root, "clone", "--quiet", *options, f"file://{source.root}", str(folder))
    return Repository.find(folder)


def missing(repository: Repository) -> list[str]:
    listed = git(repository.root, "rev-list", "--objects", "--all", "--missing=print").splitlines()
    return [line for line in listed if line.startswith("?")]


def check_clean(folder: Path) -> None:
    assert git(folder, "status", "--porcelain") == ""
    assert git(folder, "rev-parse", "--abbrev-ref", "HEAD") == BRANCH


def test_a_shallow_repository_is_shared_up_to_the_same_boundary(tmp_path: Path, folder: Path):
    home = clone(history(tmp_path / "origin"), tmp_path / "home", "--depth=2")
    make(home, folder)
    check_clean(folder)
    assert git(folder, "rev-list", "--count", "HEAD") == "2"
    assert own_objects(folder) == []
    commit(folder, {"a": "4\n"})
    assert git(folder, "fsck") == ""
    assert git(folder, "rev-list", "--count", "HEAD") == "3"


@pytest.mark.parametrize("what", ["blob:none", "tree:0"])
def test_a_partial_clone_asks_its_remote_for_what_it_lacks_and_has_it_then(tmp_path: Path, folder: Path, what: str):
    origin = history(tmp_path / "origin")
    home = clone(origin, tmp_path / "home", f"--filter={what}")
    older = git(home.root, "rev-parse", "HEAD~")
    before = seen(home.git_dir / "refs"), (home.git_dir / "index").read_bytes()
    lacked = len(missing(home))
    make(home, folder, sha=older)
    check_clean(folder)
    assert (folder / "a").read_text() == "2\n"
    assert len(missing(home)) < lacked
    assert own_objects(folder) == []
    assert (seen(home.git_dir / "refs"), (home.git_dir / "index").read_bytes()) == before
    assert git(folder, "show", "HEAD~:a") == "1", "its remote is the tree's as well"
    assert git(folder, "remote") == "origin"
    assert git(folder, "config", "remote.origin.url") == f"file://{origin.root}"


def test_a_partial_clone_needs_no_remote_for_what_is_there(tmp_path: Path, folder: Path):
    origin = history(tmp_path / "origin")
    home = clone(origin, tmp_path / "home", "--filter=blob:none")
    origin.root.rename(tmp_path / "gone")
    make(home, folder)
    check_clean(folder)
    commit(folder, {"a": "4\n"})
    assert git(folder, "show", "HEAD:src/y") == "y 3"


def test_a_partial_clone_whose_remote_is_out_of_reach_is_a_sentence(tmp_path: Path, folder: Path):
    origin = history(tmp_path / "origin")
    home = clone(origin, tmp_path / "home", "--filter=blob:none")
    older = git(home.root, "rev-parse", "HEAD~")
    origin.root.rename(tmp_path / "gone")
    with pytest.raises(StartError, match=f"cannot check out {older[:12]} of .*home into a tree of its own: ") as raised:
        make(home, folder, sha=older)
    assert "partial clone: origin has to be within reach" in raised.value.hint
    assert list(folder.parent.iterdir()) == []


def test_the_remote_of_a_partial_clone_may_be_a_relative_path(tmp_path: Path, folder: Path):
    home = clone(history(tmp_path / "origin"), tmp_path / "home", "--filter=blob:none")
    git(home.root, "config", "remote.origin.url", "../origin")
    make(home, folder)
    assert git(folder, "show", "HEAD~:a") == "2"


def test_a_push_to_the_remote_of_a_partial_clone_fails_with_a_sentence(tmp_path: Path, folder: Path):
    origin = history(tmp_path / "origin")
    home = clone(origin, tmp_path / "home", "--filter=blob:none")
    make(home, folder)
    before = seen(origin.root)
    git(folder, "fetch", "--quiet")
    for target in ("origin", str(origin.root), f"file://{origin.root}"):
        said = refused_push(folder, target)
        assert "a run's tree does not push, loop accept takes its change over" in said
    assert seen(origin.root) == before


def refused_push(folder: Path, target: str) -> str:
    alias = f"!git push --quiet {target} HEAD:refs/heads/new 2>&1"
    return git(folder, "-c", f"alias.try={alias}", "try", ok=(128,))


def test_a_push_from_a_tree_without_a_remote_fails_with_a_sentence(found: Repository, folder: Path):
    make(found, folder)
    assert git(folder, "remote") == ""
    assert "a run's tree does not push" in refused_push(folder, str(found.root))
    assert found.commit_id("refs/heads/new") is None


def test_a_sparse_checkout_is_as_sparse(tmp_path: Path, folder: Path):
    home = clone(history(tmp_path / "origin"), tmp_path / "home", "--filter=blob:none", "--sparse")
    git(home.root, "sparse-checkout", "set", "src")
    lacked = len(missing(home))
    make(home, folder)
    check_clean(folder)
    assert sorted(path.name for path in folder.iterdir()) == [".git", "a", "src"]
    assert git(folder, "sparse-checkout", "list") == "src"
    assert len(missing(home)) == lacked, "what is left out is not asked for"
    git(folder, "sparse-checkout", "add", "docs")
    assert (folder / "docs/old").read_text() == "old 2\n"
    assert not (home.root / "docs").exists()


def test_a_pattern_of_a_sparse_checkout_that_is_not_in_cone_mode(tmp_path: Path, folder: Path):
    home = history(tmp_path / "home")
    git(home.root, "sparse-checkout", "set", "--no-cone", "/*", "!x")
    make(home, folder)
    check_clean(folder)
    assert not (folder / "src/x").exists()
    assert (folder / "src/y").exists()


def test_a_repository_with_sha256(tmp_path: Path, folder: Path):
    repo = tmp_path / "home"
    git(tmp_path, "init", "--quiet", "--object-format=sha256", "-b", "main", str(repo))
    base = commit(repo, {"a": "1\n"})
    assert len(base) == 64
    make(Repository.find(repo), folder)
    check_clean(folder)
    commit(folder, {"a": "2\n"})
    assert git(folder, "fsck") == ""


def test_a_linked_working_tree_as_home(tmp_path: Path, folder: Path):
    main = history(tmp_path / "main")
    git(main.root, "worktree", "add", "--quiet", "-b", "feature", str(tmp_path / "linked"), "HEAD~")
    home = Repository.find(tmp_path / "linked")
    git(home.root, "sparse-checkout", "set", "src")
    make(home, folder)
    check_clean(folder)
    assert (folder / "a").read_text() == "2\n"
    assert not (folder / "docs").exists()
    assert (folder / ".git/objects/info/alternates").read_text() == f"{main.root}/.git/objects\n"


def test_a_detached_head_is_no_matter(found: Repository, folder: Path):
    git(found.root, "checkout", "--quiet", "--detach")
    make(found, folder)
    check_clean(folder)


def test_a_git_folder_elsewhere_and_objects_behind_a_link(tmp_path: Path, folder: Path):
    repo = make_repo(tmp_path / "home", {"a": "1\n"})
    git(repo, "init", "--quiet", "--separate-git-dir", str(tmp_path / "elsewhere"))
    (tmp_path / "elsewhere/objects").rename(tmp_path / "objects")
    (tmp_path / "elsewhere/objects").symlink_to(tmp_path / "objects")
    git(repo, "config", "core.worktree", str(repo))
    make(Repository.find(repo), folder)
    check_clean(folder)
    assert (folder / ".git/objects/info/alternates").read_text() == f"{tmp_path}/objects\n"


def test_a_home_that_shares_objects_itself(found: Repository, tmp_path: Path, folder: Path):
    git(tmp_path, "clone", "--quiet", "--shared", str(found.root), str(tmp_path / "home"))
    make(Repository.find(tmp_path / "home"), folder)
    check_clean(folder)


@pytest.mark.parametrize("name", ["a space", "new\nline", "Überraschung", 'quo"te', "back\\slash", "col:on", "#x"])
def test_a_path_of_any_signs(tmp_path: Path, name: str):
    home = Repository.find(make_repo(tmp_path / name / "home", {"a": "1\n", name: "2\n"}))
    folder = tmp_path / "state" / name
    make(home, folder)
    check_clean(folder)
    assert (folder / name).read_text() == "2\n"
    assert own_objects(folder) == []


def test_a_repository_whose_refs_git_would_keep_in_another_form(
    found: Repository, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("GIT_DEFAULT_REF_FORMAT", "reftable")
    make(found, folder)
    check_clean(folder)


def test_no_hook_of_the_person_runs_in_the_tree(found: Repository, folder: Path, tmp_path: Path):
    hooks = found.git_dir / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "pre-commit"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\n")
        (hooks / name).chmod(0o755)
    (hooks / "pre-push.sample").write_text("")
    notes = make(found, folder).notes
    assert notes == (f"no git hook runs in the run's tree, not those in {hooks}: post-checkout, pre-commit",)
    commit(folder, {"a": "2\n"})
    assert not (tmp_path / "ran").exists()


def test_nor_do_hooks_that_a_person_has_everywhere(
    found: Repository, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "pre-commit").write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\n")
    (hooks / "pre-commit").chmod(0o755)
    (tmp_path / "own").write_text(f"[core]\n\thooksPath = {hooks}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "own"))
    assert f"not those in {hooks}: pre-commit" in "".join(make(found, folder).notes)
    commit(folder, {"a": "2\n"})
    assert not (tmp_path / "ran").exists()
    commit(found.root, {"a": "2\n"})
    assert (tmp_path / "ran").exists(), "the person's own still run"


def test_a_filter_that_fails_is_a_sentence(found: Repository, folder: Path):
    git(found.root, "config", "filter.broken.clean", "cat")
    git(found.root, "config", "filter.broken.smudge", "echo no >&2; false")
    git(found.root, "config", "filter.broken.required", "true")
    commit(found.root, {".gitattributes": "a filter=broken\n"})
    with pytest.raises(StartError, match=r"cannot check out .*: a: smudge filter broken failed") as raised:
        make(found, folder)
    assert "git worktree add" in raised.value.hint
    assert list(folder.parent.iterdir()) == []


def test_keys_of_a_filter_come_along(found: Repository, folder: Path):
    keys = found.common_dir / "git-crypt/keys"
    keys.mkdir(parents=True)
    (keys / "default").write_text("Q")
    tool = '"$(git rev-parse --git-dir)/git-crypt/keys/default"'
    for deed, signs in (("clean", '"$k" x'), ("smudge", 'x "$k"')):
        git(found.root, "config", f"filter.crypt.{deed}", f"k=$(cat {tool}) && tr {signs}")
    git(found.root, "config", "filter.crypt.required", "true")
    commit(found.root, {".gitattributes": "secret filter=crypt\n", "secret": "Q is x\n"})
    make(found, folder)
    check_clean(folder)
    commit(folder, {"secret": "Q is not x\n"})
    assert git(folder, "status", "--porcelain") == ""


def test_what_git_ignores_and_its_attributes_are_the_same(found: Repository, folder: Path):
    (found.common_dir / "info").mkdir(exist_ok=True)
    (found.common_dir / "info/exclude").write_text("*.tmp\n")
    (found.common_dir / "info/attributes").write_text("*.txt text eol=crlf\n")
    commit(found.root, {"x.txt": "1\n"})
    make(found, folder)
    assert (folder / "x.txt").read_bytes() == b"1\r\n"
    (folder / "y.tmp").write_text("x")
    check_clean(folder)


def test_a_repository_that_git_is_told(found: Repository):
    assert shared_repository.at(found.root).head() == found.head()


def test_a_home_whose_objects_may_only_be_read_is_enough_to_make_a_tree(found: Repository, folder: Path):
    root = found.common_dir / "objects"
    places = [root, *(path for path in root.rglob("*") if path.is_dir())]
    before = seen(found.root)
    for place in places:
        place.chmod(0o555)
    try:
        make(found, folder)
        commit(folder, {"a": "2\n"})
    finally:
        for place in places:
            place.chmod(0o755)
    assert seen(found.root) == before
