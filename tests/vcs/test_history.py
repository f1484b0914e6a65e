"""A history against git's own answers, also where nobody would look: merges, empty subjects, other encodings."""

from pathlib import Path

from loop_kit.vcs.history import History
from loop_kit.vcs.repository import Repository
from tests.support.repos import commit, git, make_repo


def history(repo: Path, base: str, head: str = "HEAD", limit: int = 200) -> History:
    return History.read(Repository.find(repo).git.out(*History.question(base, head, limit)))


def test_it_tells_the_tree_of_its_head_and_what_that_leads_to(tmp_path: Path):
    repo = make_repo(tmp_path)
    base = git(repo, "rev-parse", "HEAD")
    git(repo, "switch", "-q", "-c", "side")
    side = commit(repo, {"b": "1"})
    git(repo, "switch", "-q", "main")
    last = commit(repo, {"a": "1"})
    git(repo, "merge", "-q", "--no-edit", "side")
    head = git(repo, "rev-parse", "HEAD")
    whole = history(repo, base)
    assert whole.tree == git(repo, "rev-parse", "HEAD^{tree}")
    assert {entry.sha for entry in whole.commits} == {side, last, head}
    assert whole.commits[-1].sha == head
    assert all(whole.leads_to(sha) for sha in (base, side, last, head))
    assert not history(repo, side, last).leads_to(side)  # beside each other: neither is in the other's history


def test_a_list_that_is_cut_off_does_not_tell_what_it_does_not_show(tmp_path: Path):
    repo = make_repo(tmp_path)
    base = git(repo, "rev-parse", "HEAD")
    commit(repo, {"a": "1"})
    head = commit(repo, {"a": "2"})
    cut = history(repo, base, limit=1)
    assert [entry.sha for entry in cut.commits] == [head]
    assert not cut.leads_to(base)


def test_nothing_on_top_of_the_base_is_no_history(tmp_path: Path):
    repo = make_repo(tmp_path)
    assert history(repo, "HEAD") == History(commits=(), tree="", parents=frozenset())


def test_a_commit_without_a_subject_or_without_parents_has_its_lines(tmp_path: Path):
    repo = make_repo(tmp_path)
    base = git(repo, "rev-parse", "HEAD")
    git(repo, "commit", "-q", "--allow-empty", "--allow-empty-message", "-m", "")
    git(repo, "switch", "-q", "--orphan", "other")
    root = commit(repo, {"x": "1"}, message="commit 1234\n\nA body.\n")
    git(repo, "merge", "-q", "--no-edit", "--allow-unrelated-histories", "main")
    whole = history(repo, base)
    assert [entry.subject for entry in whole.commits if entry.sha == root] == ["commit 1234"]
    assert "" in [entry.subject for entry in whole.commits]
    assert whole.leads_to(base)
    assert len(whole.commits) == 3
