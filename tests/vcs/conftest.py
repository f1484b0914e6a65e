from pathlib import Path

import pytest

from loop_kit.vcs.repository import Repository
from tests.support.repos import make_repo


@pytest.fixture
def found(tmp_path: Path) -> Repository:
    return Repository.find(make_repo(tmp_path / "repo", {"a": "1\n", "sub/b": "1\n", ".gitignore": "build/\n"}))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "scratch" / "run 1" / "review"
