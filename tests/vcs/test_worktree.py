import os
import resource
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

from loop_kit.errors import NeedsPersonError, StartError
from loop_kit.values import replace
from loop_kit.vcs import watch, worktree
from loop_kit.vcs.repository import Repository
from tests.support.repos import commit, git, make_repo


@pytest.fixture
def found(tmp_path: Path) -> Repository:
    return Repository.find(make_repo(tmp_path / "repo", {"a": "1\n", "sub/b": "1\n", ".gitignore": "build/\n"}))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "scratch" / "run 1" / "review"


def entries(found: Repository) -> list[str]:
    return [
        line for line in git(found.root, "worktree", "list", "--porcelain").splitlines() if line.startswith("worktree")
    ]


def test_a_review_tree_is_exactly_the_commit(found: Repository, place: Path):
    base = found.head().sha
    head = commit(found.root, {"a": "2\n"})
    (found.root / "a").write_text("uncommitted\n")
    tree = worktree.prepare(found, place, base)
    assert (place / "a").read_text() == "1\n"
    assert git(place, "rev-parse", "HEAD") == base
    assert git(place, "symbolic-ref", "-q", "HEAD", ok=(1,)) == ""
    assert tree.changed(base) == ""
    assert found.head().sha == head
    assert found.dirty() == ("a",)


def test_no_hook_runs(found: Repository, place: Path, tmp_path: Path):
    hooks = found.git_dir / "hooks"
    hooks.mkdir(exist_ok=True)
    (hooks / "post-checkout").write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\n")
    (hooks / "post-checkout").chmod(0o755)
    for _ in range(2):
        worktree.prepare(found, place, found.head().sha)
    assert not (tmp_path / "ran").exists()


def test_a_tree_is_taken_up_again_clean_and_at_the_new_head(found: Repository, place: Path):
    worktree.prepare(found, place, found.head().sha)
    inode = place.stat().st_ino
    (place / "a").write_text("scribble\n")
    (place / "untracked").write_text("x")
    (place / "build").mkdir()
    (place / "build" / "output").write_text("x")
    make_repo(place / "nested")
    head = commit(found.root, {"a": "2\n"})
    tree = worktree.prepare(found, place, head)
    assert place.stat().st_ino == inode
    assert sorted(path.name for path in place.iterdir()) == [".git", ".gitignore", "a", "sub"]
    assert (place / "a").read_text() == "2\n"
    assert tree.changed(head) == ""


@pytest.mark.parametrize("there", [False, True], ids=["made anew", "taken up again"])
def test_something_else_can_be_done_while_git_prepares_a_tree(found: Repository, place: Path, there: bool):
    if there:
        worktree.prepare(found, place, found.head().sha)
    head = commit(found.root, {"a": "2\n"})
    with worktree.preparing(found, place, head) as tree:
        assert found.head().sha == head
        assert tree().changed(head) == ""
    assert (place / "a").read_text() == "2\n"


def test_git_has_ended_when_nobody_waited_for_the_tree(found: Repository, place: Path):
    before = set(Path("/proc/self/fd").iterdir())
    with suppress(KeyError), worktree.preparing(found, place, found.head().sha):
        raise KeyError
    assert worktree.is_listed(found, place)
    assert [path for path in set(Path("/proc/self/fd").iterdir()) - before if path.exists()] == []
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def break_the_link(found: Repository, place: Path) -> None:
    (place / ".git").write_text("garbage")


def lose_the_entry(found: Repository, place: Path) -> None:
    shutil.rmtree(found.common_dir / "worktrees")


def lose_the_folder(found: Repository, place: Path) -> None:
    shutil.rmtree(place)


def leave_a_lock(found: Repository, place: Path) -> None:
    (found.common_dir / "worktrees" / "review" / "index.lock").write_text("")


def lock_the_entry(found: Repository, place: Path) -> None:
    git(found.root, "worktree", "lock", str(place))
    shutil.rmtree(place)


def read_only_folders(found: Repository, place: Path) -> None:
    (place / "cache").mkdir()
    (place / "cache" / "x").write_text("x")
    (place / "cache").chmod(0o500)
    (place / ".git").unlink()


def a_file_in_its_place(found: Repository, place: Path) -> None:
    shutil.rmtree(place)
    place.write_text("x")


@pytest.mark.parametrize(
    "damage",
    [
        break_the_link,
        lose_the_entry,
        lose_the_folder,
        leave_a_lock,
        lock_the_entry,
        read_only_folders,
        a_file_in_its_place,
    ],
)
def test_a_broken_leftover_is_made_anew(found: Repository, place: Path, damage):
    head = found.head().sha
    worktree.prepare(found, place, head)
    damage(found, place)
    tree = worktree.prepare(found, place, head)
    assert tree.changed(head) == ""
    assert sorted(path.name for path in place.iterdir()) == [".git", ".gitignore", "a", "sub"]
    assert len(entries(found)) == 2


def test_what_a_reviewer_did_is_said(found: Repository, place: Path):
    head = found.head().sha
    tree = worktree.prepare(found, place, head)
    (place / "build").mkdir()
    (place / "untracked").write_text("x")
    assert tree.changed(head) == ""
    (place / "a").write_text("edited\n")
    assert tree.changed(head) == "1 file(s) changed in the review tree: a"
    moved = commit(place, {})
    assert tree.changed(head) == f"HEAD of the review tree moved from {head[:12]} to {moved[:12]}"
    worktree.remove(found, place)
    assert "is gone" in tree.changed(head)


def test_a_redirected_link_hides_nothing(found: Repository, place: Path, tmp_path: Path):
    head = found.head().sha
    tree = worktree.prepare(found, place, head)
    git(tmp_path, "clone", "-q", str(found.root), "other")
    (place / "a").write_text("edited\n")
    git(tmp_path / "other", "-c", "user.name=x", "commit", "-q", "-am", "x", "--allow-empty")
    (place / ".git").write_text(f"gitdir: {tmp_path}/other/.git\n")
    assert tree.changed(head) == "1 file(s) changed in the review tree: a"


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
    assert tree.changed(head) == "1 file(s) changed in the review tree: sub/b"
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
    assert tree.changed(head) == f"1 file(s) changed in the review tree: {name}"


def test_removing_takes_the_entry_and_nothing_else(found: Repository, place: Path, tmp_path: Path):
    git(found.root, "worktree", "add", "-q", "--detach", str(tmp_path / "the-person-s"))
    git(found.root, "worktree", "add", "-q", "--detach", str(tmp_path / "unmounted"))
    shutil.rmtree(tmp_path / "unmounted")  # e.g. on a drive that is not there now: `git worktree prune` would forget it
    worktree.prepare(found, place, found.head().sha)
    for _ in range(2):
        worktree.remove(found, place)
    assert not place.exists()
    assert place.parent.is_dir()
    assert sorted(path.name for path in (found.common_dir / "worktrees").iterdir()) == ["the-person-s", "unmounted"]
    assert (tmp_path / "the-person-s" / "a").exists()


def test_what_a_link_in_the_tree_points_at_is_not_removed(found: Repository, place: Path, tmp_path: Path):
    worktree.prepare(found, place, found.head().sha)
    (tmp_path / "kept").mkdir(mode=0o700)
    (tmp_path / "kept" / "file").write_text("x")
    (place / "link").symlink_to(tmp_path / "kept")
    worktree.remove(found, place)
    assert (tmp_path / "kept" / "file").read_text() == "x"


def test_a_place_that_could_cost_the_person_something_is_refused(found: Repository, tmp_path: Path):
    (tmp_path / "link").symlink_to(found.root)
    for place in (found.root, found.root / "sub", found.git_dir, tmp_path, tmp_path / "link", Path("relative")):
        with pytest.raises(StartError, match="cannot hold a review tree"):
            worktree.prepare(found, place, found.head().sha)
        with pytest.raises(StartError, match="cannot hold a review tree"):
            worktree.remove(found, place)
    assert (found.root / "a").exists()


def test_filters_are_applied_to_the_checkout(found: Repository, place: Path):
    git(found.root, "config", "filter.upper.smudge", "tr a-z A-Z")
    head = commit(found.root, {"x.up": "text\n", ".gitattributes": "*.up filter=upper\n"})
    worktree.prepare(found, place, head)
    assert (place / "x.up").read_text() == "TEXT\n"


def test_a_tree_of_a_linked_worktree_of_a_path_with_a_newline(tmp_path: Path):
    repo = make_repo(tmp_path / "re\npo", {"a": "1"})
    git(repo, "worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    found = Repository.find(tmp_path / "linked")
    place = tmp_path / "scr atch" / "$review"
    for _ in range(2):
        assert worktree.prepare(found, place, found.head().sha).changed(found.head().sha) == ""
    worktree.remove(found, place)
    assert [path.name for path in (repo / ".git" / "worktrees").iterdir()] == ["linked"]


# Run in several processes at once: makes and removes a tree of its own, over and over.
COMES_AND_GOES = """
import sys
from contextlib import suppress
from pathlib import Path
from loop_kit.values import replace
from loop_kit.vcs import watch, worktree
from loop_kit.vcs.repository import Repository
found, place = Repository.find(Path(sys.argv[1])), Path(sys.argv[2])
for _ in range(12):
    worktree.prepare(found, place, found.head().sha)
    worktree.remove(found, place)
    assert not place.exists(), f"{place} is still there"
"""


def test_runs_in_several_working_trees_do_not_stumble_over_each_others_trees(found: Repository, tmp_path: Path):
    argv = (sys.executable, "-c", COMES_AND_GOES, found.root)
    running = [
        subprocess.Popen([*argv, tmp_path / f"scratch-{number}" / "review"], stderr=subprocess.PIPE, text=True)
        for number in range(6)
    ]
    assert [process.communicate(timeout=60)[1].splitlines()[-1:] for process in running] == [[]] * len(running)
    assert not list(found.common_dir.glob("worktrees/*"))


@pytest.mark.parametrize("name", ["", "1"])
def test_an_entry_that_a_killed_git_had_just_begun_is_known_by_its_name(found: Repository, tmp_path: Path, name: str):
    path = worktree.tree_path(tmp_path / "scratch/0123abcd", "review")
    begun = found.common_dir / "worktrees" / f"{path.name}{name}"
    begun.mkdir(parents=True)
    (begun / "locked").write_text("initializing")
    somebodys = found.common_dir / "worktrees/review"
    somebodys.mkdir()
    assert worktree.is_listed(found, path)
    worktree.prepare(found, path, found.head().sha)
    worktree.remove(found, path)
    assert list(found.common_dir.glob("worktrees/*")) == [somebodys]
    assert not worktree.is_listed(found, path)


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
    assert replace(tree, disarmed=names).changed(head) == "1 file(s) changed in the review tree: a"
    assert not mark.exists()
