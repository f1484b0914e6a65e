"""Several backends for a role: the next one takes over when one fails for a reason of its own, and everybody can see it."""

import json
import time
from pathlib import Path

import pytest

from tests.support.runs import Stage, Steps, approves, ended, objects, wait_until, works

CONFIG = """
[backends.first]
type = "script"
script = "first.json"

[backends.gone]
type = "command"
argv = ["no-such-agent-program"]
"""
LIST = ("--worker-backend", "first,script")


def _fails(kind: str, **more: object) -> Steps:
    return [{"fail": {"kind": kind, "message": "no luck", **more}}, {"exit": 1}]


def _stage(folder: Path, *calls: Steps) -> Stage:
    """Return a stage whose backend `first` plays these calls of the worker; `script` can do the work."""
    stage = Stage.set_up(folder, config=CONFIG)
    _script(stage).write_text(json.dumps({"worker": calls, "reviewer": [approves()]}), encoding="utf-8")
    return stage


def _script(stage: Stage) -> Path:
    return stage.bus / "first.json"


def _first(stage: Stage) -> int:
    return len(list(stage.bus.glob("first.json.calls/worker-*.json")))


@pytest.mark.parametrize("kind", ["auth", "quota"])
def test_the_next_backend_takes_over_from_one_that_is_refused(tmp_path, kind: str):
    stage = _stage(tmp_path, _fails(kind))
    result = stage.run(*LIST)
    ended(stage, result, 0, says="", paid=(1, 1))
    assert _first(stage) == 1
    (switch,) = result.events("backend_switched")
    assert switch == {
        "role": "worker", "round": 1, "backend": "first", "to": "script", "failure": kind, "message": "no luck"
    }  # fmt: skip
    assert f"worker falls back to script: first failed ({kind}): no luck" in result.err
    assert result.summary is not None
    assert result.summary["switches"] == [switch]
    assert [row["backend"] for row in result.summary["dispatches"]] == ["first", "script", "script"]
    assert result.standing["backends"] == {"worker": "script", "reviewer": "script"}


def test_a_passing_failure_is_tried_again_before_another_takes_over(tmp_path):
    stage = _stage(tmp_path, *[_fails("transient")] * 9)
    result = stage.run(*LIST, "--dispatch-retries", "2")
    ended(stage, result, 0, paid=(1, 1))
    assert _first(stage) == 3
    assert len(result.events("dispatch_retry")) == 2


@pytest.mark.parametrize("kind", ["permanent", "config"])
def test_what_another_backend_would_not_mend_ends_the_run(tmp_path, kind: str):
    stage = _stage(tmp_path, _fails(kind))
    ended(stage, stage.run(*LIST), 8, says=f"the worker (first) failed ({kind})", paid=(0, 0))


def test_a_missing_program_is_passed_over(tmp_path):
    stage = _stage(tmp_path)
    result = stage.run("--worker-backend", "gone, script")
    ended(stage, result, 0, paid=(1, 1))
    assert [(event["backend"], event["failure"]) for event in result.events("backend_switched")] == [
        ("gone", "missing")
    ]


def test_a_run_none_of_whose_programs_is_there_does_not_start(tmp_path):
    stage = _stage(tmp_path)
    result = stage.run("--worker-backend", "gone")
    assert (result.code, result.state) == (8, None)
    assert "no-such-agent-program" in result.err


def test_a_name_that_no_backend_has_is_refused_wherever_it_stands(tmp_path):
    stage = _stage(tmp_path)
    result = stage.run("--worker-backend", "script,frist")
    assert (result.code, result.state) == (3, None)
    assert "there is no backend 'frist'" in result.err


def test_when_all_have_failed_the_run_ends_by_the_name_of_the_last(tmp_path):
    stage = _stage(tmp_path, _fails("auth"))
    stage.play([_fails("auth")])
    ended(stage, stage.run(*LIST), 8, says="the worker (script) failed (auth)", paid=(1, 0))


def test_judgement_is_no_reason_to_change(tmp_path):
    stage = _stage(tmp_path, works("no\n"), works("yes\n"))
    stage.play([], [objects(), approves()])
    result = stage.run(*LIST)
    ended(stage, result, 0, paid=(0, 2))
    assert (_first(stage), result.events("backend_switched")) == (2, [])


def test_the_run_stays_with_the_one_that_took_over_and_comes_back_when_that_fails_too(tmp_path):
    stage = _stage(tmp_path, _fails("quota"), works("three\n"))
    stage.play([works("two\n"), _fails("quota")], [objects(), approves()])
    result = stage.run(*LIST)
    ended(stage, result, 0, paid=(2, 2))
    switches = [(event["round"], event["backend"], event["to"]) for event in result.events("backend_switched")]
    assert switches == [(1, "first", "script"), (2, "script", "first")]


def test_each_backend_has_its_own_model_and_arguments(tmp_path):
    stage = _stage(tmp_path)
    stage.configure(
        (stage.bus / "config.toml").read_text(encoding="utf-8")
        + '\n[backends.mine]\ntype = "script"\nscript = "script.json"\nargs = ["--own"]\n\n[worker]\nargs = ["--role"]\n'
    )
    ended(stage, stage.run("--worker-backend", "mine"), 0, paid=(1, 1))
    assert stage.calls("worker")[0]["argv"] == ["--own", "--role"]


def test_an_effort_that_a_program_cannot_be_asked_for_is_refused_before_anything_is_paid(tmp_path):
    stage = _stage(tmp_path)
    config = (stage.bus / "config.toml").read_text(encoding="utf-8")
    stage.configure(config + '\n[roles.reviewer]\neffort = "high"\n')
    result = stage.run()
    assert (result.code, stage.paid) == (3, (0, 0))
    assert "'script' cannot be asked for an effort, and it is to have 'high'" in result.err


# A spent quota


def test_a_quota_whose_end_is_known_is_waited_for(tmp_path):
    stage = Stage.set_up(tmp_path, worker=[_fails("quota", retry_after=0.3), works()])
    result = stage.run()
    ended(stage, result, 0, says="worker (script) has no quota left, waiting until", paid=(2, 1))
    (parked,) = result.events("parked")
    assert parked["wait_seconds"] <= 0.3
    assert parked["until"].endswith("Z")


def test_nobody_waits_for_a_quota_while_another_backend_is_left(tmp_path):
    stage = _stage(tmp_path, _fails("quota", retry_after=3000))
    began = time.monotonic()
    ended(stage, stage.run(*LIST), 0, paid=(1, 1))
    assert time.monotonic() - began < 60


def test_of_several_spent_quotas_the_first_that_is_free_is_waited_for(tmp_path):
    stage = _stage(tmp_path, _fails("quota", retry_after=0.3), works())
    stage.play([_fails("quota", retry_after=3000)])
    result = stage.run(*LIST)
    ended(stage, result, 0, paid=(1, 1))
    assert [event["backend"] for event in result.events("parked")] == ["first"]


def test_a_quota_that_is_never_free_is_not_waited_for_for_ever(tmp_path):
    stage = Stage.set_up(tmp_path, worker=[_fails("quota", retry_after=0.01)] * 9)
    result = stage.run("--dispatch-retries", "1")
    ended(stage, result, 8, says="the worker (script) failed (quota)", paid=(3, 0))
    assert len(result.events("parked")) == 2


@pytest.mark.parametrize("wait", ["0", "299"])
def test_the_wait_can_be_turned_off_and_limited(tmp_path, wait: str):
    stage = Stage.set_up(tmp_path, worker=[_fails("quota", retry_after=300)])
    result = stage.run("--quota-wait", wait)
    ended(stage, result, 8, says="failed (quota)", paid=(1, 0))
    assert "its quota is free again at 2" in result.err
    assert "--quota-wait 300 waits for that" in result.err


def test_a_run_that_waits_for_a_quota_says_so_and_can_be_stopped(tmp_path):
    stage = Stage.set_up(tmp_path, worker=[_fails("quota", retry_after=3000), works()])
    process = stage.start("run")
    wait_until(lambda: [line for line in stage.feed() if line["event"] == "parked"], "the wait")
    status = json.loads(stage.loop("status", "--json").out)
    assert status["waiting_for_quota"]["backend"] == "script"
    assert "for the quota of script" in status["next_step"]
    (stage.bus / "STOP").touch()
    ended(stage, stage.end(process), 13, says="STOP asks for a stop", paid=(1, 0))
    (stage.bus / "STOP").unlink()
    ended(stage, stage.run("--resume"), 0, paid=(2, 1))
