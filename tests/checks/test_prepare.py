import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from loop_kit.checks.prepare import prepare
from loop_kit.checks.run import Bench
from loop_kit.model.check import Prepare
from loop_kit.model.evidence import Ending
from tests.checks.benches import make_bench

COUNTING = ("sh", "-c", "mkdir -p deps/inner && echo run >> deps/runs")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = make_bench(tmp_path)
    (tmp_path / "tree/package.json").write_text("{}", encoding="utf-8")
    return bench


def runs(bench: Bench) -> int:
    path = bench.worktree.path / "deps/runs"
    return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0


def test_it_runs_once_for_the_same_files_and_again_for_others(bench: Bench):
    setup = Prepare(argv=COUNTING, files=("package.json", "**/*.lock"))
    first = prepare(setup, bench)
    assert first is not None
    assert (first.passed, first.name, first.log) == (True, "prepare", "logs/r1_checks.prepare.log")
    assert prepare(setup, bench) is None
    assert runs(bench) == 1
    (bench.worktree.path / "a.lock").write_text("1", encoding="utf-8")
    assert prepare(setup, bench) is not None
    assert prepare(setup, bench) is None
    (bench.worktree.path / "a.lock").write_text("2", encoding="utf-8")
    assert prepare(setup, bench) is not None
    assert runs(bench) == 3


def test_another_command_is_another_preparation(bench: Bench):
    prepare(Prepare(argv=COUNTING, files=("package.json",)), bench)
    assert prepare(Prepare(argv=(*COUNTING, "x"), files=("package.json",)), bench) is not None


def test_files_that_it_made_itself_do_not_make_it_run_again(bench: Bench):
    setup = Prepare(argv=("sh", "-c", "mkdir -p deps && date +%N > deps/x.json"), files=("**/*.json",))
    prepare(setup, bench)
    assert prepare(setup, bench) is None


def test_without_files_it_always_runs(bench: Bench):
    for _ in range(2):
        assert prepare(Prepare(argv=COUNTING), bench) is not None
    assert runs(bench) == 2


def test_what_it_made_is_known_and_missed_when_it_is_gone(bench: Bench):
    setup = Prepare(argv=COUNTING, files=("package.json",))
    prepare(setup, bench)
    assert bench.memory.made == ("deps",)
    assert [path.name for path in bench.worktree.path.iterdir()].count("deps") == 1
    shutil.rmtree(bench.worktree.path / "deps")
    assert prepare(setup, bench) is not None


def test_what_an_earlier_run_made_is_still_its_own_after_a_later_one(bench: Bench):
    prepare(Prepare(argv=COUNTING), bench)
    prepare(Prepare(argv=("sh", "-c", "touch more")), bench)
    assert bench.memory.made == ("deps", "more")


def test_what_it_made_is_written_down_before_the_tree_is_settled(bench: Bench):
    kept: list[tuple[str, ...]] = []

    def settle() -> str:
        kept.append(bench.memory.made)
        return "it changed package.json, which was put back"

    result = prepare(Prepare(argv=COUNTING), replace(bench, settle=settle))
    assert kept == [("deps",)]
    assert result is not None
    assert (result.passed, result.reason) == (True, "it changed package.json, which was put back")


def test_a_failure_is_tried_once_more_and_not_remembered(bench: Bench):
    setup = Prepare(
        argv=("sh", "-c", "mkdir -p deps; echo run >> deps/runs; echo no network; exit 7"), files=("package.json",)
    )
    result = prepare(setup, bench)
    assert result is not None
    assert (result.failed, result.reason, result.tail) == (True, "exit code 7", "no network")
    assert runs(bench) == 2
    assert prepare(setup, bench) is not None
    assert bench.memory.made == ()


def test_paths_of_the_persons_tree_are_linked(bench: Bench):
    (bench.inplace.path / "packages/a/node_modules").mkdir(parents=True)
    setup = Prepare(link=("packages/a/node_modules",))
    for _ in range(2):
        assert prepare(setup, bench) is None
    link = bench.worktree.path / "packages/a/node_modules"
    assert link.readlink() == bench.inplace.path / "packages/a/node_modules"


def test_a_linked_path_is_there_when_the_command_runs_and_belongs_to_the_preparation(bench: Bench):
    (bench.inplace.path / "deps").mkdir()
    result = prepare(Prepare(argv=("test", "-d", "deps"), link=("deps",)), bench)
    assert result is not None
    assert result.passed
    assert bench.memory.made == ("deps",)


def test_a_path_that_cannot_be_linked_is_a_failure_with_its_reason(bench: Bench, tmp_path: Path):
    tree, project = bench.worktree.path, bench.inplace.path
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
        result = prepare(Prepare(argv=COUNTING, link=(name,)), bench)
        assert result is not None
        assert (result.failed, result.how, result.reason) == (True, Ending.NOT_STARTED, reason)
    assert list((tmp_path / "outside").iterdir()) == []
    assert runs(bench) == 0
