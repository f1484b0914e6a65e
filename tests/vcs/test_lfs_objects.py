from hashlib import sha256
from pathlib import Path

import pytest

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
    place(home, b"large\n").unlink()
    commit(home.root, {"about.txt": "version https://git-lfs.github.com/spec/v1\n" + "x" * 1024})
    made = make(home, folder)
    assert (folder / "big.bin").read_text().startswith("version https://git-lfs")
    assert (folder / "other.bin").read_bytes() == b"other\n"
    assert made.notes == (
        "1 file(s) are git-lfs pointers in the run's tree, for want of their contents here: big.bin; git lfs pull gets them",
    )
    assert git(folder, "status", "--porcelain") == ""
