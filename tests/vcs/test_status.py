import os
from pathlib import Path

from loop_kit.vcs.git import Git
from loop_kit.vcs.status import TreeStatus
from tests.support.repos import commit, git, make_repo


def test_every_kind_of_uncommitted_change_is_dirty(tmp_path: Path):
    repo = make_repo(
        tmp_path, {"edited": "1", "staged": "1", "deleted": "1", "mode": "1", "moved": "a long line\n" * 9}
    )
    (repo / "edited").write_text("2")
    (repo / "staged").write_text("2")
    (repo / "added").write_text("2")
    git(repo, "add", "staged", "added")
    git(repo, "mv", "moved", "elsewhere")
    (repo / "deleted").unlink()
    (repo / "mode").chmod(0o755)
    status = TreeStatus.of(Git(repo))
    assert sorted(status.dirty) == ["added", "deleted", "edited", "elsewhere", "mode", "moved", "staged"]
    assert status.untracked == ()


def test_a_conflict_is_dirty(tmp_path: Path):
    repo = make_repo(tmp_path, {"f": "1"})
    git(repo, "switch", "-q", "-c", "other")
    commit(repo, {"f": "2"})
    git(repo, "switch", "-q", "main")
    commit(repo, {"f": "3"})
    git(repo, "merge", "other", ok=(1,))
    assert TreeStatus.of(Git(repo)).dirty == ("f",)


def test_untracked_files_come_one_by_one_and_ignored_ones_never(tmp_path: Path):
    repo = make_repo(tmp_path, {".gitignore": "*.log\n"})
    (repo / "new").mkdir()
    for name in ("new/a", "new/b", "new/c.log", "d.log"):
        (repo / name).write_text("x")
    git(repo, "config", "status.showUntrackedFiles", "no")
    assert TreeStatus.of(Git(repo)).untracked == ("new/a", "new/b")


def test_names_with_newlines_spaces_dollars_and_raw_bytes_survive(tmp_path: Path):
    names = [b"two\nlines", b" space ", b"$HOME", b'quo"te', b"caf\xe9", b"tab\t", b"-dash", b"? x"]
    repo = make_repo(tmp_path, {})
    for name in names:
        Path(os.fsdecode(os.fsencode(repo) + b"/" + name)).write_text("x")
    assert sorted(TreeStatus.of(Git(repo)).untracked_paths) == sorted(names)
    git(repo, "add", "--all")
    assert sorted(TreeStatus.of(Git(repo)).dirty_paths) == sorted(names)
    assert "caf\\xe9" in TreeStatus.of(Git(repo)).dirty


def test_a_person_s_settings_do_not_change_the_answer(tmp_path: Path):
    repo = make_repo(tmp_path, {"a": "1", "b": "1"})
    (repo / "a").write_text("2")
    before = TreeStatus.of(Git(repo))
    for setting in ("status.renames=copies", "status.branch=false", "status.short=true", "color.status=always"):
        git(repo, "config", *setting.split("="))
    git(repo, "config", "status.relativePaths", "true")
    git(repo, "config", "core.fsmonitor", "false; touch ran-a-program #")
    assert TreeStatus.of(Git(repo)) == before
    assert not (repo / "ran-a-program").exists()


def test_a_submodule_is_dirty_only_when_another_commit_is_checked_out(tmp_path: Path):
    inner = make_repo(tmp_path / "inner")
    repo = make_repo(tmp_path / "repo")
    git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "sub")
    git(repo, "commit", "-q", "-m", "Add a submodule")
    (repo / "sub" / "README.md").write_text("edited")
    (repo / "sub" / "new").write_text("new")
    assert TreeStatus.of(Git(repo)).dirty == ()
    commit(repo / "sub", {"more": "1"})
    assert TreeStatus.of(Git(repo)).dirty == ("sub",)


def test_the_head_before_the_first_commit_is_empty(tmp_path: Path):
    git(tmp_path, "init", "-q", "-b", "trunk")
    status = TreeStatus.of(Git(tmp_path))
    assert (status.sha, status.branch) == ("", "trunk")


def test_the_index_is_not_touched(tmp_path: Path):
    repo = make_repo(tmp_path, {"a": "1"})
    before = (repo / ".git" / "index").read_bytes()
    os.utime(repo / "a", (1, 1))  # a plain `git status` would refresh the index now
    TreeStatus.of(Git(repo))
    assert (repo / ".git" / "index").read_bytes() == before
