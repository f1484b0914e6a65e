import os
import subprocess
from pathlib import Path

import pytest

from loop_kit.checks.environment import find_foreign
from tests.checks.pythons_made import WAYS, by_path_file, make_venv


@pytest.fixture
def trees(tmp_path: Path) -> tuple[Path, Path]:
    """Make the checked tree and the person's, which hold different code."""
    for name in ("tree", "project"):
        (tmp_path / name / "thing").mkdir(parents=True)
        (tmp_path / name / "thing/__init__.py").write_text(f"here = {name!r}\n", encoding="utf-8")
    return tmp_path / "tree", tmp_path / "project"


def env(*folders: Path) -> dict[str, str]:
    return {"PATH": ":".join([*(str(folder) for folder in folders), os.defpath])}


def test_an_editable_install_really_loads_the_persons_code_and_is_refused(trees):
    tree, project = trees
    by_path_file(make_venv(project / ".venv"), project)
    (tree / ".venv").symlink_to(project / ".venv")
    argv = (str(tree / ".venv/bin/python"), "-I", "-c", "import thing; print(thing.here)")
    loaded = subprocess.run(argv, cwd=tree, capture_output=True, encoding="utf-8", check=True).stdout
    assert loaded == "project\n", "this is what makes such an environment worthless"
    sentence = find_foreign(tree, project, env(), [argv])
    assert sentence.startswith(f"{tree}/.venv/lib/python")
    assert f"takes the project from {project} instead of from the tree that is checked" in sentence
    assert 'give [prepare] an install of its own in the tree, or set where = "inplace"' in sentence


@pytest.mark.parametrize("install", WAYS)
def test_each_way_to_install_the_persons_tree_is_refused(trees, install):
    tree, project = trees
    install(make_venv(project.parent / "env"), project)
    assert str(project) in find_foreign(tree, project, env(project.parent / "env/bin"), [("python", "-m", "pytest")])


@pytest.mark.parametrize("install", WAYS)
def test_the_same_install_of_the_tree_itself_is_in_order(trees, install):
    tree, project = trees
    install(make_venv(tree / ".venv"), tree)
    assert find_foreign(tree, project, env(tree / ".venv/bin"), [("python", "-m", "pytest")]) == ""


def test_an_editable_install_is_no_matter_for_a_command_that_does_not_use_it(trees):
    tree, project = trees
    by_path_file(make_venv(project.parent / "env"), project)
    assert find_foreign(tree, project, env(project.parent / "env/bin"), [("git", "--version")]) == ""
    assert find_foreign(tree, project, env(), []) == ""


@pytest.mark.parametrize("name", ["PYTHONPATH", "NODE_PATH"])
def test_a_search_path_into_the_persons_tree_is_refused(trees, name: str):
    tree, project = trees
    sentence = find_foreign(tree, project, {name: f"src:{project}/lib"}, [("true",)])
    assert sentence.startswith(f"the variable {name} takes the project from {project}/lib")
    assert find_foreign(tree, project, {name: f"src:{tree}/lib"}, [("true",)]) == ""


def test_a_workspace_link_into_the_persons_tree_is_refused(trees):
    tree, project = trees
    (project / "packages/a").mkdir(parents=True)
    (project / "node_modules/@acme").mkdir(parents=True)
    (project / "node_modules/@acme/a").symlink_to("../../packages/a")
    assert find_foreign(tree, project, {}, [("npm", "test")]) == ""
    (tree / "node_modules").symlink_to(project / "node_modules")
    sentence = find_foreign(tree, project, {}, [("npm", "test")])
    assert sentence.startswith(f"{tree}/node_modules/@acme/a takes the project from {project}/packages/a")
