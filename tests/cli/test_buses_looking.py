"""Commands that look find a run wherever its bus lies; what is broken on one bus hides nothing of another."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from loop_kit.errors import EXIT_CODES, Outcome
from tests.cli.test_buses import on_disk, put_card
from tests.support.commands import LOOP
from tests.support.documents import state as state_document
from tests.support.runs import Stage, approves, clearing, ended, wait_until, works
from tests.support.terminals import Terminal

INVALID, NEEDS_PERSON = EXIT_CODES[Outcome.INVALID], EXIT_CODES[Outcome.NEEDS_PERSON]


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Stage, Path]:
    """Return the stage of T-1 on the default bus and T-1@2 and T-2 on the buses of their tasks, and a copy of its folder."""
    folder = tmp_path_factory.mktemp("buses") / "stage"
    texts = ("two\n", "three\n", "four\n")
    stage = Stage.set_up(folder, worker=[works(text) for text in texts], reviewer=[approves()] * 3)
    put_card(stage, "T-2", goal="app.txt says four.")
    put_card(stage, "T-1")
    for each in (stage, stage.on_bus_of("T-1"), stage.on_bus_of("T-2")):
        assert each.run().code == 0
    return stage, Path(shutil.copytree(folder, folder.with_name("copy"), symlinks=True))


@pytest.fixture
def stage(played: tuple[Stage, Path]) -> Iterator[Stage]:
    """Return that stage as it was, at the same path: a manifest names absolute paths."""
    stage, copy = played
    shutil.rmtree(copy.with_name("stage"))
    shutil.copytree(copy, copy.with_name("stage"), symlinks=True)
    with clearing(stage):
        yield stage


def out(stage: Stage, *args: str) -> str:
    result = stage.loop(*args)
    assert (result.code, result.err) == (0, ""), (args, result.err)
    return result.out


def without_a_run_on_the_default_bus(stage: Stage) -> None:
    for name in ("state.json", "summary.json", "logs/feed.jsonl"):
        (stage.bus / name).unlink()


def test_a_list_has_the_runs_of_all_buses_by_task_from_whichever_bus(stage: Stage):
    rows = [line.split()[:3] for line in out(stage, "list").splitlines()[1:]]
    assert rows == [["T-1", "1", "approved"], ["T-1@2", "1", "approved"], ["T-2", "1", "approved"]]
    assert out(stage.on_bus_of("T-2"), "list") == out(stage, "list")


def test_a_run_is_shown_by_its_name(stage: Stage):
    assert out(stage, "show", "T-1@2").startswith("T-1@2, round 1\n")
    assert "app.txt says four." in out(stage, "show", "T-2")
    assert "+four" in out(stage, "diff", "T-2")
    assert "+three" in out(stage, "diff", "T-1@2")
    unknown = stage.loop("show", "T-3")
    assert (unknown.code, "known: T-1, T-1@2, T-2" in unknown.err) == (INVALID, True)


def test_a_status_by_name_is_that_of_the_last_run_of_the_task(stage: Stage):
    assert out(stage, "status", "T-1").splitlines()[0].split()[:2] == ["task", "T-1@2"]
    assert out(stage, "status", "T-2").splitlines()[0].split()[:2] == ["task", "T-2"]
    assert json.loads(out(stage, "status", "T-2", "--json"))["state"]["run_name"] == "T-2"
    assert out(stage.on_bus_of("T-2"), "status", "T-1").splitlines()[0].split()[:2] == ["task", "T-1@2"]
    assert out(stage.on_bus_of("T-2"), "status").splitlines()[0].split()[:2] == ["task", "T-2"]
    (stage.bus / "state.json").unlink()
    older = stage.loop("status", "T-1")
    assert (older.code, older.out.split()[:2]) == (0, ["task", "T-1@2"])
    older = stage.loop("accept", "T-1@3")
    assert (older.code, "there is no run 'T-1@3'" in older.err) == (INVALID, True)


def test_a_run_that_is_not_the_last_one_any_more_has_no_status(stage: Stage):
    shutil.rmtree(stage.bus / "runs/T-1")
    (stage.bus / "state.json").unlink()
    older = stage.loop("status", "T-1")
    assert (older.code, f"T-1 is not the last run on {stage.bus}\n  loop show T-1 shows it" in older.err) == (
        INVALID,
        True,
    )


def test_a_status_tells_the_runs_of_other_buses_in_short(stage: Stage):
    (others,) = [line for line in out(stage, "status").splitlines() if line.startswith("others")]
    assert others == "others    T-2: approved; T-1@2: approved"
    found = json.loads(out(stage, "status", "--json"))["others"]
    assert [(each["run_name"], each["outcome"], each["problem"]) for each in found] == [
        ("T-2", "approved", ""),
        ("T-1@2", "approved", ""),
    ]
    assert "others" not in out(stage, "status", "T-2")


def test_without_a_run_of_its_own_a_bus_tells_the_others_a_line_each(stage: Stage):
    without_a_run_on_the_default_bus(stage)
    first, *runs, last = out(stage, "status").splitlines()
    assert first == "state     no run on this bus, but on others"
    assert [line.partition(";")[0] for line in runs] == ["run       T-2: approved", "run       T-1@2: approved"]
    assert last == "next      loop status T-2 shows that run"


@pytest.mark.parametrize("spoiled", ["{", '{"schema_version": 9}'])
def test_a_broken_state_hides_no_other_run(stage: Stage, spoiled: str):
    without_a_run_on_the_default_bus(stage)
    (stage.bus / "runs/T-2/state.json").write_text(spoiled, encoding="utf-8")
    said = out(stage, "status")
    assert "run       T-2: .loop/runs/T-2/state.json " in said
    assert "run       T-1@2: approved; " in said
    named = stage.loop("status", "T-2")
    assert (named.code, ".loop/runs/T-2/state.json" in named.err) == (INVALID, True)
    assert out(stage, "status", "T-1").split()[:2] == ["task", "T-1@2"]
    (stage.bus / "state.json").write_text("{", encoding="utf-8")
    assert out(stage, "status", "T-1").split()[:2] == ["task", "T-1@2"]


def test_many_other_runs_fit_a_terminal_and_are_told_whole_elsewhere(stage: Stage):
    without_a_run_on_the_default_bus(stage)
    for number in range(40):
        folder = stage.bus / f"runs/X-{number}"
        folder.mkdir()
        document = state_document() | {"task_id": folder.name, "run_name": folder.name}
        (folder / "state.json").write_text(json.dumps(document), encoding="utf-8")
    assert len(out(stage, "status").splitlines()) == 44
    with Terminal([*LOOP, "status"], cwd=stage.root) as terminal:
        assert terminal.wait() == 0
    assert "          … and 30 more; loop list\n" in terminal.text
    assert len(terminal.text.splitlines()) < 24


def test_the_log_of_a_task_is_that_of_its_bus_after_what_the_default_one_has(stage: Stage):
    started = out(stage, "log", "--task", "T-1", "--event", "run_started").splitlines()
    assert [line.partition(": started")[0].split()[-1] for line in started] == ["T-1", "T-1@2"]
    assert len(out(stage, "log", "--task", "T-2", "-n", "2").splitlines()) == 2
    assert out(stage, "log", "--task", "T-2", "--json").splitlines() == [
        json.dumps(json.loads(line))
        for line in (stage.bus / "runs/T-2/logs/feed.jsonl").read_text("utf-8").splitlines()
    ]
    assert "T-2" not in out(stage, "log")


def test_the_archives_of_all_buses_are_listed_shown_and_restored(stage: Stage):
    assert {line.split()[4].partition("/")[0] for line in out(stage, "archive").splitlines()} == {"T-1", "T-1@2", "T-2"}
    own = stage.on_bus_of("T-2")
    kept = (own.bus / "archive/T-2/r1_work_report.json").read_bytes()
    assert out(stage, "archive", "show", "T-2/r1_work_report").encode() == kept
    (own.bus / "work_report.json").write_text("{}", encoding="utf-8")
    default = on_disk(stage.bus / "archive")
    restored = out(stage, "archive", "restore", "T-2/r1_work_report", "--yes")
    assert (own.bus / "work_report.json").read_bytes() == kept
    assert f"the file that was there is kept as {own.bus}/archive/_unfiled/work_report-1" in restored
    assert on_disk(stage.bus / "archive") == default


def test_what_is_restored_onto_a_bus_takes_the_lock_of_that_bus(tmp_path: Path):
    stage = Stage.set_up(tmp_path, worker=[works(), [{"wait_for": str(tmp_path / "go")}, *works("three\n")]])
    put_card(stage, "T-2")
    own = stage.on_bus_of("T-2")
    with clearing(stage):
        ended(stage, stage.run(), 0, paid=(1, 1))
        process = own.start("run")
        wait_until(lambda: len(own.calls("worker")) == 2, "the worker")
        restore = ("archive", "restore", "T-1/r1_work_report", "--yes")
        onto = stage.loop(*restore, "--to", f"{own.bus}/work_report.json")
        assert (onto.code, f"holds {own.bus}/lock" in onto.err) == (EXIT_CODES[Outcome.LOCKED], True)
        assert out(stage, *restore)
        process.kill()
        process.communicate()


def test_health_is_that_of_every_run_unless_one_is_named(tmp_path: Path):
    stage = Stage.set_up(tmp_path, worker=[[{"wait_for": str(tmp_path / "go")}, *works()]])
    put_card(stage, "T-2")
    own = stage.on_bus_of("T-2")
    with clearing(stage):
        process = own.start("run")
        wait_until((own.bus / "runtime/worker.heartbeat.json").exists, "a heartbeat")
        alive = out(stage, "health").splitlines()
        assert alive[-1].startswith("T-2       alive  pm: loop run has held the bus since ")
        assert "worker    alive" in out(stage, "health", "T-2")
        pid = json.loads(out(stage, "health", "T-2", "--json"))["worker"]["pid"]
        os.kill(pid, signal.SIGSTOP)  # or it would end its agent in order
        process.kill()
        os.kill(pid, signal.SIGKILL)
        process.communicate()
        dead = stage.loop("health")
        assert dead.code == NEEDS_PERSON
        assert dead.out.splitlines()[-1] == "T-2       dead   pm: loop run was killed; loop run --resume goes on"
        others = json.loads(stage.loop("health", "--json").out)["others"]
        assert [(each["run_name"], each["pulse"]) for each in others] == [("T-2", "dead")]
        (own.bus / "state.json").write_text("{", encoding="utf-8")
        broken = stage.loop("health")
        assert (broken.code, "T-2       stale  .loop/runs/T-2/state.json " in broken.out) == (NEEDS_PERSON, True)


def test_everything_is_well_on_all_buses(stage: Stage):
    assert out(stage, "fsck") == "no problems\n"
    assert out(stage.on_bus_of("T-2"), "fsck") == "no problems\n"


def test_what_is_wrong_is_told_of_each_bus_and_repaired_there(stage: Stage):
    own = stage.on_bus_of("T-2")
    (own.bus / "config.toml").touch()
    (own.bus / "summary.json").write_text("{", encoding="utf-8")
    (own.bus / ".summary.json.4194305.0123456789abcdef.tmp").touch()
    (stage.bus / "runs/T-1@2").mkdir()
    stage.git("update-ref", "-d", "refs/loop/T-1@2/r1/head")
    found = stage.loop("fsck", "--json")
    codes = [(problem["code"], problem["where"]) for problem in map(json.loads, found.out.splitlines())]
    assert (found.code, codes) == (
        NEEDS_PERSON,
        [
            ("no_bus", ".loop/runs/T-1@2"),
            ("no_pin", "refs/loop/T-1@2/r1/head"),
            ("disregarded", ".loop/runs/T-2/config.toml"),
            ("bad_document", ".loop/runs/T-2/summary.json"),
            ("half_written", ".loop/runs/T-2/.summary.json.4194305.0123456789abcdef.tmp"),
        ],
    )
    repaired = stage.loop("fsck", "--repair")
    assert (repaired.code, repaired.out.splitlines()[-1]) == (NEEDS_PERSON, "5 problems, 3 left")
    assert stage.on_bus_of("T-1").loop("fsck").code == 0


def test_a_run_that_only_git_knows_is_told_once(stage: Stage):
    shutil.rmtree(stage.bus / "runs/T-2")
    found = stage.loop("fsck")
    assert found.out.count("git keeps commits of T-2, and no bus here has an archive of it") == 1


def test_git_tracks_nothing_below_runs(stage: Stage):
    stage.git("add", "-f", ".loop/runs/T-2/state.json")
    stage.git("commit", "-qm", "x")
    assert ".loop/runs/T-2/state.json: git tracks it" in stage.loop("fsck").out
    refused = stage.on_bus_of("T-1").run()
    assert (refused.code, "git rm -r --cached -- .loop/runs, commit that" in refused.err) == (INVALID, True)
