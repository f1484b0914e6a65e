"""What a reviewer did to the tree that it was to judge."""

import os
import resource
import tempfile
from pathlib import Path

import pytest

from loop_kit.errors import NeedsPersonError
from loop_kit.values import replace
from loop_kit.vcs import watch, worktree
from loop_kit.vcs.repository import Repository
from tests.support.repos import commit, forge_index, git


def test_a_redirected_link_hides_nothing(found: Repository, place: Path, tmp_path: Path):
    head = found.head().sha
    tree = worktree.prepare(found, place, head)
    git(tmp_path, "clone", "-q", str(found.root), "other")
    (place / "a").write_text("edited\n")
    git(tmp_path / "other", "-c", "user.name=x", "commit", "-q", "-am", "x", "--allow-empty")
    (place / ".git").write_text(f"gitdir: {tmp_path}/other/.git\n")
    assert tree.changed(head) == "1 file changed in the review tree: a"


def test_a_file_that_is_as_a_checkout_makes_it_is_not_the_reviewer_s_doing(found: Repository, place: Path):
    commit(found.root, {".gitattributes": "*.txt text\n"})
    (found.root / "raw").write_bytes(b"one\r\n")  # which git would write otherwise into a commit
    blob = git(found.root, "hash-object", "-w", "--no-filters", "raw")
    git(found.root, "update-index", "--add", "--cacheinfo", f"100644,{blob},lines.txt")
    git(found.root, "commit", "-q", "-m", "Lines")
    head = found.head().sha
    tree = worktree.prepare(found, place, head)
    os.utime(place / "lines.txt", (1, 1))
    assert git(place, "status", "--porcelain") == " M lines.txt"
    assert tree.changed(head) == ""
    (place / "sub" / "b").write_text("edited\n")
    assert tree.changed(head) == "1 file changed in the review tree: sub/b"
    assert tree.changed(head) != ""  # who is killed before this was acted upon has to find it again


def test_without_room_for_a_checkout_nobody_is_said_to_have_changed_anything(
    found: Repository, place: Path, tmp_path: Path, monkeypatch
):
    head = commit(found.root, {"large": "x" * 100_000})
    tree = worktree.prepare(found, place, head)
    (place / "large").write_text("edited\n")
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(NeedsPersonError, match="git checkout-index failed"):
            tree.changed(head)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert list(tmp_path.glob("loop-checkout-*")) == []
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(NeedsPersonError, match=r"no folder can be made to hold the review tree against: .*/nowhere/"):
        tree.changed(head)


@pytest.mark.parametrize("what", ["deleted", "executable", "a link", "staged", "added"])
def test_every_kind_of_change_is_one(found: Repository, place: Path, what: str):
    head = found.head().sha
    tree = worktree.prepare(found, place, head)
    match what:
        case "deleted":
            (place / "a").unlink()
        case "executable":
            (place / "a").chmod(0o755)
        case "a link":
            (place / "a").unlink()
            (place / "a").symlink_to("sub")
        case "staged":
            (place / "a").write_text("staged\n")
            git(place, "add", "a")
        case _:
            (place / "new").write_text("new\n")
            git(place, "add", "new")
    name = "new" if what == "added" else "a"
    assert tree.changed(head) == f"1 file changed in the review tree: {name}"


ODD_FILTERS = {
    "a plain name": b"evil",
    "a name with the sign that ends one": b"a=b",
    "a name that is no text": b"\xff",
}


@pytest.mark.parametrize("included", [False, True], ids=["in the settings", "included for linked trees alone"])
@pytest.mark.parametrize("name", ODD_FILTERS.values(), ids=ODD_FILTERS)
def test_a_filter_that_was_planted_can_be_disarmed(
    found: Repository, place: Path, tmp_path: Path, name: bytes, included: bool
):
    head = found.head().sha
    before = watch.settings(found)
    tree = worktree.prepare(found, place, head)
    mark = tmp_path / "ran"
    settings = b'[filter "%b"]\n\tclean = "touch \'%b\'; echo 1"\n' % (name, os.fsencode(mark))
    file = tmp_path / "included" if included else found.common_dir / "config"
    with file.open("ab") as config:
        config.write(settings)
    if included:
        git(found.root, "config", "includeIf.gitdir:**/worktrees/**.path", str(file))
    (place / ".gitattributes").write_bytes(b"a filter=%b\n" % name)
    (place / "a").write_text("2\n")
    assert tree.changed(head) == ""
    assert mark.exists()
    mark.unlink()
    names = watch.touched_filters(tree.git, before)
    assert names == (f"filter.{os.fsdecode(name)}.clean",)
    assert replace(tree, disarmed=names).changed(head) == "1 file changed in the review tree: a"
    assert not mark.exists()


@pytest.mark.parametrize("how", ["forged", "told to assume"])
def test_an_index_that_the_reviewer_wrote_hides_nothing(found: Repository, place: Path, how: str):
    head = found.head().sha
    tree = worktree.prepare(found, place, head)
    committed = git(place, "rev-parse", ":a")
    (place / "a").write_text("2\n")
    if how == "forged":
        os.utime(place / "a", (1, 1))  # long before the index: git has no doubt
        git(place, "add", "a")
        forge_index(tree.git_dir / "index", git(place, "rev-parse", ":a"), committed)
    else:
        git(place, "update-index", "--assume-unchanged", "a")
    assert git(place, "status", "--porcelain") == ""
    assert tree.changed(head) == "1 file changed in the review tree: a"
    again = worktree.find(found, place)  # by whoever goes on, and knows nothing of what was there before
    assert again is not None
    assert again.changed(head) == "1 file changed in the review tree: a"


def test_an_index_that_only_knows_the_files_better_is_no_change(found: Repository, place: Path):
    head = found.head().sha
    tree = worktree.prepare(found, place, head)
    os.utime(place / "a", (1, 1))
    git(place, "status")  # which writes down what it has found out
    assert tree.changed(head) == ""


def test_files_that_a_sparse_checkout_leaves_out_are_not_missed(found: Repository, place: Path):
    head = commit(found.root, {"docs/page": "1\n"})
    git(found.root, "sparse-checkout", "set", "sub")
    tree = worktree.prepare(found, place, head)
    assert sorted(path.name for path in place.iterdir()) == [".git", ".gitignore", "a", "sub"]
    os.utime(place / "a", (1, 1))
    git(place, "status")
    assert tree.changed(head) == ""
    (place / "sub/b").write_text("2\n")
    assert tree.changed(head) == "1 file changed in the review tree: sub/b"
    (place / "sub/b").unlink()
    assert tree.changed(head) == "1 file changed in the review tree: sub/b"
