"""A link where loop writes: whoever put it there, nothing outside is touched, and the run says so by name."""

import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.support.repos import git
from tests.support.runs import Stage, Steps, approves, ended, objects, works

FOLDERS = (".loop/runtime", ".loop/archive", ".loop/logs")
RUN_FOLDERS = (".loop/archive/T-1", ".loop/logs/T-1")
CHECK = '[checks.works]\nrun = "sh plant.sh"\n'


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Give a folder that looks like each of loop's own, with what nobody may lose."""
    folder = tmp_path / "outside"
    for name in ("T-1", "T-1-r1-worker-1", "T-1-r1-reviewer-2"):
        (folder / name).mkdir(parents=True)
        (folder / name / "thesis.json").write_text("precious\n", encoding="utf-8")
    (folder / "notes.txt").write_text("precious\n", encoding="utf-8")
    (folder / ".half.1.0123456789abcdef.tmp").write_text("precious\n", encoding="utf-8")
    return folder


def content(folder: Path) -> dict[str, bytes]:
    """Return everything below a folder; an agent's own report is where the agent put it."""
    found = sorted(path for path in folder.rglob("*") if path.name != "report.json")
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"" for path in found}


def linking(folder: str, target: Path) -> dict[str, Any]:
    """Return the step of an agent that puts a link in the place of a folder, which it moves aside."""
    there, to = shlex.quote(folder), shlex.quote(str(target))
    return {"run": ["sh", "-c", f"[ ! -e {there} ] || mv {there} {there}.aside; ln -s {to} {there}"]}


@pytest.mark.parametrize("folder", [*FOLDERS, *RUN_FOLDERS, ".loop"])
def test_a_link_for_a_folder_of_the_bus_is_refused_at_the_start(tmp_path: Path, outside: Path, folder: str):
    stage = Stage.set_up(tmp_path, config='[checks.works]\nrun = "true"\n')
    before = content(outside)
    place = stage.root / folder
    if place.exists():
        place.rename(outside.with_name("moved"))
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(outside)
    for words in (
        ("run",),
        ("run", "--single-round"),
        ("run", "--reset"),
        ("check",),
        ("new", "--goal", "a task"),
        ("init",),
    ):
        result = stage.loop(*words)
        assert (result.code, "is a symbolic link" in result.err) == (3, True), (words, result.err)
        assert f"rm {place}" in result.err
    assert content(outside) == before
    assert "is a symbolic link" in stage.loop("fsck").out


def test_a_clone_that_tracks_such_a_link_is_refused_and_nothing_outside_is_deleted(tmp_path: Path, outside: Path):
    stage = Stage.set_up(tmp_path / "origin")
    (stage.bus / "runtime").symlink_to(outside)
    stage.git("add", "--force", ".loop/runtime", ".loop/config.toml", ".loop/task_card.json", ".loop/script.json")
    stage.git("commit", "--quiet", "--message", "Share the bus")
    git(tmp_path, "clone", "--quiet", str(stage.root), "clone")
    stage.root, stage.bus = tmp_path / "clone", tmp_path / "clone/.loop"
    before = content(outside)
    result = stage.run()
    assert (result.code, "is a symbolic link" in result.err) == (3, True), result.err
    assert content(outside) == before
    assert stage.paid == (0, 0)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_file_that_git_tracks_where_loop_keeps_its_own_is_refused_and_the_advice_works(tmp_path: Path, folder: str):
    stage = Stage.set_up(tmp_path)
    (stage.root / folder).mkdir()
    for name in ("kept.json", "more/kept.json"):
        (stage.root / folder / name).parent.mkdir(exist_ok=True)
        (stage.root / folder / name).write_text("{}\n", encoding="utf-8")
    stage.git("add", "--force", folder)
    stage.git("commit", "--quiet", "--message", "Track it")
    result = stage.run()
    assert (result.code, f"git tracks 2 file(s) where loop keeps its own: {folder}/kept.json" in result.err) == (
        3,
        True,
    )
    advice = result.err.partition("git rm")[2].partition(",")[0]
    stage.git("rm", *shlex.split(advice))
    stage.git("commit", "--quiet", "--message", "Track it no more")
    ended(stage, stage.run(), 0, paid=(1, 1))


def test_what_people_share_may_be_tracked_and_may_be_links(tmp_path: Path):
    stage = Stage.set_up(tmp_path)
    shared = tmp_path / "shared"
    shared.mkdir()
    for name in ("templates", "context", "tasks"):
        (shared / name).mkdir()
        (stage.bus / name).symlink_to(shared / name)
    (shared / "context/house.md").write_text("Say it in English.\n", encoding="utf-8")
    for name in ("config.toml", "task_card.json"):
        (stage.bus / name).rename(shared / name)
        (stage.bus / name).symlink_to(shared / name)
    stage.git("add", "--force", ".loop/config.toml", ".loop/context")
    stage.git("commit", "--quiet", "--message", "Share it")
    before = content(shared)
    assert stage.loop("init").code == 0
    ended(stage, stage.run(), 0, paid=(1, 1))
    assert "Say it in English." in stage.calls("worker")[0]["prompt"]
    assert content(shared) == before
    assert (stage.bus / "config.toml").is_symlink()


@pytest.mark.parametrize("role", ["worker", "reviewer"])
@pytest.mark.parametrize("folder", [*FOLDERS, *RUN_FOLDERS])
def test_an_agent_that_makes_a_link_of_a_folder_ends_the_run_and_reaches_nothing(
    tmp_path: Path, outside: Path, folder: str, role: str
):
    stage = Stage.set_up(tmp_path)
    before = content(outside)
    steps: dict[str, list[Steps]] = {"worker": [works()], "reviewer": [approves()]}
    # What an agent hands in through its own link is lost, and it is asked for again.
    again: Steps = [{"report": {}}] if role == "worker" else approves()
    steps[role] = [[linking(str(stage.root / folder), outside), *steps[role][0]], again]
    stage.play(steps["worker"], steps["reviewer"])
    result = stage.run()
    assert (result.code, "is a symbolic link" in result.err) == (11, True), result.err
    assert content(outside) == before
    place = stage.root / folder
    place.unlink()  # as the hint says
    place.with_name(f"{place.name}.aside").rename(place)
    result = stage.run("--resume")
    assert result.code == 0, result.err
    assert content(outside) == before


def test_a_check_that_makes_a_link_of_a_folder_ends_the_run_and_reaches_nothing(tmp_path: Path, outside: Path):
    stage = Stage.set_up(tmp_path, config=CHECK, files={"app.txt": "one\n", "plant.sh": "true\n"})
    before = content(outside)
    plant = linking(str(stage.bus / "archive"), outside)["run"][2]
    stage.play([[{"edit": {"plant.sh": f"{plant}\n"}}, *works()]])
    result = stage.run()
    assert (result.code, "is a symbolic link" in result.err) == (11, True), result.err
    assert content(outside) == before


@pytest.mark.parametrize("name", ["", "{run}", "{run}/review-{run}", "{run}/checks-{run}"])
def test_a_link_for_a_scratch_folder_is_not_followed(tmp_path: Path, outside: Path, name: str):
    stage = Stage.set_up(tmp_path, reviewer=[objects(), approves()], config='[checks.works]\nrun = "true"\n')
    plant = (
        f'at={stage.cache}/loop-kit/{name.replace("{run}", "$LOOP_RUN_ID")}; at=${{at%/}}; [ ! -e "$at" ] || '
        f'mv "$at" "$at.aside"; mkdir -p "$(dirname "$at")"; ln -s {outside} "$at"'
    )
    stage.play([[{"run": ["sh", "-c", plant]}, *works()], works("three\n")], [objects(), approves()])
    before = content(outside)
    result = stage.run()
    assert result.code in (0, 3), result.err
    assert content(outside) == before


def test_a_scratch_folder_that_others_may_write_in_is_refused(tmp_path: Path):
    stage = Stage.set_up(tmp_path)
    (stage.cache / "loop-kit").mkdir(parents=True)
    (stage.cache / "loop-kit").chmod(0o777)
    result = stage.run()
    assert (result.code, "other users may write in it" in result.err) == (3, True), result.err
    assert stage.paid == (0, 0)
    (stage.cache / "loop-kit").rmdir()
    (stage.cache / "loop-kit").symlink_to(tmp_path)
    result = stage.run()
    assert (result.code, "symbolic link" in result.err) == (3, True), result.err


def test_git_s_own_list_of_trees_as_a_link_loses_nothing(tmp_path: Path, outside: Path):
    stage = Stage.set_up(tmp_path)
    (outside / "loop-removed-old").mkdir()
    (outside / "loop-removed-old/precious.txt").touch()
    before = content(outside)
    stage.play([[linking(str(stage.root / ".git/worktrees"), outside), *works()]])
    result = stage.run()
    assert result.code in (3, 11), result.err
    assert content(outside) == before


def test_a_log_that_is_a_second_name_of_a_file_outside_is_not_written(tmp_path: Path):
    stage = Stage.set_up(tmp_path)
    precious = tmp_path / "precious"
    precious.write_text("precious\n", encoding="utf-8")
    plant = f"for name in out err; do ln {precious} .loop/logs/T-1/r1_reviewer_2.$name.log; done"
    stage.play([[{"run": ["sh", "-c", plant]}, *works()]], [[{"said": "x"}, *approves()]])
    result = stage.run()
    assert (result.code, precious.read_text(encoding="utf-8")) == (0, "precious\n"), result.err


def test_a_worker_that_commits_what_is_loops_own_is_asked_again(tmp_path: Path):
    commits: Steps = [
        {"edit": {"app.txt": "two\n"}},
        {"run": ["sh", "-c", "git add -f .loop/archive && git commit -qm x"]},
    ]
    undoes: Steps = [{"run": ["sh", "-c", "git rm -rq --cached .loop/archive && git commit -qam y"]}, {"report": {}}]
    stage = Stage.set_up(tmp_path, worker=[[*commits, {"report": {}}], undoes])
    result = stage.run()
    ended(stage, result, 0, paid=(2, 1))
    assert "where loop keeps its own" in stage.calls("worker")[1]["prompt"]


def test_a_bus_below_a_link_in_the_repository_is_refused(tmp_path: Path, outside: Path):
    stage = Stage.set_up(tmp_path)
    (stage.root / "tools").symlink_to(outside)
    before = content(outside)
    result = stage.loop("--loop-dir", "tools/.loop", "init")
    assert (result.code, "is a symbolic link in a repository" in result.err) == (3, True), result.err
    assert content(outside) == before
