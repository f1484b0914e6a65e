from pathlib import Path

from loop_kit.vcs import identity
from loop_kit.vcs.repository import Repository
from tests.support.repos import commit, git, make_repo


def test_a_person_is_who_git_says_unless_their_environment_says_otherwise(tmp_path: Path):
    repository = Repository.find(make_repo(tmp_path / "repo"))
    assert identity.address(repository, {}) == "owner@example.invalid"
    assert identity.address(repository, {"GIT_AUTHOR_EMAIL": "me@example.invalid"}) == "me@example.invalid"


def test_the_authors_of_a_range_are_those_of_its_commits_alone(tmp_path: Path):
    root = make_repo(tmp_path / "repo")
    base = git(root, "rev-parse", "HEAD")
    commit(root, {"a.txt": "a\n"})
    git(root, "commit", "--quiet", "--amend", "--no-edit", "--author", "Other <other@example.invalid>")
    head = commit(root, {"b.txt": "b\n"})
    repository = Repository.find(root)
    assert identity.authors(repository, base, head) == {"author@example.invalid", "other@example.invalid"}
    assert identity.authors(repository, head, head) == frozenset()
