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


def test_a_person_is_told_in_variables_where_their_settings_are_not_read(tmp_path: Path):
    repository = Repository.find(make_repo(tmp_path / "repo"))
    git(tmp_path / "repo", "config", "user.name", "Somebody Else")
    git(tmp_path / "repo", "config", "user.email", "else@example.invalid")
    told = identity.variables(repository, {"GIT_COMMITTER_NAME": "C"})
    assert told == {
        "GIT_AUTHOR_NAME": "Somebody Else",
        "GIT_AUTHOR_EMAIL": "else@example.invalid",
        "GIT_COMMITTER_NAME": "C",
        "GIT_COMMITTER_EMAIL": "else@example.invalid",
    }
