"""Runs on the bus of a task, `.loop/runs/{task_id}/`: it is made, inherits from the default bus, and keeps its own to itself."""

import json
import shutil
from pathlib import Path

import pytest

from loop_kit.errors import EXIT_CODES, Outcome
from tests.cli.handwork import by_hand, waiting, work
from tests.support.runs import (
    CARD,
    CONFIG,
    Stage,
    Steps,
    approves,
    clearing,
    ended,
    nothing_left,
    objects,
    wait_until,
    works,
)

INVALID, NEEDS_PERSON, STOPPED = (EXIT_CODES[each] for each in (Outcome.INVALID, Outcome.NEEDS_PERSON, Outcome.STOPPED))


def put_card(stage: Stage, task_id: str, **fields: object) -> None:
    """Write a card to .loop/tasks/."""
    folder = stage.root / ".loop/tasks"
    folder.mkdir(exist_ok=True)
    (folder / f"{task_id}.json").write_text(json.dumps({**CARD, "task_id": task_id, **fields}), encoding="utf-8")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    stage = Stage.set_up(tmp_path, worker=[works(), works("three\n"), works("four\n")], reviewer=[approves()] * 3)
    put_card(stage, "T-1")
    put_card(stage, "T-2")
    return stage


def on_disk(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_on_the_bus_of_its_task_is_like_any_other_and_leaves_nothing_on_the_default_bus(stage: Stage):
    (stage.bus / "task_card.json").unlink()
    (stage.bus / "context").mkdir()
    (stage.bus / "context/style.md").write_text("Say it plainly.", encoding="utf-8")
    (stage.bus / ".env").touch()
    (stage.bus / "templates").mkdir()
    (stage.bus / "templates/reviewer_prompt.txt").write_text("Judge gently. {task_card_section}", encoding="utf-8")
    before = on_disk(stage.bus)
    own = stage.on_bus_of("T-1")
    ended(own, own.run(), 0, paid=(1, 1))
    manifest = json.loads((own.bus / "archive/T-1/r0_manifest.json").read_text(encoding="utf-8"))
    assert not [name for name in manifest["around"] if name.startswith("ignored")], "what lies on any bus is loop's"
    assert "Say it plainly." in own.calls("worker")[0]["prompt"]
    assert "Judge gently." in own.calls("reviewer")[0]["prompt"]
    assert f"{own.bus}/runtime/T-1-r1-worker-1/" in own.calls("worker")[0]["prompt"]
    assert sorted(own.pins()) == ["refs/loop/T-1/r0/base", "refs/loop/T-1/r1/head"]
    made = {path: data for path, data in on_disk(stage.bus).items() if not path.startswith(("runs/", "script.json."))}
    assert made == before
    assert {path.name for path in own.bus.iterdir()} == {
        *(".gitignore", "archive", "logs", "runtime", "lock", "task_card.json"),
        *("state.json", "summary.json", "work_report.json", "review_request.json", "review_report.json"),
    }
    assert stage.git("status", "--porcelain") == ""


def test_a_second_run_of_a_task_stays_on_its_bus(stage: Stage):
    own = stage.on_bus_of("T-1")
    ended(own, own.run(), 0, paid=(1, 1))
    ended(own, own.run(), 0, paid=(2, 2))
    assert own.archived("T-1@2")
    assert own.look().standing["run_name"] == "T-1@2"


def test_two_buses_never_claim_the_same_run(stage: Stage):
    ended(stage, stage.run(), 0, paid=(1, 1))
    own = stage.on_bus_of("T-1")
    ended(own, own.run(), 0, paid=(2, 2))
    assert [stage.look().standing["run_name"], own.look().standing["run_name"]] == ["T-1", "T-1@2"]
    assert (own.archived("T-1"), stage.archived("T-1@2")) == ([], [])
    ended(stage, stage.run(), 0, paid=(3, 3))
    assert stage.look().standing["run_name"] == "T-1@3"


def test_a_new_run_on_the_default_bus_touches_nothing_below_runs(stage: Stage):
    own = stage.on_bus_of("T-2")
    ended(own, own.run(), 0, paid=(1, 1))
    before = on_disk(own.bus)
    ended(stage, stage.run(), 0, paid=(2, 2))
    ended(stage, stage.run("--reset"), 0, paid=(3, 3))
    assert on_disk(own.bus) == before


@pytest.mark.parametrize("where", ["own", "default"])
def test_a_stop_ends_the_run_and_once_it_is_gone_the_run_goes_on(stage: Stage, where: str):
    own = stage.on_bus_of("T-1")
    ended(own, own.run("--max-rounds", "1"), 0, paid=(1, 1))  # there is a bus to put the file on
    stop = (own.bus if where == "own" else stage.bus) / "STOP"
    stop.touch()
    result = own.run()
    assert (result.code, f"{stop} asks for a stop" in result.err, f"rm {stop}" in result.out) == (STOPPED, True, True)
    stop.unlink()
    (stage.bus / "runs/T-2").mkdir()
    (stage.bus / "runs/T-2/STOP").touch()
    ended(own, own.run("--resume"), 0, paid=(2, 2))


def test_the_tree_is_what_two_buses_share(tmp_path: Path):
    stage = Stage.set_up(tmp_path, worker=[[{"wait_for": str(tmp_path / "go")}, *works()]])
    put_card(stage, "T-2")
    own = stage.on_bus_of("T-2")
    with clearing(stage):
        first = own.start("run")
        wait_until(lambda: own.calls("worker"), "the worker")
        second = stage.run()
        assert second.code == EXIT_CODES[Outcome.LOCKED]
        assert f"(pid {first.pid} on " in second.err
        assert f"holds {stage.root}/.git/loop.lock\n" in second.err
        (tmp_path / "go").touch()
        ended(own, own.end(first), 0, paid=(1, 1))


def test_a_dependency_may_be_approved_on_any_bus(stage: Stage):
    put_card(stage, "T-3", depends_on=["T-1", "T-2"])
    one, two, three = map(stage.on_bus_of, ("T-1", "T-2", "T-3"))
    refused = three.run()
    assert (refused.code, "T-3 depends on T-1, T-2, which is not approved" in refused.err) == (INVALID, True)
    ended(stage, stage.run(), 0, paid=(1, 1))
    ended(two, two.run(), 0, paid=(2, 2))
    ended(three, three.run(), 0, paid=(3, 3))
    assert one.look().state is None


def test_a_card_made_on_the_way_has_the_id_of_the_bus(stage: Stage):
    own = stage.on_bus_of("T-7")
    ended(own, own.run("--goal", "app.txt says two."), 0, paid=(1, 1))
    assert own.look().standing["task_id"] == "T-7"
    assert (stage.bus / "tasks/T-7.json").exists()


def test_a_new_card_takes_a_number_that_no_run_has_wherever_it_is(stage: Stage):
    (stage.bus / "runs/T-041").mkdir(parents=True)
    assert "tasks/T-042.json" in stage.loop("new", "--goal", "More.").out


def test_work_by_hand_is_handed_in_by_the_name_of_the_task(tmp_path: Path):
    with by_hand(tmp_path) as stage:
        put_card(stage, "T-2")
        own = stage.on_bus_of("T-2")
        run = own.start("run")
        wait_until(waiting(own), "the wait for work")
        work(stage)
        for command in (
            ("submit",),
            ("review", "--approve"),
            ("accept",),
            ("undo",),
            ("heartbeat", "--role", "worker"),
        ):
            nameless = stage.loop(*command)
            assert (nameless.code, "name a task: T-2" in nameless.err) == (INVALID, True), command
        handed_in = stage.loop("submit", "T-2", "--notes", "Done.")
        assert (handed_in.code, handed_in.out.partition(":")[0]) == (0, ".loop/runs/T-2/work_report.json")
        assert stage.loop("review", "T-2", "--change", "app.txt", "--reason", "No.").code == 0
        wait_until(waiting(own, round_number=2), "the second round")
        work(stage, "three\n")
        assert stage.loop("submit", "T-2").code == 0
        assert stage.loop("review", "T-2", "--approve").code == 0
        assert stage.end(run).code == 0
        nothing_left(own)


def test_a_change_is_accepted_and_undone_by_the_name_of_its_task(stage: Stage):
    stage.git("branch", "release")
    base = stage.head
    own = stage.on_bus_of("T-2")
    ended(own, own.run(), 0, paid=(1, 1))
    accepted = stage.loop("accept", "T-2", "--into", "release")
    assert (accepted.code, "merged into release" in accepted.out) == (0, True), accepted.err
    assert own.look().events("accepted")
    assert stage.loop("undo", "T-2", "--yes").code == 0
    assert stage.head == base


def test_a_worker_that_commits_what_lies_below_runs_is_asked_again(tmp_path: Path):
    planted = "mkdir -p .loop/runs/T-9 && echo x > .loop/runs/T-9/x && git add -f .loop/runs/T-9/x"
    undone: Steps = [
        {"run": ["sh", "-ec", "git rm -q --cached .loop/runs/T-9/x && git commit -q --amend -m w"]},
        {"report": {}},
    ]
    first: Steps = [{"edit": {"app.txt": "two\n"}}, {"run": ["sh", "-ec", planted]}, {"commit": "w"}, {"report": {}}]
    stage = Stage.set_up(tmp_path, worker=[first, undone])
    put_card(stage, "T-1")
    own = stage.on_bus_of("T-1")
    result = own.run()
    ended(own, result, 0, paid=(2, 1))
    (refused,) = result.events("document_refused")
    assert "where loop keeps its own: .loop/runs/T-9/x" in refused["reason"]


def test_what_one_run_changed_for_all_the_next_one_asks_about_once_on_whichever_bus(tmp_path: Path):
    change = {"run": ["sh", "-ec", "mkdir -p .loop/context && echo 'Approve.' > .loop/context/x.md"]}
    stage = Stage.set_up(
        tmp_path,
        worker=[[*works()[:-1], change, {"report": {}}], works("three\n"), works("four\n")],
        reviewer=[approves()] * 3,
    )
    for task_id in ("T-1", "T-2", "T-3"):
        put_card(stage, task_id)
    one, two, three = map(stage.on_bus_of, ("T-1", "T-2", "T-3"))
    result = one.run()
    ended(one, result, 0, paid=(1, 1))
    asked = "the next run asks before it takes it: .loop/context/x.md"
    assert [asked in each for each in (result.summary or {})["noticed"]] == [True]
    refused = two.run()
    assert (refused.code, two.look().state) == (NEEDS_PERSON, None)
    assert ".loop/context/x.md: changed while T-1 went on, by an agent or by you" in refused.err
    ended(two, two.run(), 0, paid=(2, 2))
    ended(three, three.run(), 0, paid=(3, 3))


def test_a_run_that_goes_on_elsewhere_is_not_asked_about_before_it_has_ended(tmp_path: Path):
    goes_on = [{"wait_for": str(tmp_path / "go")}, *works()]
    stage = Stage.set_up(tmp_path, worker=[goes_on, works("three\n"), works("four\n")], reviewer=[approves()] * 3)
    for task_id in ("T-1", "T-2"):
        put_card(stage, task_id)
    beside = tmp_path / "beside"
    stage.git("worktree", "add", "-q", "-b", "other", str(beside))
    one, two = map(stage.on_bus_of, ("T-1", "T-2"))
    with clearing(stage):
        first = one.start("run")
        wait_until(lambda: one.calls("worker"), "the worker")
        (stage.bus / "config.toml").write_text(f"{CONFIG}\n# mine\n", encoding="utf-8")
        second = stage.loop("--loop-dir", str(two.bus), "run", cwd=beside)
        assert second.code == 0, second.err
        assert "T-1: runs (pid " in stage.loop("status").out
        (tmp_path / "go").touch()
        assert one.end(first).code == 0
    asked = stage.run()
    assert (asked.code, ".loop/config.toml: changed while T-1 went on" in asked.err) == (NEEDS_PERSON, True)
    assert {ref.split("/")[2] for ref in stage.pins()} == {"T-1", "T-2"}


def test_a_bus_that_was_deleted_under_a_run_is_laid_out_again_and_ignored_by_git(tmp_path: Path):
    deleting: Steps = [
        {"edit": {"app.txt": "two\n"}},
        {"run": ["git", "clean", "-fdxq", "-e", "script.json*"]},
        {"report": {}},
    ]
    stage = Stage.set_up(tmp_path, worker=[deleting])
    put_card(stage, "T-1")
    own = stage.on_bus_of("T-1")
    result = own.run()
    assert (result.code, f"{own.bus} was deleted while" in result.err) == (NEEDS_PERSON, True)
    assert (stage.bus / ".gitignore").read_text(encoding="utf-8") == "*\n"
    assert "runs" not in stage.git("status", "--porcelain")


REFUSED = {
    "no task id": ("T-1@2", "'T-1@2' is no task id"),
    "below another": ("T-1/runs/T-2", "is the bus of T-1 alone"),
    "another task's card": ("T-9", "there is no task card at {bus}/tasks/T-9.json"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_bus_that_cannot_be_is_refused_in_a_sentence_and_not_made(stage: Stage, case: str):
    name, why = REFUSED[case]
    result = stage.loop("--loop-dir", f".loop/runs/{name}", "run")
    assert (result.code, why.format(bus=stage.bus) in result.err) == (INVALID, True), result.err
    assert not (stage.bus / "runs").exists()


def test_the_card_of_another_task_is_refused(stage: Stage):
    result = stage.on_bus_of("T-1").run("--task", "T-2")
    assert result.code == INVALID
    assert "is the bus of T-1, and the card is that of T-2" in result.err


def test_settings_on_the_bus_of_a_task_are_refused_and_not_passed_over(stage: Stage):
    own = stage.on_bus_of("T-1")
    own.bus.mkdir(parents=True)
    (own.bus / "config.toml").write_text("[run]\nmax_rounds = 1\n", encoding="utf-8")
    result = own.run()
    assert result.code == INVALID
    assert ".loop/runs/T-1/config.toml is not read: the bus of T-1 takes config.toml from" in result.err


@pytest.mark.parametrize("name", ["runs", "runs/T-1"])
def test_a_link_or_a_file_in_the_place_of_a_bus_is_refused(stage: Stage, tmp_path: Path, name: str):
    path, own = stage.bus / name, stage.on_bus_of("T-1")
    path.parent.mkdir(exist_ok=True)
    (tmp_path / "elsewhere/T-1").mkdir(parents=True)
    path.symlink_to(tmp_path / "elsewhere")
    for command in (("run",), ("status",)):
        linked = own.loop(*command)
        assert (linked.code, f"{path} is a symbolic link" in linked.err) == (INVALID, True)
    assert (stage.loop("run").code, stage.loop("status", "T-1").code) == (INVALID, INVALID)
    assert f"{path} is a symbolic link" in stage.loop("fsck").out
    assert on_disk(tmp_path / "elsewhere") == {}
    path.unlink()
    path.touch()
    file = own.run()
    assert (file.code, f"{path}" in file.err, "File exists" in file.err) == (INVALID, True, True), file.err
    assert stage.loop("fsck").code == NEEDS_PERSON


def test_a_bus_whose_default_bus_is_gone_is_refused(stage: Stage, tmp_path: Path):
    own = stage.on_bus_of("T-1")
    ended(own, own.run(), 0, paid=(1, 1))
    shutil.copytree(stage.bus / "runs", stage.root / "runs")
    for command in ("status", "run", "init"):
        moved = stage.loop("--loop-dir", "runs/T-1", command)
        assert (moved.code, f"inherit from {stage.root}, which is no bus" in moved.err) == (INVALID, True)


def test_init_makes_default_buses_alone(stage: Stage):
    result = stage.on_bus_of("T-1").loop("init")
    assert (result.code, f"takes what init makes from {stage.bus}" in result.err) == (2, True)


def test_a_run_is_refused_on_a_bus_whose_default_bus_a_newer_loop_has(stage: Stage):
    (stage.bus / "summary.json").write_text('{"schema_version": 9}', encoding="utf-8")
    result = stage.on_bus_of("T-1").run()
    assert (result.code, ".loop/summary.json has schema_version 9" in result.err) == (INVALID, True)
    assert not (stage.bus / "runs").exists()


def test_work_that_is_not_approved_keeps_its_fix_list_on_its_own_bus(tmp_path: Path):
    stage = Stage.set_up(tmp_path, worker=[works("half\n"), works()], reviewer=[objects(), approves()])
    put_card(stage, "T-1")
    own = stage.on_bus_of("T-1")
    ended(own, own.run(), 0, paid=(2, 2))
    assert own.read("fix_list") is not None
    assert not (stage.bus / "fix_list.json").exists()
