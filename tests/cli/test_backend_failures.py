"""Agent programs that fail, hang or die: each ending has its name, and what was paid for is not paid for again."""

import pytest

from tests.support.runs import CONFIG, Stage, Steps, approves, ended, objects, works


def _fails(kind: str, message: str = "no luck") -> Steps:
    return [{"session": "s-1"}, {"fail": {"kind": kind, "message": message}}, {"exit": 1}]


@pytest.mark.parametrize("kind", ["transient", "session"])
def test_a_passing_failure_is_tried_again(tmp_path, kind: str):
    stage = Stage.set_up(tmp_path, worker=[_fails(kind), works()])
    result = stage.run("--single-round")
    ended(stage, result, 0, says=f"worker failed ({kind}): no luck; retried in", paid=(2, 1))
    assert [retry["failure"] for retry in result.events("dispatch_retry")] == [kind]


HOPELESS = {
    "auth": (_fails("auth"), "failed (auth): no luck\n  log in to it"),
    "quota": (_fails("quota"), "failed (quota): no luck\n  wait until its quota is free again"),
    "config": (_fails("config"), "failed (config): no luck\n  mend its configuration"),
    "permanent": (_fails("permanent"), "failed (permanent): no luck"),
    "off its script": ([{"expect": "what no prompt says"}], "failed (permanent): standin: the prompt does not say"),
}


@pytest.mark.parametrize(("steps", "says"), HOPELESS.values(), ids=HOPELESS)
def test_a_failure_that_will_not_pass_ends_the_run_at_once(tmp_path, steps: Steps, says: str):
    stage = Stage.set_up(tmp_path, worker=[steps])
    result = stage.run("--single-round")
    ended(stage, result, 8, says=says, paid=(1, 0))
    assert result.standing["state"] == "awaiting_work"


@pytest.mark.parametrize(
    ("steps", "says"),
    [(_fails("transient"), "failed (transient)"), ([{"signal": 11}], "signal 11"), ([{"exit": 3}], "exit code 3")],
    ids=["transient", "crash by a signal", "crash"],
)
def test_retries_come_to_an_end(tmp_path, steps: Steps, says: str):
    stage = Stage.set_up(tmp_path, worker=[steps] * 4)
    result = stage.run("--single-round", "--dispatch-retries", "1")
    ended(stage, result, 8, says=says, paid=(2, 0))


def test_a_reviewer_that_fails_does_not_cost_the_work_again(tmp_path):
    stage = Stage.set_up(tmp_path, reviewer=[_fails("auth"), approves()])
    result = stage.run()
    ended(stage, result, 8, says="the reviewer (script) failed (auth)", paid=(1, 1))
    assert result.standing["state"] == "awaiting_review"
    ended(stage, stage.run("--resume"), 0, paid=(1, 2))


SLOW: Steps = [{"edit": {"app.txt": "half\n"}}, {"print": "at work\n"}, {"sleep": 60}]
# Long enough for a busy machine to get as far as the edit.
CLOCKS = {
    "dispatch": (("--dispatch-timeout", "2"), "took longer than --dispatch-timeout 2 s"),
    "idle": (("--idle-timeout", "2"), "printed nothing for --idle-timeout 2 s"),
    "run": (("--timeout", "4"), "the run took longer than --timeout 4 s"),
}


@pytest.mark.parametrize(("args", "says"), CLOCKS.values(), ids=CLOCKS)
def test_a_clock_that_runs_out_ends_the_agent_and_keeps_what_it_did(tmp_path, args: tuple[str, ...], says: str):
    stage = Stage.set_up(tmp_path, worker=[SLOW, works()])
    result = stage.run(*args)
    ended(stage, result, 9, says=says, paid=(1, 0))
    assert stage.git("show", "refs/loop/T-1/r1/unfinished-1:app.txt") == "half"
    ended(stage, stage.run("--resume", args[0], "0"), 0, paid=(2, 1))
    assert "refs/loop/T-1/r1/unfinished-1" in stage.calls("worker")[1]["prompt"]


def test_a_report_handed_in_before_the_clock_ran_out_counts(tmp_path):
    stage = Stage.set_up(tmp_path, worker=[[*works(), {"sleep": 60}]])
    result = stage.run("--single-round", "--dispatch-timeout", "3")
    ended(stage, result, 0, paid=(1, 1))
    assert result.events("dispatch_ended")[0]["how"] == "wall_timeout"


def test_a_report_by_hand_that_does_not_come_ends_the_wait(tmp_path):
    stage = Stage.set_up(tmp_path)
    result = stage.run("--no-auto-dispatch", "--artifact-timeout", "0.3")
    ended(stage, result, 9, says="no work_report.json came within --artifact-timeout 0.3 s", paid=(0, 0))


def test_a_run_ended_by_the_round_limit_goes_on_when_the_limit_is_raised(tmp_path):
    stage = Stage.set_up(tmp_path, worker=[works("1\n"), works("2\n")], reviewer=[objects(), approves()])
    result = stage.run("--max-rounds", "1")
    ended(stage, result, 6, says="loop run --resume --max-rounds 3 goes on", paid=(1, 1))
    result = stage.run("--resume", "--max-rounds", "3")
    ended(stage, result, 0, paid=(2, 2))
    assert [row["decision"] for row in result.standing["round_details"]] == ["changes_required", "approve"]


def test_a_program_that_is_gone_when_a_run_goes_on_costs_nothing(tmp_path):
    program = tmp_path / "agent"
    program.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)
    stage = Stage.set_up(tmp_path, worker=[_fails("auth")])
    stage.configure(CONFIG.replace('reviewer_backend = "script"', 'reviewer_backend = "own"'))
    with (stage.bus / "config.toml").open("a", encoding="utf-8") as config:
        config.write(f'[backends.own]\ntype = "command"\nargv = ["{program}"]\nallow_tree_settings = true\n')
    ended(stage, stage.run(), 8, paid=(1, 0))
    program.unlink()
    result = stage.run("--resume")
    assert (result.code, "the backend 'own' needs the program" in result.err) == (8, True), result.err
    assert stage.paid == (1, 0)
