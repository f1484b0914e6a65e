import os
from pathlib import Path

import pytest

from loop_kit.errors import NeedsPersonError, StartError
from loop_kit.vcs.repository import Repository
from tests.support.repos import commit, git, make_repo


def files_of(repo: Path, tree: str) -> set[str]:
    return set(git(repo, "ls-tree", "-r", "--name-only", "-z", tree).strip("\0").split("\0"))


def test_a_clean_tree_needs_no_snapshot(tmp_path: Path):
    assert Repository.find(make_repo(tmp_path)).snapshot("nothing") is None


def test_a_snapshot_holds_everything_but_the_ignored_and_the_left_out(tmp_path: Path):
    repo = make_repo(tmp_path, {".gitignore": "*.log\n", "edited": "1", "gone": "1", "staged": "1"})
    git(repo, "config", "commit.gpgSign", "true")
    (repo / "edited").write_text("2")
    (repo / "gone").unlink()
    (repo / "staged").write_text("2")
    git(repo, "add", "staged")
    for name in ("new", "x.log", "private", "two\nlines"):
        (repo / name).write_text("x")
    Path(os.fsdecode(os.fsencode(repo) + b"/caf\xe9")).write_text("x")
    Path(os.fsdecode(os.fsencode(repo) + b"/th\xe9")).write_text("x")
    head = git(repo, "rev-parse", "HEAD")
    taken = Repository.find(repo).snapshot("Unfinished", without=("private", "th\\xe9"))
    assert taken is not None
    assert git(repo, "ls-tree", "--name-only", "-z", taken.sha).encode("utf-8", "surrogateescape").split(b"\0")[
        :-1
    ] == [
        b".gitignore",
        b"caf\xe9",
        b"edited",
        b"new",
        b"staged",
        b"two\nlines",
    ]
    assert git(repo, "show", f"{taken.sha}:edited") == "2"
    assert git(repo, "log", "-1", "--format=%P %T %an <%ae> %cn %s", taken.sha) == (
        f"{head} {taken.tree} loop <loop@localhost> loop Unfinished"
    )
    assert git(repo, "rev-parse", "HEAD") == head


def test_the_person_s_index_stays_as_it_is_byte_for_byte(tmp_path: Path):
    repo = make_repo(tmp_path, {"a": "1", "b": "1"})
    (repo / "a").write_text("2")
    git(repo, "add", "a")
    (repo / "a").write_text("3")
    (repo / "new").write_text("1")
    said, index = git(repo, "status", "--porcelain"), (repo / ".git" / "index").read_bytes()
    taken = Repository.find(repo).snapshot("Unfinished")
    assert taken is not None
    assert (repo / ".git" / "index").read_bytes() == index
    assert git(repo, "show", f"{taken.sha}:a") == "3"
    assert git(repo, "status", "--porcelain") == said
    assert not list((repo / ".git").glob("*.lock"))


def test_a_change_in_the_very_moment_the_index_was_written_is_not_missed(tmp_path: Path):
    repo = make_repo(tmp_path, {"a": "1"})
    git(repo, "config", "core.trustctime", "false")
    moment = (1_000_000_000, 1_000_000_000)
    os.utime(repo / "a", moment)
    git(repo, "update-index", "--refresh")
    (repo / "a").write_text("2")
    os.utime(repo / "a", moment)
    os.utime(repo / ".git" / "index", moment)
    taken = Repository.find(repo).snapshot("Unfinished")
    assert taken is not None
    assert git(repo, "show", f"{taken.sha}:a") == "2"


def test_a_file_that_became_a_folder_and_the_other_way_round(tmp_path: Path):
    repo = make_repo(tmp_path, {"file": "1", "folder/inner": "1"})
    (repo / "file").unlink()
    (repo / "file").mkdir()
    (repo / "file" / "inner").write_text("1")
    (repo / "folder" / "inner").unlink()
    (repo / "folder").rmdir()
    (repo / "folder").symlink_to("file")
    tree = Repository.find(repo).worktree_tree()
    assert files_of(repo, tree) == {"file/inner", "folder"}


def test_an_unfinished_merge_can_be_snapshotted(tmp_path: Path):
    repo = make_repo(tmp_path, {"f": "1\n"})
    git(repo, "switch", "-q", "-c", "other")
    commit(repo, {"f": "2\n"})
    git(repo, "switch", "-q", "main")
    commit(repo, {"f": "3\n"})
    git(repo, "merge", "other", ok=(1,))
    taken = Repository.find(repo).snapshot("Unfinished")
    assert taken is not None
    assert "<<<<<<<" in git(repo, "show", f"{taken.sha}:f")


def test_a_repository_inside_the_repository_is_left_out(tmp_path: Path):
    repo = make_repo(tmp_path)
    make_repo(repo / "inner")
    (repo / "new").write_text("1")
    assert files_of(repo, Repository.find(repo).worktree_tree()) == {"README.md", "new"}


def test_a_split_index_and_a_missing_one_are_read_all_the_same(tmp_path: Path):
    repo = make_repo(tmp_path, {"a": "1", "b": "1"})
    git(repo, "update-index", "--split-index")
    (repo / "a").write_text("2")
    git(repo, "config", "core.splitIndex", "true")
    found = Repository.find(repo)
    before = sorted(path.name for path in found.git_dir.iterdir())
    tree = found.worktree_tree()
    assert sorted(path.name for path in found.git_dir.iterdir()) == before
    (repo / ".git" / "index").unlink()
    assert found.worktree_tree() == tree


def test_a_snapshot_before_the_first_commit_is_refused(tmp_path: Path):
    git(tmp_path, "init", "-q")
    with pytest.raises(StartError, match="has no commit yet"):
        Repository.find(tmp_path).snapshot("Unfinished")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_named(tmp_path: Path):
    repo = make_repo(tmp_path)
    (repo / "secret").write_text("x")
    (repo / "secret").chmod(0)
    with pytest.raises(NeedsPersonError, match="secret"):
        Repository.find(repo).worktree_tree()
