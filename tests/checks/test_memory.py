import os
from dataclasses import replace
from pathlib import Path

import pytest

from loop_kit.checks.memory import Memory
from loop_kit.checks.prepare import prepare
from loop_kit.checks.run import CheckWorkspace
from loop_kit.model.check import Prepare
from tests.checks.workspaces import make_workspace

COUNTING = ("sh", "-c", "mkdir -p deps/inner && echo run >> deps/runs")


@pytest.fixture
def workspace(tmp_path: Path) -> CheckWorkspace:
    workspace = make_workspace(tmp_path)
    (tmp_path / "tree/package.json").write_text("{}", encoding="utf-8")
    return workspace


def test_its_memory_lies_beside_the_tree_and_is_known_again_by_its_digest(workspace: CheckWorkspace):
    setup = Prepare(argv=COUNTING, files=("package.json",))
    prepare(setup, workspace)
    tree, seal = workspace.worktree.path, workspace.memory.seal
    later = replace(workspace, memory=Memory(tree, seal))
    assert (later.memory.made, later.memory.holds(), prepare(setup, later)) == (("deps",), True, None)
    memory = tree.with_name("tree.prepared.json")
    for torn in (memory.read_bytes()[:20], b"[]", b'{"digest": "x", "made": [1]}', b"", memory.read_bytes() + b" "):
        memory.write_bytes(torn)
        later = replace(workspace, memory=Memory(tree, seal))
        assert later.memory.made == ()
        assert prepare(setup, later) is not None


def plant(tree: Path) -> None:
    (tree / "deps/conftest.py").write_text("", encoding="utf-8")


def plant_a_folder(tree: Path) -> None:
    (tree / "deps/planted").mkdir()
    (tree / "deps/planted/x").touch()


def change(tree: Path) -> None:
    """Write as many other bytes, and set the time back."""
    file = tree / "deps/runs"
    seen = file.stat()
    file.write_text("nur\n", encoding="utf-8")
    os.utime(file, ns=(seen.st_atime_ns, seen.st_mtime_ns))


def replace_by_a_link(tree: Path) -> None:
    (tree / "deps").rename(tree.with_name("elsewhere"))
    (tree / "deps").symlink_to(tree.with_name("elsewhere"))


@pytest.mark.parametrize(
    ("meddle", "holds"),
    [(plant, True), (plant_a_folder, True), (change, False), (replace_by_a_link, False)],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_what_was_made_holds_when_it_is_unchanged_and_what_came_since_is_taken_away(
    workspace: CheckWorkspace, meddle, holds: bool
):
    prepare(Prepare(argv=COUNTING, files=("package.json",)), workspace)
    tree = workspace.worktree.path
    meddle(tree)
    assert Memory(tree, workspace.memory.seal).holds() == holds
    if holds:
        assert sorted(path.name for path in (tree / "deps").iterdir()) == ["inner", "runs"]
