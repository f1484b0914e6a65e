import os
from pathlib import Path

import pytest

from loop_kit.errors import NeedsPersonError, StartError
from loop_kit.vcs.repository import Head, Repository
from tests.support.repos import commit, git, make_repo


@pytest.mark.parametrize(
    "name", ["plain", "with space", "new\nline", "$HOME", "quo'te\"", "ünï", os.fsdecode(b"caf\xe9")]
)
def test_a_repository_is_found_from_a_subdirectory_of_any_path(tmp_path: Path, name: str):
    repo = make_repo(tmp_path / name, {"a/b/c": "1"})
    found = Repository.find(repo / "a" / "b")
    assert (found.root, found.git_dir, found.common_dir) == (repo, repo / ".git", repo / ".git")
    assert found.head() == Head(git(repo, "rev-parse", "HEAD"), "main")
    (repo / "new").write_text("1")
    assert found.untracked() == ("new",)
    assert found.snapshot("x") is not None


def test_a_linked_worktree_has_its_own_git_folder(tmp_path: Path):
    repo = make_repo(tmp_path / "repo")
    git(repo, "worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    found = Repository.find(tmp_path / "linked")
    assert found.root == tmp_path / "linked"
    assert found.git_dir == repo / ".git" / "worktrees" / "linked"
    assert found.common_dir == repo / ".git"
    assert found.head().branch == "side"
    found.pin("refs/loop/T/r0/base", found.head().sha)
    assert Repository.find(repo).refs("refs/loop") == {"refs/loop/T/r0/base": found.head().sha}


def test_a_submodule_is_a_repository_of_its_own(tmp_path: Path):
    inner = make_repo(tmp_path / "inner")
    repo = make_repo(tmp_path / "repo")
    git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "sub")
    found = Repository.find(repo / "sub")
    assert (found.root, found.git_dir) == (repo / "sub", repo / ".git" / "modules" / "sub")


def test_a_detached_head_has_no_branch(tmp_path: Path):
    repo = make_repo(tmp_path)
    git(repo, "checkout", "-q", "--detach")
    found = Repository.find(repo)
    assert found.head().branch == found.status().branch == found.full_ref() == ""


def test_head_and_status_call_a_branch_the_same(tmp_path: Path):
    repo = make_repo(tmp_path, branch="feature/ünï")
    found = Repository.find(repo)
    assert found.head().branch == found.status().branch == "feature/ünï"
    assert found.full_ref() == "refs/heads/feature/ünï"


def test_no_repository_is_one_sentence(tmp_path: Path):
    with pytest.raises(StartError, match="is in no git repository"):
        Repository.find(tmp_path)
    with pytest.raises(StartError, match=r"git refuses .*gone: cannot change to"):
        Repository.find(tmp_path / "gone")


def test_a_bare_repository_is_one_sentence(tmp_path: Path):
    git(tmp_path, "init", "-q", "--bare")
    with pytest.raises(StartError, match="bare repository"):
        Repository.find(tmp_path)
    repo = make_repo(tmp_path / "normal")
    with pytest.raises(StartError, match=r"\.git folder"):
        Repository.find(repo / ".git")


def test_a_repository_without_a_commit_is_one_sentence(tmp_path: Path):
    git(tmp_path, "init", "-q", "-b", "trunk")
    with pytest.raises(StartError, match=r"branch trunk of .* has no commit yet"):
        Repository.find(tmp_path).check_ready()


def test_an_unborn_branch_beside_others_is_named(tmp_path: Path):
    repo = make_repo(tmp_path)
    git(repo, "checkout", "-q", "--orphan", "fresh")
    with pytest.raises(StartError, match="branch fresh of"):
        Repository.find(repo).head()


@pytest.mark.parametrize(
    ("operation", "command"),
    [
        ("merge", ("merge", "other")),
        ("rebase", ("rebase", "other")),
        ("cherry-pick", ("cherry-pick", "other")),
        ("revert", ("revert", "--no-edit", "HEAD~1")),
    ],
)
def test_an_operation_in_progress_refuses_the_start(tmp_path: Path, operation: str, command: tuple[str, ...]):
    repo = make_repo(tmp_path, {"f": "1"})
    git(repo, "switch", "-q", "-c", "other")
    commit(repo, {"f": "2"})
    git(repo, "switch", "-q", "main")
    commit(repo, {"f": "3"})
    commit(repo, {"f": "4"})
    found = Repository.find(repo)
    assert found.operation_in_progress() == ""
    git(repo, *command, ok=(1,))
    assert found.operation_in_progress() == operation
    with pytest.raises(StartError, match=f"in the middle of a {operation}"):
        found.check_ready()


def test_a_rev_is_never_taken_for_an_option(tmp_path: Path):
    found = Repository.find(make_repo(tmp_path))
    for rev in ("--all", "-1", "--output=x", "", "nowhere", "a\nb", "a\0b", "\ud800", "HEAD:README.md", "f" * 40):
        assert found.commit_id(rev) is None
    assert found.commit_id("main") == found.commit_id("HEAD") == found.head().sha
    assert not (tmp_path / "x").exists()


def test_the_tree_of_an_unknown_commit_is_a_sentence(tmp_path: Path):
    found = Repository.find(make_repo(tmp_path))
    assert found.tree_id("HEAD") == git(tmp_path, "rev-parse", "HEAD^{tree}")
    with pytest.raises(NeedsPersonError, match="has no commit 1111"):
        found.tree_id("1" * 40)


def test_ancestry(tmp_path: Path):
    repo = make_repo(tmp_path)
    first = git(repo, "rev-parse", "HEAD")
    second = commit(repo, {"a": "1"})
    git(repo, "switch", "-q", "-c", "side", first)
    side = commit(repo, {"b": "1"})
    found = Repository.find(repo)
    assert found.is_ancestor(first, second)
    assert found.is_ancestor(first, first)
    assert not found.is_ancestor(second, first)
    assert found.is_ancestor(first, side)
    assert not found.is_ancestor(second, side)


def test_commits_come_oldest_first_and_the_newest_when_there_are_too_many(tmp_path: Path):
    repo = make_repo(tmp_path)
    base = git(repo, "rev-parse", "HEAD")
    shas = [commit(repo, {}, message=f"Commit {number}") for number in range(5)]
    found = Repository.find(repo)
    assert [entry.sha for entry in found.commits(base, "HEAD")] == shas
    assert [entry.subject for entry in found.commits(base, "HEAD", limit=2)] == ["Commit 3", "Commit 4"]
    assert found.commits("HEAD", base) == ()
    assert found.count_commits(base, "HEAD") == 5


def test_subjects_are_text_whatever_was_committed(tmp_path: Path):
    repo = make_repo(tmp_path)
    base = git(repo, "rev-parse", "HEAD")
    git(repo, "config", "i18n.logOutputEncoding", "ISO-8859-1")
    git(repo, "config", "format.pretty", "fuller")
    git(repo, "commit", "-q", "--allow-empty", "-F", "-", input="naïve\r subject\nsecond line\n\nbody\n".encode())
    raw = git(repo, "cat-file", "commit", "HEAD").replace(base, git(repo, "rev-parse", "HEAD")).partition("\n\n")[0]
    odd = git(repo, "hash-object", "-t", "commit", "-w", "--stdin", input=raw.encode() + b"\n\ncaf\xe9\n")
    git(repo, "reset", "-q", odd)
    git(repo, "commit", "-q", "--allow-empty", "--allow-empty-message", "-m", "")
    git(repo, "commit", "-q", "--allow-empty", "-m", "x" * 5000)
    subjects = [entry.subject for entry in Repository.find(repo).commits(base, "HEAD")]
    assert subjects == ["naïve\r subject second line", "caf\\xe9", "", "x" * 500]


def test_a_file_at_a_commit_is_shown(tmp_path: Path):
    repo = make_repo(tmp_path, {"AGENTS.md": "rules", "sub/a b": b"\0\xff", "empty": ""})
    (repo / "CLAUDE.md").symlink_to("AGENTS.md")
    (repo / "outside").symlink_to("/etc/passwd")
    (repo / "dangling").symlink_to("nowhere")
    base = commit(repo, {})
    (repo / "AGENTS.md").write_text("changed since")
    found = Repository.find(repo)
    assert found.show(base, "AGENTS.md") == b"rules"
    assert found.show(base, "CLAUDE.md") == b"rules"
    assert found.show(base, "sub/a b") == b"\0\xff"
    assert found.show(base, "empty") == b""
    for path in ("nothing", "sub", "outside", "dangling", "a\nb", "\ud800"):
        assert found.show(base, path) is None


def test_a_file_above_its_limit_is_refused_by_name(tmp_path: Path):
    found = Repository.find(make_repo(tmp_path, {"AGENTS.md": "x" * 101}))
    assert found.show("HEAD", "AGENTS.md", limit=101) is not None
    with pytest.raises(StartError, match=r"AGENTS\.md at HEAD is larger than 100 bytes"):
        found.show("HEAD", "AGENTS.md", limit=100)


def test_paths_are_those_of_the_commit(tmp_path: Path):
    repo = make_repo(tmp_path, {"a/b": "1", "c": "1"})
    (repo / "new").write_text("1")
    assert Repository.find(repo / "a").paths("HEAD") == ("a/b", "c")


def test_a_shallow_clone_works(tmp_path: Path):
    repo = make_repo(tmp_path / "repo")
    for number in range(3):
        commit(repo, {"a": str(number)})
    git(tmp_path, "clone", "-q", "--depth=2", f"file://{repo}", "shallow")
    found = Repository.find(tmp_path / "shallow")
    base = found.head().sha
    head = commit(found.root, {"b": "1"})
    assert found.is_ancestor(base, head)
    assert [entry.sha for entry in found.commits(base, head)] == [head]


def test_a_sha256_repository_works(tmp_path: Path):
    git(tmp_path, "init", "-q", "--object-format=sha256")
    base = commit(tmp_path, {"a": "1"})
    head = commit(tmp_path, {"b": "1"})
    found = Repository.find(tmp_path)
    assert len(found.head().sha) == 64
    assert [entry.path for entry in found.files(base, head)] == ["b"]
    assert found.snapshot("x") is None


def test_a_broken_repository_is_one_sentence(tmp_path: Path):
    repo = make_repo(tmp_path)
    found = Repository.find(repo)
    (repo / ".git" / "index").write_bytes(b"garbage")
    with pytest.raises(NeedsPersonError, match=r"git status failed in .*index file"):
        found.dirty()


@pytest.mark.parametrize("kind", ["heads", "tags"])
def test_a_ref_that_is_called_head_as_well_confuses_nobody(tmp_path: Path, kind: str):
    repo = make_repo(tmp_path)
    sha = git(repo, "rev-parse", "HEAD")
    git(repo, "update-ref", f"refs/{kind}/HEAD", sha)
    found = Repository.find(repo)
    assert found.head() == Head(sha=sha, branch="main")
    assert (found.status().branch, found.commit_id("HEAD")) == ("main", sha)
    git(repo, "checkout", "-q", "--detach")
    assert found.head() == Head(sha=sha, branch="")


def test_a_branch_may_be_called_head(tmp_path: Path):
    repo = make_repo(tmp_path)
    sha = git(repo, "rev-parse", "HEAD")
    git(repo, "update-ref", "refs/heads/HEAD", sha)
    git(repo, "symbolic-ref", "HEAD", "refs/heads/HEAD")
    found = Repository.find(repo)
    assert found.head() == Head(sha=sha, branch="HEAD")
    assert found.status().branch == "HEAD"
