from pathlib import Path

from loop_kit.checks.workspaces import find


def make_project(root: Path) -> Path:
    """Make a workspace as npm installs it: packages of the project are links, the others are folders."""
    (root / "packages/a").mkdir(parents=True)
    (root / "node_modules/left-pad").mkdir(parents=True)
    (root / "node_modules/@acme").mkdir()
    return root


def test_a_linked_workspace_package_is_found(tmp_path: Path):
    project = make_project(tmp_path / "project")
    (project / "node_modules/a").symlink_to("../packages/a")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/node_modules").symlink_to(project / "node_modules")
    assert list(find(tmp_path / "tree", project)) == [(tmp_path / "tree/node_modules/a", project / "packages/a")]


def test_a_package_with_a_scope_is_found_in_a_deeper_folder_too(tmp_path: Path):
    project = make_project(tmp_path / "project")
    (project / "node_modules/@acme/a").symlink_to("../../packages/a")
    (tmp_path / "tree/packages/b").mkdir(parents=True)
    (tmp_path / "tree/packages/b/node_modules").symlink_to(project / "node_modules")
    assert [place for _, place in find(tmp_path / "tree", project)] == [project / "packages/a"]


def test_a_store_of_packages_is_no_code_of_the_project(tmp_path: Path):
    project = make_project(tmp_path / "project")
    (project / "node_modules/.pnpm/x@1/node_modules/x").mkdir(parents=True)
    (project / "node_modules/x").symlink_to(".pnpm/x@1/node_modules/x")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/node_modules").symlink_to(project / "node_modules")
    assert list(find(tmp_path / "tree", project)) == []


def test_a_workspace_of_the_trees_own_is_in_order(tmp_path: Path):
    tree = make_project(tmp_path / "tree")
    (tree / "node_modules/a").symlink_to("../packages/a")
    (tree / "node_modules/broken").symlink_to("broken")
    assert list(find(tree, make_project(tmp_path / "project"))) == []


def test_a_tree_without_node_has_nothing_to_find(tmp_path: Path):
    assert list(find(tmp_path, tmp_path / "project")) == []
    assert list(find(tmp_path / "gone", tmp_path / "project")) == []
