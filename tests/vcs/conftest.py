from pathlib import Path

import pytest

from loop_kit.vcs.repository import Repository
from tests.support.repos import make_repo
from tests.vcs import run_trees


@pytest.fixture
def found(tmp_path: Path) -> Repository:
    return Repository.find(make_repo(tmp_path / "repo", {"a": "1\n", "sub/b": "1\n", ".gitignore": "build/\n"}))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "scratch" / "run 1" / "review"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the tree of a run may be made."""
    return tmp_path / "state" / "loop-kit" / "trees" / "T-1"


@pytest.fixture
def tree(found: Repository, folder: Path) -> Repository:
    """The tree of a run, on a branch of its own at the head of `found`."""
    return run_trees.make(found, folder).repository
