from pathlib import Path

import pytest

from loop_kit.backends.apart import git_variables, prompt_apart
from loop_kit.model.roles import Access
from tests.backends.orders import make_order
from tests.support.repos import git, make_repo


def test_the_prompt_begins_with_where_the_tree_is(tmp_path: Path):
    order = make_order(tmp_path)
    told = prompt_apart(order)
    assert told.parent == order.scratch
    text = told.read_text(encoding="utf-8")
    assert (f"\n    {order.cwd}\n" in text, text.endswith("\nDo the work.")) == (True, True)


def test_a_worker_is_told_to_go_there_in_its_commands_and_its_git_is_led_nowhere(tmp_path: Path):
    order = make_order(tmp_path / "a b")
    assert f"`cd '{order.cwd}' && …`" in prompt_apart(order).read_text(encoding="utf-8")
    assert git_variables(order) == {}


def test_a_prompt_that_is_not_there_is_left_to_whoever_starts_the_program(tmp_path: Path):
    order = make_order(tmp_path, prompt=tmp_path / "none.txt")
    assert prompt_apart(order) == order.prompt


def test_git_works_on_a_linked_tree_from_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    repo, tree = make_repo(tmp_path / "repo", {"a.txt": "a\n"}), tmp_path / "tree"
    git(repo, "worktree", "add", "--quiet", "--detach", str(tree))
    (tree / "a.txt").write_text("b\n", encoding="utf-8")
    (tmp_path / "elsewhere").mkdir()
    for name, value in git_variables(make_order(tmp_path, access=Access.READ)).items():
        monkeypatch.setenv(name, value)
    said = [git(tmp_path / "elsewhere", *words) for words in (("show", "HEAD:a.txt"), ("status", "--short"))]
    assert [each.strip() for each in said] == ["a", "M a.txt"]
