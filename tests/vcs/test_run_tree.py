import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from loop_kit.errors import NeedsPersonError, StartError
from loop_kit.vcs import watch
from loop_kit.vcs.repository import Repository
from loop_kit.vcs.run_tree import make_run_tree, open_run_tree, remove_run_tree
from tests.support.repos import commit, git, make_repo
from tests.vcs.run_trees import BRANCH, make, own_objects, seen


def test_a_tree_is_a_clean_checkout_of_the_commit_on_its_own_branch(found: Repository, folder: Path):
    base = found.head().sha
    commit(found.root, {"a": "2\n"})
    tree = make(found, folder, sha=base).repository
    assert (tree.head().sha, tree.head().branch) == (base, BRANCH)
    assert (folder / "a").read_text() == "1\n"
    assert git(folder, "status", "--porcelain", "--ignored") == ""
    assert git(folder, "fsck") == ""
    assert own_objects(folder) == []
    assert Repository.find(folder).common_dir == tree.common_dir


def test_the_persons_tree_is_as_it_was_to_the_byte(found: Repository, folder: Path):
    (found.root / "a").write_text("half\n")
    (found.root / "new").write_text("new\n")
    git(found.root, "add", "new")
    before = seen(found.root)
    make(found, folder)
    assert seen(found.root) == before


def test_a_worker_and_a_person_work_side_by_side(found: Repository, folder: Path):
    tree = make(found, folder).repository
    (found.root / "a").write_text("the person's\n")
    git(found.root, "switch", "--quiet", "--create", "other")
    git(found.root, "add", "a")
    before = seen(found.root)
    head = commit(folder, {"a": "the worker's\n", "b/c": "new\n"})
    assert tree.head().sha == head
    assert tree.status().dirty == ()
    assert seen(found.root) == before
    assert found.commit_id(head) is None


def test_branches_tags_and_remote_branches_are_there_as_they_were(found: Repository, folder: Path):
    base = found.head().sha
    git(found.root, "tag", "-a", "-m", "v1", "v1")
    git(found.root, "branch", "feature/x")
    git(found.root, "branch", BRANCH, commit(found.root, {"a": "2\n"}))
    git(found.root, "update-ref", "refs/remotes/origin/main", base)
    git(found.root, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    git(found.root, "update-ref", "refs/loop/T-1/r0/base", base)
    make(found, folder, sha=base)
    assert git(folder, "describe") == "v1"
    assert git(folder, "symbolic-ref", "refs/remotes/origin/HEAD") == "refs/remotes/origin/main"
    assert git(folder, "for-each-ref", "--format=%(refname)").splitlines() == [
        *("refs/heads/feature/x", f"refs/heads/{BRANCH}", "refs/heads/main"),
        *("refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/tags/v1"),
    ]
    assert git(folder, "rev-parse", BRANCH) == base


@pytest.mark.parametrize(("other", "name"), [("loop", "loop"), (f"{BRANCH}/x", f"{BRANCH}/x")])
def test_a_branch_that_is_in_the_way_is_named_before_anything_is_made(
    found: Repository, folder: Path, other: str, name: str
):
    git(found.root, "branch", other)
    with pytest.raises(StartError, match=f"no branch {BRANCH} beside the branch {name}"):
        make(found, folder)
    assert list(folder.parent.iterdir()) == []


def test_a_tree_that_is_there_is_never_replaced(found: Repository, folder: Path):
    make(found, folder)
    commit(folder, {"a": "2\n"})
    before = seen(folder)
    with pytest.raises(StartError, match="never replaced") as raised:
        make(found, folder)
    assert "rm -rf" in raised.value.hint
    assert seen(folder) == before


def test_what_a_start_that_was_killed_has_left_is_no_tree(found: Repository, folder: Path):
    unfinished = folder.with_name("T-1.making")
    shutil.copytree(found.root, unfinished)
    (unfinished / "half").write_text("x")
    assert open_run_tree(found, folder) is None
    make(found, folder)
    assert [path.name for path in folder.parent.iterdir()] == ["T-1"]
    assert git(folder, "status", "--porcelain") == ""


def test_a_start_that_is_killed_leaves_home_as_it_was_and_no_tree(found: Repository, folder: Path):
    git(found.root, "config", "filter.deadly.clean", "cat")
    git(found.root, "config", "filter.deadly.smudge", "kill -9 $PPID $VICTIM")
    commit(found.root, {".gitattributes": "a filter=deadly\n"})
    before = seen(found.root)
    script = (
        "import os, sys; from pathlib import Path; from loop_kit.vcs.repository import Repository\n"
        "from loop_kit.vcs.run_tree import make_run_tree\n"
        "os.environ['VICTIM'] = str(os.getpid()); home = Repository.find(Path(sys.argv[1]))\n"
        "make_run_tree(home, Path(sys.argv[2]), sha=home.head().sha, branch='loop/T-1')"
    )
    done = subprocess.run([sys.executable, "-c", script, str(found.root), str(folder)], check=False)
    assert done.returncode == -9
    assert seen(found.root) == before
    assert open_run_tree(found, folder) is None
    assert [path.name for path in folder.parent.iterdir()] == ["T-1.making"]
    git(found.root, "config", "filter.deadly.smudge", "cat")
    make(found, folder)
    assert [path.name for path in folder.parent.iterdir()] == ["T-1"]


def test_a_commit_that_is_not_there_is_a_sentence(found: Repository, folder: Path):
    with pytest.raises(StartError, match="has no commit 1111"):
        make(found, folder, sha="1" * 40)
    with pytest.raises(StartError, match="has no commit main"):
        make(found, folder, sha="main")
    assert list(folder.parent.iterdir()) == []


def test_a_folder_in_the_repository_is_refused(found: Repository):
    with pytest.raises(StartError, match="cannot hold a run's tree") as raised:
        make(found, found.root / "tree")
    assert "XDG_STATE_HOME" in raised.value.hint


def test_a_folder_where_nothing_can_be_made_is_a_sentence(found: Repository, folder: Path):
    folder.parent.parent.mkdir(parents=True)
    folder.parent.write_text("a file")
    with pytest.raises(StartError, match="cannot be made"):
        make(found, folder)


def test_a_folder_in_which_others_may_write_is_refused(found: Repository, folder: Path):
    folder.parent.mkdir(parents=True)
    folder.parent.chmod(0o777)
    with pytest.raises(StartError, match="other users may write in it"):
        make(found, folder)


@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_files_are_as_the_umask_says_in_a_folder_of_this_user_alone(found: Repository, folder: Path, mask: int):
    (found.root / "run.sh").write_text("")
    (found.root / "run.sh").chmod(0o755)
    commit(found.root, {})
    before = os.umask(mask)
    try:
        make(found, folder)
    finally:
        os.umask(before)
    assert (folder / "run.sh").stat().st_mode & 0o777 == 0o777 & ~mask
    assert folder.parent.stat().st_mode & 0o777 == 0o700
    assert git(folder, "status", "--porcelain") == ""


def test_a_tree_is_opened_again(found: Repository, folder: Path):
    assert open_run_tree(found, folder) is None
    made = make(found, folder).repository
    commit(folder, {"a": "2\n"})
    git(folder, "gc", "--quiet")
    assert open_run_tree(found, folder) == made


def a_link(found: Repository, folder: Path) -> None:
    folder.rename(folder.with_name("moved"))
    folder.symlink_to("moved")


def a_git_folder_that_is_a_link(found: Repository, folder: Path) -> None:
    shutil.rmtree(folder / ".git")
    (folder / ".git").symlink_to(found.common_dir)


def a_git_file(found: Repository, folder: Path) -> None:
    shutil.rmtree(folder / ".git")
    (folder / ".git").write_text(f"gitdir: {found.common_dir}\n")


def a_working_tree_of_home(found: Repository, folder: Path) -> None:
    shutil.rmtree(folder)
    git(found.root, "worktree", "add", "--quiet", str(folder))


def a_clone(found: Repository, folder: Path) -> None:
    shutil.rmtree(folder)
    git(found.root, "clone", "--quiet", ".", str(folder))


def the_objects_of_another(found: Repository, folder: Path) -> None:
    other = make_repo(folder.with_name("other"))
    (folder / ".git/objects/info/alternates").write_text(f"{other}/.git/objects\n")


def the_objects_of_another_as_well(found: Repository, folder: Path) -> None:
    other = make_repo(folder.with_name("other"))
    with (folder / ".git/objects/info/alternates").open("a") as file:
        file.write(f"{other}/.git/objects\n")


def objects_that_are_a_link(found: Repository, folder: Path) -> None:
    shutil.rmtree(folder / ".git/objects")
    (folder / ".git/objects").symlink_to(found.common_dir / "objects")


def another_common_folder(found: Repository, folder: Path) -> None:
    (folder / ".git/commondir").write_text(f"{found.common_dir}\n")


def settings_that_are_a_pipe(found: Repository, folder: Path) -> None:
    (folder / ".git/config").unlink()
    os.mkfifo(folder / ".git/config")


def no_head(found: Repository, folder: Path) -> None:
    (folder / ".git/HEAD").unlink()


def a_file(found: Repository, folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("x")


@pytest.mark.parametrize(
    ("deed", "reason"),
    [
        (a_link, "is a symbolic link"),
        (a_git_folder_that_is_a_link, "is a symbolic link"),
        (a_git_file, r"\.git: Not a directory"),
        (a_working_tree_of_home, r"\.git: Not a directory"),
        (a_clone, r"alternates is gone"),
        (the_objects_of_another, "does not name the objects of"),
        (the_objects_of_another_as_well, "does not name the objects of"),
        (objects_that_are_a_link, "is a symbolic link"),
        (another_common_folder, "names another repository"),
        (settings_that_are_a_pipe, "it is a pipe"),
        (no_head, "HEAD is gone"),
        (a_file, "Not a directory"),
    ],
)
def test_something_else_in_its_place_is_not_opened(
    found: Repository, folder: Path, deed: Callable[[Repository, Path], None], reason: str
):
    make(found, folder)
    deed(found, folder)
    with pytest.raises(NeedsPersonError, match=rf"is not the run's tree any more: .*{reason}"):
        open_run_tree(found, folder)


def test_a_tree_of_another_repository_is_not_opened(found: Repository, folder: Path, tmp_path: Path):
    make(found, folder)
    other = Repository.find(make_repo(tmp_path / "other"))
    with pytest.raises(NeedsPersonError, match=r"does not name the objects of .*other"):
        open_run_tree(other, folder)


def test_nothing_is_left_after_a_tree_is_removed(found: Repository, folder: Path):
    before = seen(found.root)
    make(found, folder)
    commit(folder, {"a": "2\n"})
    (folder / "read-only").mkdir()
    (folder / "read-only/x").write_text("x")
    (folder / "read-only").chmod(0o500)
    for name in ("T-1.making", "T-1.fetching"):
        (folder.with_name(name) / "x").mkdir(parents=True)
    for _ in range(2):
        remove_run_tree(found, folder)
        assert list(folder.parent.iterdir()) == []
    assert seen(found.root) == before


def test_what_a_link_in_place_of_a_tree_leads_to_is_not_removed(found: Repository, folder: Path):
    make(found, folder)
    a_link(found, folder)
    remove_run_tree(found, folder)
    assert [path.name for path in folder.parent.iterdir()] == ["moved"]


def test_a_folder_that_holds_the_repository_is_not_removed(found: Repository):
    for folder in (found.root, found.root.parent, found.common_dir):
        with pytest.raises(StartError, match="holds"):
            remove_run_tree(found, folder)
    assert found.head().sha


def test_git_gc_in_home_leaves_what_the_tree_has_checked_out_when_that_is_pinned(found: Repository, folder: Path):
    base = commit(found.root, {"a": "only here\n"})
    found.pin("refs/loop/T-1/r0/base", base)
    make(found, folder)
    git(found.root, "reset", "--quiet", "--hard", "HEAD~")
    git(found.root, "reflog", "expire", "--expire=now", "--all")
    git(found.root, "-c", "gc.pruneExpire=now", "gc", "--quiet", "--aggressive")
    head = commit(folder, {"b": "2\n"})
    assert git(folder, "fsck", "--connectivity-only") == ""
    assert git(folder, "show", f"{head}~:a") == "only here"


def test_git_gc_in_the_tree_loses_nothing_and_copies_nothing(
    found: Repository, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    before = seen(found.root)
    make(found, folder)
    monkeypatch.setenv("GIT_COMMITTER_DATE", "1000000000 +0000")  # so that the log has old entries
    lost = commit(folder, {"b": "1\n"})
    git(folder, "reset", "--quiet", "--hard", "HEAD~")
    for _ in range(2):
        git(folder, "gc", "--quiet", "--prune=now")
    assert git(folder, "cat-file", "-t", lost) == "commit"
    assert git(folder, "rev-parse", "HEAD@{1}") == lost
    assert len(own_objects(folder)) < 6
    assert seen(found.root) == before


def test_what_is_watched_in_a_tree_is_quiet_until_somebody_touches_it(found: Repository, folder: Path):
    tree = make(found, folder).repository
    before = watch.take(tree, "T-1", 1)
    commit(folder, {"b": "1\n"})
    assert watch.compare(before, watch.take(tree, "T-1", 1)) == []
    git(folder, "config", "core.hooksPath", "hooks")
    assert [finding.code for finding in watch.compare(before, watch.take(tree, "T-1", 1))] == ["config_changed"]


def test_a_tree_with_a_copy_has_what_the_patterns_name(found: Repository, folder: Path):
    (found.root / ".gitignore").write_text("build/\n.env\n")
    sha = commit(found.root, {})
    (found.root / ".env").write_text("KEY=1\n")
    (found.root / "build").mkdir()
    (found.root / "build/out").write_text("x\n")
    made = make_run_tree(found, folder, sha=sha, branch=BRANCH, copy=(".env",))
    assert made.notes == ()
    assert (folder / ".env").read_text() == "KEY=1\n"
    assert not (folder / "build").exists()
    assert git(folder, "status", "--porcelain") == ""
