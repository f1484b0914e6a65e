import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import loop
from tests.support.runs import Stage, clearing, wait_until, works

EXAMPLE = Path(__file__).resolve().parent.parent.parent / ".loop.example"


def test_where_no_run_goes_on_nothing_has_to_live(tmp_path: Path):
    shutil.copytree(EXAMPLE, tmp_path / ".loop")
    done = loop("health", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert [line.split()[:2] for line in done.out.splitlines()] == [
        ["pm", "idle"],
        ["worker", "idle"],
        ["reviewer", "idle"],
    ]


def test_before_the_first_run_all_is_well(tmp_path: Path):
    (tmp_path / ".loop").mkdir()
    done = loop("health", "--json", cwd=tmp_path)
    assert (done.code, json.loads(done.out)["sound"]) == (0, True)


def health(stage: Stage, *args: str) -> tuple[int, dict[str, Any]]:
    done = loop("health", "--json", *args, cwd=stage.root)
    assert done.err == ""
    return done.code, json.loads(done.out)


def test_a_run_is_alive_while_its_agent_works_and_dead_once_it_is_killed(tmp_path: Path):
    stage = Stage.set_up(tmp_path, worker=[[{"wait_for": str(tmp_path / "go")}, *works()]])
    with clearing(stage):
        process = stage.start("run")
        wait_until((stage.bus / "runtime/worker.heartbeat.json").exists, "a heartbeat")
        code, found = health(stage)
        assert code == 0
        assert (found["sound"], found["run_name"], found["reviewer"]["pulse"]) == (True, "T-1", "idle")
        assert (found["pm"]["pulse"], found["pm"]["pid"]) == ("alive", process.pid)
        assert found["worker"]["pulse"] == "alive"
        assert {found["worker"]["pid"], found["worker"]["program"]} <= set(stage.leftovers())
        os.kill(found["worker"]["pid"], signal.SIGSTOP)  # or it would end its agent in order
        process.kill()
        os.kill(found["worker"]["pid"], signal.SIGKILL)
        process.communicate()
        code, found = health(stage)
        assert (code, found["sound"]) == (11, False)
        assert (found["pm"]["pulse"], found["worker"]["pulse"]) == ("dead", "dead")
        assert "loop run --resume" in loop("health", cwd=stage.root).out
        (tmp_path / "go").touch()


def test_no_look_at_a_normal_run_is_a_false_alarm(tmp_path: Path):
    stage = Stage.set_up(tmp_path)
    process = stage.start("run")
    codes = []
    while process.poll() is None:
        codes.append(health(stage)[0])
    assert stage.end(process).code == 0
    assert set(codes) == {0}


@pytest.mark.parametrize("ttl", ["0", "-1", "soon"])
def test_the_age_of_a_heartbeat_is_a_time(tmp_path: Path, ttl: str):
    done = loop("health", f"--heartbeat-ttl={ttl}", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")


def test_a_state_that_cannot_be_read_is_one_sentence(tmp_path: Path):
    (tmp_path / ".loop").mkdir()
    (tmp_path / ".loop/state.json").write_bytes(b"{")
    done = loop("health", cwd=tmp_path)
    assert (done.code, "state.json" in done.err) == (3, True)
