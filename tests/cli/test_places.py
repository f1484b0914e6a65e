from pathlib import Path

import pytest

from loop_kit.cli.invocation import Invocation
from loop_kit.cli.places import bus_root, scratch_root


def edge(cwd: Path, loop_dir: str | None = None, **environment: str) -> Invocation:
    return Invocation(environment=environment, cwd=cwd, loop_dir=loop_dir)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    (tmp_path / "repo/.git").mkdir(parents=True)
    (tmp_path / "repo/deep/er").mkdir(parents=True)
    return tmp_path / "repo"


@pytest.mark.parametrize("folder", [".", "deep", "deep/er"])
def test_from_anywhere_in_a_repository_the_bus_is_at_its_top(repo: Path, folder: str):
    assert bus_root(edge(repo / folder)) == repo / ".loop"


def test_the_nearest_bus_wins_over_the_top_of_the_repository(repo: Path):
    (repo / "deep/.loop").mkdir()
    assert bus_root(edge(repo / "deep/er")) == repo / "deep/.loop"


def test_the_bus_of_a_repository_further_up_is_not_taken(repo: Path):
    (repo / ".loop").mkdir()
    (repo / "deep/.git").write_text("gitdir: elsewhere\n", encoding="utf-8")  # a submodule or a linked worktree
    assert bus_root(edge(repo / "deep/er")) == repo / "deep/.loop"


def test_a_file_of_that_name_is_no_bus(repo: Path):
    (repo / "deep/.loop").touch()
    assert bus_root(edge(repo / "deep")) == repo / ".loop"


def test_outside_a_repository_it_would_be_here(tmp_path: Path):
    assert bus_root(edge(tmp_path)) == tmp_path / ".loop"


@pytest.mark.parametrize(
    ("named", "path"), [("bus", "repo/bus"), ("../bus", "bus"), ("{tmp}/else where", "else where")]
)
def test_the_one_that_was_named_is_taken_from_here(repo: Path, tmp_path: Path, named: str, path: str):
    assert bus_root(edge(repo, named.format(tmp=tmp_path))) == tmp_path / path


def test_a_home_may_be_written_short(repo: Path):
    assert bus_root(edge(repo, "~/bus")) == Path.home() / "bus"


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"XDG_CACHE_HOME": "/c", "HOME": "/h"}, "/c/loop-kit"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/h"}, "/h/.cache/loop-kit"),
        ({"XDG_CACHE_HOME": "", "HOME": "/h"}, "/h/.cache/loop-kit"),
        ({}, "/tmp/loop-kit"),
        ({"HOME": ""}, "/tmp/loop-kit"),
    ],
)
def test_scratch_is_in_the_persons_cache(tmp_path: Path, environment: dict[str, str], folder: str):
    assert scratch_root(edge(tmp_path, **environment)) == Path(folder)
