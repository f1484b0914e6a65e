"""What an agent or a check plants outside the tree stops the run right after it, through the real command."""

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.runs import ISSUE, Stage, Steps, approves, ended, works

HOOK = "mkdir -p .git/hooks; echo '#!/bin/sh' > .git/hooks/pre-push; chmod +x .git/hooks/pre-push"
PLANTED = {
    "a hook": (HOOK, "hooks/pre-push added"),
    "a setting": ("git config core.sshCommand evil", "core.sshcommand added"),
    "an ignored file": ("mkdir -p .git/info; echo x > .git/info/exclude", "info/exclude added"),
    "a replaced commit": ("git replace HEAD $(git rev-parse refs/loop/T-1/r0/base)", "refs/replace/"),
    "a graft": ("mkdir -p .git/info; git rev-parse HEAD > .git/info/grafts", "info/grafts added"),
    "alternates": ("mkdir -p .git/objects/info; echo /nowhere > .git/objects/info/alternates", "info/alternates added"),
    "a shallow history": ("git rev-parse HEAD > .git/shallow", "shallow added"),
    "a person's own setting": ("git config --global alias.st '!evil'", "alias.st (global) added"),
}
KILL = (
    "import os, pathlib\nstat = pathlib.Path(f'/proc/{os.getppid()}/stat').read_text()\n"
    "os.kill(int(stat.rpartition(')')[2].split()[1]), 9)\nimport time; time.sleep(30)\n"
)
MAIN = "cd $(dirname $(git rev-parse --path-format=absolute --git-common-dir)); "


def shell(text: str) -> dict[str, Any]:
    return {"run": ["sh", "-c", text]}


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """Return the variables of a person with global settings of their own."""
    path = tmp_path / "home" / "gitconfig"
    path.parent.mkdir()
    path.write_text("[user]\n\tname = Me\n", encoding="utf-8")
    return {"GIT_CONFIG_GLOBAL": str(path)}


@pytest.mark.parametrize("what", PLANTED)
def test_what_a_worker_plants_stops_the_run(tmp_path: Path, home: dict[str, str], what: str):
    command, said = PLANTED[what]
    stage = Stage.set_up(tmp_path, worker=[[*works()[:-1], shell(command), {"report": {}}]])
    ended(stage, stage.run(env=home), 11, says=said, paid=(1, 0))


@pytest.mark.parametrize("what", PLANTED)
def test_what_a_reviewer_plants_stops_the_run(tmp_path: Path, home: dict[str, str], what: str):
    command, said = PLANTED[what]
    stage = Stage.set_up(tmp_path, reviewer=[[shell(MAIN + command), *approves()]])
    ended(stage, stage.run(env=home), 11, says=said, paid=(1, 1))


@pytest.mark.parametrize("what", PLANTED)
def test_what_a_check_plants_stops_the_run_before_a_reviewer_is_paid(tmp_path: Path, home: dict[str, str], what: str):
    command, said = PLANTED[what]
    check = f'[checks.works]\nrun = """if grep -q two app.txt; then {MAIN}{command}; fi"""\n'
    stage = Stage.set_up(tmp_path, config=check)
    ended(stage, stage.run(env=home), 11, says=said, paid=(1, 0))


def test_what_a_cloned_repository_s_own_tests_plant_stops_the_run_before_anything_is_paid(tmp_path: Path):
    stage = Stage.set_up(tmp_path, config=f'[checks.works]\nrun = """{MAIN}{HOOK}"""\n')
    ended(stage, stage.run(), 11, says="during the checks where the run begins: git hook touched", paid=(0, 0))


@pytest.mark.parametrize("role", ["worker", "reviewer"])
def test_what_an_agent_plants_that_hands_in_nothing_is_named(tmp_path: Path, role: str):
    failing: Steps = [shell(MAIN + HOOK), {"fail": {"kind": "permanent", "message": "no more"}}, {"exit": 1}]
    stage = Stage.set_up(tmp_path)
    stage.play(**{role: [failing]})
    ended(stage, stage.run(), 11, says="hooks/pre-push added", paid=(1, int(role == "reviewer")))


def test_a_filter_that_a_worker_plants_does_not_run_when_its_unfinished_work_is_kept(tmp_path: Path):
    mark = tmp_path / "ran"
    plant = (
        f"git config filter.x.clean 'touch {mark}; cat'; echo 'app.txt filter=x' > .gitattributes; echo six > app.txt"
    )
    stage = Stage.set_up(tmp_path, worker=[[shell(plant), {"exit": 3}]])
    ended(stage, stage.run("--dispatch-retries", "0"), 11, says="filter.x.clean added", paid=(1, 0))
    assert "refs/loop/T-1/r1/unfinished-1" in stage.refs()
    assert not mark.exists()


def test_a_filter_that_a_check_plants_does_not_run_in_loop_s_own_name(tmp_path: Path):
    mark = tmp_path / "ran"
    plant = (
        f"git config filter.x.clean 'test -z \\\"$LOOP_WATCH_KEY\\\" || touch {mark}; cat'; "
        "echo 'app.txt filter=x' > .gitattributes; echo six > app.txt"
    )
    stage = Stage.set_up(tmp_path, config=f'[checks.works]\nrun = """{plant}"""\n')
    result = stage.run(env={"LOOP_WATCH_KEY": "a key of the person's"})
    ended(stage, result, 11, says="filter.x.clean added", paid=(0, 0))
    assert not mark.exists()


def test_settings_are_watched_where_the_config_sends_an_agent_s_home(tmp_path: Path):
    home = tmp_path / "agent"
    home.mkdir()
    config = f'[worker.env]\nGIT_CONFIG_GLOBAL = "{home / "gitconfig"}"\n'
    planting = shell("git config --global core.sshCommand evil")
    stage = Stage.set_up(tmp_path, worker=[[*works()[:-1], planting, {"report": {}}]], config=config)
    ended(stage, stage.run(), 11, says="core.sshcommand (global of an agent) added", paid=(1, 0))


def test_a_hook_planted_before_loop_was_killed_is_still_compared_with_the_start(tmp_path: Path):
    """The worker plants it and kills loop; the resume pays nobody before a person has looked."""
    stage = Stage.set_up(tmp_path, worker=[[shell(HOOK), {"run": [sys.executable, "-c", KILL]}], works()])
    assert stage.run().code == 143
    result = stage.run("--resume")
    assert (result.code, "hooks/pre-push added" in result.err, stage.paid) == (11, True, (1, 0)), result.err
    ended(stage, stage.run("--resume"), 0, paid=(2, 1))


def test_a_filter_planted_before_loop_was_killed_does_not_run_when_it_goes_on(tmp_path: Path):
    mark = tmp_path / "ran"
    plant = (
        f"git config filter.x.clean 'touch {mark}; cat'; echo 'app.txt filter=x' > .gitattributes; echo six > app.txt"
    )
    stage = Stage.set_up(tmp_path, worker=[[shell(plant), {"run": [sys.executable, "-c", KILL]}], works()])
    assert stage.run().code == 143
    assert stage.run("--resume").code == 11
    assert not mark.exists()


def test_a_run_goes_on_after_a_person_has_looked(tmp_path: Path):
    stage = Stage.set_up(
        tmp_path, worker=[[*works()[:-1], shell(HOOK), {"report": {}}]], reviewer=[approves(ISSUE["reason"])]
    )
    assert stage.run().code == 11
    ended(stage, stage.run("--resume"), 0, paid=(1, 1))
