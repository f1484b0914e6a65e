import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from loop_kit.vcs.lying_index import unlike
from loop_kit.vcs.repository import Repository
from tests.support.repos import forge_index, git, make_repo

FILES = {"a": "1\n", "b": "1\n", 'é "x"\n': "1\n", "dos": "1\r\n", ".gitattributes": "dos -text\n"}


@pytest.fixture
def found(tmp_path: Path) -> Repository:
    return Repository.find(make_repo(tmp_path / "repo", FILES))


def since(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def forge(found: Repository, name: str, content: str = "2\n") -> None:
    """Let the index say that a file, which has other content, is as at HEAD."""
    told = git(found.root, "rev-parse", f"HEAD:{name}")
    (found.root / name).write_text(content)
    os.utime(found.root / name, (1, 1))  # git looks again at what is as young as its index
    git(found.root, "add", name)
    forge_index(found.git_dir / "index", git(found.root, "rev-parse", f":{name}"), told)


@pytest.mark.parametrize("name", ["a", 'é "x"\n'])
def test_an_index_that_lies_about_a_file_is_found_out(found: Repository, name: str):
    head = found.head().sha
    assert unlike(found, head, since=since(-60), known=()) == []
    forge(found, name)
    assert found.dirty() == ()
    assert unlike(found, head, since=since(-60), known=()) == [name]
    assert unlike(found, head, since=since(-60), known=(name,)) == []


def test_what_was_not_written_since_is_not_read(found: Repository):
    forge(found, "a")
    assert unlike(found, found.head().sha, since=since(60), known=()) == []


def test_a_link_in_the_place_of_a_file_is_found_out(found: Repository):
    (found.root / "a").unlink()
    (found.root / "a").symlink_to("b")
    git(found.root, "update-index", "--assume-unchanged", "a")
    assert unlike(found, found.head().sha, since=since(-60), known=()) == ["a"]


def test_a_file_as_a_checkout_makes_it_is_as_it_should_be(found: Repository):
    git(found.root, "config", "core.autocrlf", "true")
    (found.root / "b").write_bytes(b"1\r\n")
    git(found.root, "update-index", "--refresh", ok=(0, 1))
    assert unlike(found, found.head().sha, since=since(-60), known=()) == []


def test_a_link_and_a_missing_file_are_no_trouble(found: Repository):
    (found.root / "link").symlink_to("a")
    git(found.root, "add", "link")
    git(found.root, "commit", "-qm", "x")
    (found.root / "b").unlink()
    assert unlike(found, found.head().sha, since=since(-60), known=()) == []
    (found.root / "link").unlink()
    (found.root / "link").symlink_to("b")
    assert unlike(found, found.head().sha, since=since(-60), known=()) == ["link"]
