import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from loop_kit.checks.prepare import prepare
from loop_kit.checks.run import CheckWorkspace
from loop_kit.model.check import Prepare
from loop_kit.model.evidence import CheckEnding
from tests.checks.workspaces import make_workspace

COUNTING = ("sh", "-c", "mkdir -p deps/inner && echo run >> deps/runs")


@pytest.fixture
def workspace(tmp_path: Path) -> CheckWorkspace:
    workspace = make_workspace(tmp_path)
    (tmp_path / "tree/package.json").write_text("{}", encoding="utf-8")
    return workspace


def runs(workspace: CheckWorkspace) -> int:
    path = workspace.worktree.path / "deps/runs"
    return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0


def test_it_runs_once_for_the_same_files_and_again_for_others(workspace: CheckWorkspace):
    setup = Prepare(argv=COUNTING, files=("package.json", "**/*.lock"))
    first = prepare(setup, workspace)
    assert first is not None
    assert (first.passed, first.name, first.log) == (True, "prepare", "logs/r1_checks.prepare.log")
    assert prepare(setup, workspace) is None
    assert runs(workspace) == 1
    (workspace.worktree.path / "a.lock").write_text("1", encoding="utf-8")
    assert prepare(setup, workspace) is not None
    assert prepare(setup, workspace) is None
    (workspace.worktree.path / "a.lock").write_text("2", encoding="utf-8")
    assert prepare(setup, workspace) is not None
    assert runs(workspace) == 3


def test_another_command_is_another_preparation(workspace: CheckWorkspace):
    prepare(Prepare(argv=COUNTING, files=("package.json",)), workspace)
    assert prepare(Prepare(argv=(*COUNTING, "x"), files=("package.json",)), workspace) is not None


def test_files_that_it_made_itself_do_not_make_it_run_again(workspace: CheckWorkspace):
    setup = Prepare(argv=("sh", "-c", "mkdir -p deps && date +%N > deps/x.json"), files=("**/*.json",))
    prepare(setup, workspace)
    assert prepare(setup, workspace) is None


def test_without_files_it_always_runs(workspace: CheckWorkspace):
    for _ in range(2):
        assert prepare(Prepare(argv=COUNTING), workspace) is not None
    assert runs(workspace) == 2


def test_what_it_made_is_known_and_missed_when_it_is_gone(workspace: CheckWorkspace):
    setup = Prepare(argv=COUNTING, files=("package.json",))
    prepare(setup, workspace)
    assert workspace.memory.made == ("deps",)
    assert [path.name for path in workspace.worktree.path.iterdir()].count("deps") == 1
    shutil.rmtree(workspace.worktree.path / "deps")
    assert prepare(setup, workspace) is not None


def test_what_an_earlier_run_made_is_still_its_own_after_a_later_one(workspace: CheckWorkspace):
    prepare(Prepare(argv=COUNTING), workspace)
    prepare(Prepare(argv=("sh", "-c", "touch more")), workspace)
    assert workspace.memory.made == ("deps", "more")


def test_what_it_made_is_written_down_before_the_tree_is_settled(workspace: CheckWorkspace):
    kept: list[tuple[str, ...]] = []

    def settle() -> str:
        kept.append(workspace.memory.made)
        return "it changed package.json, which was put back"

    result = prepare(Prepare(argv=COUNTING), replace(workspace, settle=settle))
    assert kept == [("deps",)]
    assert result is not None
    assert (result.passed, result.reason) == (True, "it changed package.json, which was put back")


def test_a_failure_is_tried_once_more_and_not_remembered(workspace: CheckWorkspace):
    setup = Prepare(
        argv=("sh", "-c", "mkdir -p deps; echo run >> deps/runs; echo no network; exit 7"), files=("package.json",)
    )
    result = prepare(setup, workspace)
    assert result is not None
    assert (result.failed, result.reason, result.tail) == (True, "exit code 7", "no network")
    assert runs(workspace) == 2
    assert prepare(setup, workspace) is not None
    assert workspace.memory.made == ()


def test_paths_of_the_persons_tree_are_linked(workspace: CheckWorkspace):
    (workspace.inplace.path / "packages/a/node_modules").mkdir(parents=True)
    setup = Prepare(link=("packages/a/node_modules",))
    for _ in range(2):
        assert prepare(setup, workspace) is None
    link = workspace.worktree.path / "packages/a/node_modules"
    assert link.readlink() == workspace.inplace.path / "packages/a/node_modules"


def test_a_linked_path_is_there_when_the_command_runs_and_belongs_to_the_preparation(workspace: CheckWorkspace):
    (workspace.inplace.path / "deps").mkdir()
    result = prepare(Prepare(argv=("test", "-d", "deps"), link=("deps",)), workspace)
    assert result is not None
    assert result.passed
    assert workspace.memory.made == ("deps",)


def test_a_path_that_cannot_be_linked_is_a_failure_with_its_reason(workspace: CheckWorkspace, tmp_path: Path):
    tree, project = workspace.worktree.path, workspace.inplace.path
    for name in ("taken", "out/x", "file/x"):
        (project / name).mkdir(parents=True)
    (tree / "taken").mkdir()
    (tree / "file").touch()
    (tmp_path / "outside").mkdir()
    (tree / "out").symlink_to(tmp_path / "outside")
    for name, reason in (
        ("gone", f"[prepare] link: gone is not there: nothing lies at {project}/gone"),
        ("taken", "[prepare] link: taken cannot be linked: the commit has something of that name"),
        ("out/x", "[prepare] link: out/x cannot be linked: a link in the commit leads out of the tree"),
        ("file/x", "[prepare] link: file/x cannot be linked: File exists"),
    ):
        result = prepare(Prepare(argv=COUNTING, link=(name,)), workspace)
        assert result is not None
        assert (result.failed, result.how, result.reason) == (True, CheckEnding.NOT_STARTED, reason)
    assert list((tmp_path / "outside").iterdir()) == []
    assert runs(workspace) == 0
