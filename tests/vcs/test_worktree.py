import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from loop_kit.errors import StartError
from loop_kit.processes import proc
from loop_kit.vcs import worktree
from loop_kit.vcs.repository import Repository
from tests.support.repos import commit, git, make_repo


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
    before, children = set(Path("/proc/self/fd").iterdir()), proc.children(os.getpid())
    with suppress(KeyError), worktree.preparing(found, place, found.head().sha):
        raise KeyError
    assert worktree.is_listed(found, place)
    assert [path for path in set(Path("/proc/self/fd").iterdir()) - before if path.exists()] == []
    assert proc.children(os.getpid()) == children


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
    assert tree.changed(head) == "1 file changed in the review tree: a"
    moved = commit(place, {})
    assert tree.changed(head) == f"HEAD of the review tree moved from {head[:7]} to {moved[:7]}"
    worktree.remove(found, place)
    assert "is gone" in tree.changed(head)


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
        with pytest.raises(StartError, match=r"cannot hold a review tree|is a symbolic link"):
            worktree.prepare(found, place, found.head().sha)
        with pytest.raises(StartError, match=r"cannot hold a review tree|is a symbolic link"):
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


@pytest.mark.parametrize("named", [True, False], ids=["named", "in no .gitmodules"])
def test_what_was_put_into_the_folder_of_a_submodule_is_gone_apart_from_what_is_kept(
    found: Repository, place: Path, *, named: bool
):
    root = found.root
    git(root, "update-index", "--add", "--cacheinfo", f"160000,{found.head().sha},module")
    if named:
        text = '[submodule "module"]\n\tpath = module\n\turl = ../elsewhere\n'
        (root / ".gitmodules").write_text(text, encoding="utf-8")
        git(root, "add", ".gitmodules")
    git(root, "commit", "--quiet", "--message", "Have a submodule")
    head = found.head().sha
    tree = worktree.prepare(found, place, head)
    for name in ("planted.py", "made/file"):
        path = place / "module" / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    worktree.prepare(found, place, head, keep=("module/made",), seal=tree.seal)
    assert [path.name for path in (place / "module").iterdir()] == ["made"]


def test_a_tree_is_taken_up_again_by_its_index_only_when_that_is_the_one_git_left(found: Repository, place: Path):
    """A file that is not written anew keeps its inode."""
    head = found.head().sha
    seal = worktree.prepare(found, place, head).seal
    name = next(path.name for path in place.iterdir() if path.is_file() and path.name != ".git")
    before = (place / name).stat().st_ino, (place / name).stat().st_mtime_ns
    seal = worktree.prepare(found, place, head, seal=seal).seal
    assert ((place / name).stat().st_ino, (place / name).stat().st_mtime_ns) == before
    git(place, "update-index", "--skip-worktree", name)
    (place / name).write_text("hidden", encoding="utf-8")
    worktree.prepare(found, place, head, seal=seal)
    assert (place / name).read_text(encoding="utf-8") != "hidden"
