import os
import shutil
from pathlib import Path

import pytest

from loop_kit.vcs.copied_files import copy, files_below
from loop_kit.vcs.repository import Repository
from tests.support.repos import commit, git, make_repo
from tests.vcs.run_trees import make, seen


@pytest.fixture
def home(tmp_path: Path) -> Repository:
    """A repository with ignored files of several kinds, and untracked ones that nobody ignores."""
    repo = make_repo(tmp_path / "repo", {"a": "1\n", ".gitignore": ".env*\nbuild/\nconf/*\n!conf/keep\n/vendor\n"})
    for name in (".env", ".env.local", "build/out", "build/deep/out", "conf/x", "conf/keep", "notes", "app/.env"):
        (repo / name).parent.mkdir(parents=True, exist_ok=True)
        (repo / name).write_text(f"{name}\n")
    return Repository.find(repo)


def copied(home: Repository, folder: Path, *patterns: str) -> list[str]:
    make(home, folder, copy=patterns)
    assert git(folder, "status", "--porcelain") == ""
    return git(folder, "ls-files", "--others").splitlines()


@pytest.mark.parametrize(
    ("patterns", "paths"),
    [
        ((), []),
        ((".env",), [".env", "app/.env"]),
        (("/.env*",), [".env", ".env.local"]),
        (("build/",), ["build/deep/out", "build/out"]),
        (("build/**", "!build/deep/", "!build/deep/**"), ["build/out"]),
        (("*.local", "conf"), [".env.local", "conf/x"]),
        (("*", "!/build/", "!/build/**"), [".env", ".env.local", "app/.env", "conf/x"]),
        (("notes", "conf/keep", "a"), []),
        (("nothing",), []),
        (("-x", "--exclude-standard"), []),
    ],
)
def test_what_patterns_name_and_git_ignores_comes_along(
    home: Repository, folder: Path, patterns: tuple[str, ...], paths: list[str]
):
    assert copied(home, folder, *patterns) == paths


def test_content_mode_and_time_are_the_same_and_nothing_is_shared(home: Repository, folder: Path):
    (home.root / ".env").chmod(0o750)
    os.utime(home.root / ".env", ns=(1, 2))
    before = seen(home.root)
    copied(home, folder, ".env")
    state = (folder / ".env").stat()
    assert (state.st_mode & 0o777, state.st_mtime_ns, state.st_nlink) == (0o750, 2, 1)
    (folder / ".env").write_text("other")
    assert seen(home.root) == before


def test_a_link_stays_a_link(home: Repository, folder: Path, tmp_path: Path):
    (tmp_path / "outside").write_text("x")
    (home.root / "build/link").symlink_to("../../outside")
    (home.root / "build/folder").symlink_to(tmp_path)
    copied(home, folder, "build")
    assert (folder / "build/link").readlink() == Path("../../outside")
    assert (folder / "build/folder").is_symlink()
    assert (home.root / "build/link").resolve() == tmp_path / "outside"


def test_what_the_commit_has_there_stays(home: Repository, folder: Path):
    git(home.root, "add", "--force", ".env")
    git(home.root, "commit", "--quiet", "-m", "Track it")
    sha = home.head().sha
    git(home.root, "rm", "--quiet", "--cached", ".env")
    commit(home.root, {})
    (home.root / ".env").write_text("newer\n")
    made = make(home, folder, sha=sha, copy=[".env"])
    assert (folder / ".env").read_text() == ".env\n"
    assert made.notes == ()


def test_nothing_is_written_through_a_link_that_the_commit_has(home: Repository, folder: Path, tmp_path: Path):
    (tmp_path / "outside").mkdir()
    shutil.rmtree(home.root / "build")
    (home.root / "build").symlink_to(tmp_path / "outside")
    git(home.root, "add", "--force", "build")
    git(home.root, "commit", "--quiet", "-m", "A link")
    sha = home.head().sha
    git(home.root, "rm", "--quiet", "build")
    commit(home.root, {})
    (home.root / "build").mkdir()
    (home.root / "build/out").write_text("x")
    made = make(home, folder, sha=sha, copy=["build"])
    assert list((tmp_path / "outside").iterdir()) == []
    assert made.notes == ("1 ignored file(s) could not be copied: build/out",)


def test_pipes_are_left_and_repositories_are_left_and_named(home: Repository, folder: Path):
    os.mkfifo(home.root / "build/pipe")
    make_repo(home.root / "vendor/x")
    git(home.root, "worktree", "add", "--quiet", "build/tree")
    made = make(home, folder, copy=["build", "vendor"])
    assert made.notes == ("2 ignored file(s) could not be copied: build/tree/, vendor/x/",)
    assert sorted(path.name for path in (folder / "build").iterdir()) == ["deep", "out"]


def test_a_path_that_is_no_text(home: Repository, folder: Path):
    name = os.fsdecode(b".env\xff\n")
    (home.root / name).write_text("x")
    copied(home, folder, ".env*")
    assert (folder / name).read_text() == "x"


def test_a_target_that_is_there_is_not_written(tmp_path: Path):
    (tmp_path / "one").write_text("1")
    (tmp_path / "two").symlink_to("nowhere")
    with pytest.raises(FileExistsError):
        copy(tmp_path / "one", tmp_path / "two")
    assert not (tmp_path / "nowhere").exists()


def test_files_below_a_folder_are_listed_without_going_through_a_link(tmp_path: Path):
    (tmp_path / "top/inner").mkdir(parents=True)
    (tmp_path / "top/inner/x").write_text("x")
    (tmp_path / "top/up").symlink_to("..")
    assert sorted(path.name for path, _ in files_below(tmp_path / "top")) == ["up", "x"]
    assert list(files_below(tmp_path / "nothing")) == []
