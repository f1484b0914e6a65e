from hashlib import sha256
from pathlib import Path

import pytest

from loop_kit.vcs import worktree
from loop_kit.vcs.fetching import fetch_commits
from loop_kit.vcs.repository import Repository
from tests.support.repos import commit, git, make_repo
from tests.vcs.run_trees import keep_lfs, make, seen


@pytest.fixture
def home(tmp_path: Path) -> Repository:
    repo = make_repo(tmp_path / "repo", {"a": "1\n"})
    keep_lfs(repo, tmp_path / "tools")
    commit(repo, {"big.bin": b"large\n", "other.bin": b"other\n"})
    return Repository.find(repo)


def place(repository: Repository, content: bytes) -> Path:
    oid = sha256(content).hexdigest()
    return repository.common_dir / "lfs/objects" / oid[:2] / oid[2:4] / oid


def test_contents_come_from_the_store_and_it_is_as_it_was(home: Repository, folder: Path):
    assert git(home.root, "show", "HEAD:big.bin").startswith("version https://git-lfs")
    before = seen(home.root)
    made = make(home, folder)
    assert (folder / "big.bin").read_bytes() == b"large\n"
    assert git(folder, "status", "--porcelain") == ""
    assert made.notes == ()
    assert seen(home.root) == before
    (folder / "big.bin").unlink()
    git(folder, "checkout", "--", "big.bin")
    assert (folder / "big.bin").read_bytes() == b"large\n"


def test_what_the_store_lacks_stays_a_pointer_and_is_named(home: Repository, folder: Path):
    commit(home.root, {"about.txt": "version https://git-lfs.github.com/spec/v1\n" + "x" * 1024})
    place(home, b"large\n").unlink()  # after the commit: git may look at the file once more, which fills the store
    made = make(home, folder)
    assert (folder / "big.bin").read_text().startswith("version https://git-lfs")
    assert (folder / "other.bin").read_bytes() == b"other\n"
    assert made.notes == (
        "1 file(s) are git-lfs pointers in the run's tree, for want of their contents here: big.bin; git lfs pull gets them",
    )
    assert git(folder, "status", "--porcelain") == ""


def test_contents_that_a_worker_made_come_home_with_the_commit(home: Repository, folder: Path, tmp_path: Path):
    tree = make(home, folder).repository
    head = commit(folder, {"big.bin": b"larger\n"})
    assert not place(home, b"larger\n").exists()
    before = seen(home.root / ".git/lfs/objects")
    for _ in range(2):
        fetch_commits(home, tree, head)
    assert place(home, b"larger\n").read_bytes() == b"larger\n"
    assert place(home, b"larger\n").stat().st_nlink == 1
    assert before.items() - seen(home.root / ".git/lfs/objects").items() <= {(name, before[name]) for name in (".",)}
    assert list((home.common_dir / "lfs/tmp").iterdir()) == []
    worktree.prepare(home, tmp_path / "scratch/run/review", head)
    assert (tmp_path / "scratch/run/review/big.bin").read_bytes() == b"larger\n"


def test_what_is_not_what_its_name_says_does_not_come(home: Repository, folder: Path, tmp_path: Path):
    tree = make(home, folder).repository
    head = commit(folder, {"big.bin": b"larger\n"})
    place(tree, b"larger\n").write_bytes(b"forged\n")
    (tree.common_dir / "lfs/objects/link").symlink_to(tmp_path / "tools/lfs.py")
    (tree.common_dir / "lfs/objects/x").write_text("x")
    fetch_commits(home, tree, head)
    assert not place(home, b"larger\n").exists()
    assert list((home.common_dir / "lfs/tmp").iterdir()) == []
    assert not (home.common_dir / "lfs/objects/x").exists()


def test_a_store_elsewhere_is_filled(home: Repository, folder: Path, tmp_path: Path):
    (home.common_dir / "lfs").rename(tmp_path / "store")
    (home.common_dir / "lfs").symlink_to(tmp_path / "store")
    tree = make(home, folder).repository
    assert (folder / "big.bin").read_bytes() == b"large\n"
    fetch_commits(home, tree, commit(folder, {"big.bin": b"larger\n"}))
    assert place(home, b"larger\n").read_bytes() == b"larger\n"
    git(home.root, "config", "lfs.storage", "other-store")
    fetch_commits(home, tree, commit(folder, {"big.bin": b"largest\n"}))
    assert [
        path.read_bytes() for path in sorted((home.common_dir / "other-store/objects").rglob("*")) if path.is_file()
    ]
