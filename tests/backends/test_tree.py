import subprocess
from pathlib import Path

from loop_kit.backends.tree import files_named, main_tree
from tests.support.repos import make_repo


def test_a_linked_worktree_leads_to_the_tree_that_it_was_made_from(tmp_path: Path):
    repo, tree = make_repo(tmp_path / "repo", {"a": "a\n"}), tmp_path / "tree"
    subprocess.run(["git", "worktree", "add", "--quiet", "--detach", str(tree)], cwd=repo, check=True)
    assert (main_tree(tree), main_tree(repo), main_tree(repo / ".loop")) == (repo, repo, repo)


def test_a_link_that_leads_in_a_circle_is_looked_into_no_deeper_than_codex_does(tmp_path: Path):
    (tmp_path / "skills/x").mkdir(parents=True)
    (tmp_path / "skills/x/SKILL.md").touch()
    (tmp_path / "skills/x/again").symlink_to(tmp_path / "skills")
    assert tmp_path / "skills/x/SKILL.md" in files_named("SKILL.md", tmp_path / "skills")


def test_a_folder_outside_every_repository_is_its_own_main_tree(tmp_path: Path):
    assert main_tree(tmp_path) == tmp_path
    (tmp_path / ".git").write_text("gitdir: nowhere\n", encoding="utf-8")
    assert main_tree(tmp_path / "below") == tmp_path
