"""What agents cost is entered once and told; limits of minutes and money end a run by a name, and it can be gone on with."""

import json
from typing import Any

import pytest

from tests.support.runs import Stage, Steps, approves, ended, objects, wait_until, works

PRICES = """
[worker]
model = "large"

[prices]
per_dispatch = 0.5

[prices.models.large]
input = 1.0
output = 10.0
"""


def _uses(steps: Steps, **usage: Any) -> Steps:
    return [{"usage": usage}, *steps]


def _spent(stage: Stage, role: str) -> dict[str, Any]:
    state = stage.read("state")
    assert state is not None
    spent: dict[str, Any] = state["spent"][role]
    return spent


def test_what_was_used_is_told_by_role_and_round_and_in_all(tmp_path):
    stage = Stage.set_up(
        tmp_path,
        worker=[_uses(works("a\n"), input_tokens=10, output_tokens=2, cost_usd=0.25), works("b\n")],
        reviewer=[
            _uses(objects(), input_tokens=5, output_tokens=1, cost_usd=0.5),
            _uses(approves(), input_tokens=7, output_tokens=3, cost_usd=0.125),
        ],
    )
    result = stage.run()
    ended(stage, result, 0, paid=(2, 2))
    assert result.summary is not None
    worker, reviewer, total = (result.summary["spent"][name] for name in ("worker", "reviewer", "total"))
    assert (worker["cost_usd"], worker["unpriced"], worker["input_tokens"], worker["uncounted"]) == (0.25, 1, 10, 1)
    assert (reviewer["cost_usd"], reviewer["unpriced"], reviewer["output_tokens"]) == (0.625, 0, 4)
    assert (total["dispatches"], total["cost_usd"], total["counted_usd"]) == (4, 0.875, 1.875)
    first, second = (row["spent"] for row in result.summary["round_details"])
    assert (first["worker"]["cost_usd"], first["reviewer"]["cost_usd"]) == (0.25, 0.5)
    assert (second["worker"]["cost_usd"], second["reviewer"]["cost_usd"]) == (None, 0.125)
    assert json.loads(stage.loop("status", "--json").out)["spent"] == result.summary["spent"]
    dispatches = [(row["cost_usd"], row["cost_source"]) for row in result.summary["dispatches"]]
    assert dispatches == [(0.25, "reported"), (0.5, "reported"), (None, "assumed"), (0.125, "reported")]


def test_tokens_are_priced_by_the_table(tmp_path):
    stage = Stage.set_up(tmp_path, worker=[_uses(works(), input_tokens=100_000, output_tokens=10_000)], config=PRICES)
    ended(stage, stage.run(), 0, paid=(1, 1))
    assert _spent(stage, "worker")["cost_usd"] == 0.2
    assert (_spent(stage, "reviewer")["cost_usd"], _spent(stage, "reviewer")["counted_usd"]) == (None, 0.5)


def test_a_count_over_the_whole_conversation_is_not_entered_twice(tmp_path):
    one = {"input_tokens": 100, "output_tokens": 10, "cumulative": True}
    two = {"input_tokens": 150, "output_tokens": 25, "cumulative": True}
    stage = Stage.set_up(
        tmp_path,
        worker=[[{"session": "s-1"}, *_uses(works("a\n"), **one)], [{"session": "s-1"}, *_uses(works("b\n"), **two)]],
        reviewer=[objects(), approves()],
    )
    result = stage.run()
    ended(stage, result, 0, paid=(2, 2))
    assert [data["usage"] for data in result.events("dispatch_ended") if data["role"] == "worker"] == [
        {"input_tokens": 100, "output_tokens": 10},
        {"input_tokens": 50, "output_tokens": 15},
    ]
    assert (_spent(stage, "worker")["input_tokens"], _spent(stage, "worker")["output_tokens"]) == (150, 25)


def test_a_run_that_has_cost_too_much_starts_no_more_programs(tmp_path):
    stage = Stage.set_up(tmp_path, worker=[_uses(works(), cost_usd=2.0)])
    result = stage.run("--max-cost", "1.5")
    ended(stage, result, 12, says="the agents have cost 2.00 US dollars, and --max-cost is 1.5", paid=(1, 0))
    assert "loop run --resume --max-cost 3 goes on" in result.err
    ended(stage, stage.run("--resume"), 12, says="--max-cost is 1.5", paid=(1, 0))
    ended(stage, stage.run("--resume", "--max-cost", "3"), 0, paid=(1, 1))


def test_what_nobody_can_price_is_not_free(tmp_path):
    stage = Stage.set_up(tmp_path)
    result = stage.run("--max-cost", "1")
    ended(stage, result, 12, says="1.00 US dollars (1 dispatch at the price assumed", paid=(1, 0))


def test_a_program_that_reports_its_costs_as_they_come_is_ended_at_the_limit(tmp_path):
    stage = Stage.set_up(tmp_path, worker=[[{"usage": {"cost_usd": 3.0}}, {"sleep": 60}], works()])
    result = stage.run("--max-cost", "2")
    ended(stage, result, 12, says="have cost 3.00 US dollars", paid=(1, 0))
    assert [data["how"] for data in result.events("dispatch_ended")] == ["asked"]
    ended(stage, stage.run("--resume", "--max-cost", "10"), 0, paid=(2, 1))


def test_minutes_are_enforced_by_the_clock_and_counted_over_resumes(tmp_path):
    stage = Stage.set_up(tmp_path, worker=[[{"sleep": 60}], works()])
    result = stage.run("--max-minutes", "0.02")
    ended(stage, result, 12, says="minutes, and --max-minutes is 0.02", paid=(1, 0))
    assert _spent(stage, "worker")["seconds"] >= 1.2
    ended(stage, stage.run("--resume"), 12, says="--max-minutes is 0.02", paid=(1, 0))
    ended(stage, stage.run("--resume", "--max-minutes", "5"), 0, paid=(2, 1))


def test_what_was_killed_together_with_loop_is_entered_by_the_next_start(tmp_path):
    stage = Stage.set_up(tmp_path, worker=[_uses([{"sleep": 60}], cost_usd=0.75), works()])
    log = stage.bus / "logs/T-1/r1_worker_1.out.log"
    process = stage.start("run")
    wait_until(lambda: log.exists() and b"cost_usd" in log.read_bytes(), "the worker's account")
    assert stage.look().standing["paying"] == {"T-1-r1-worker-1": "worker"}
    stage.kill_all()
    stage.end(process)
    result = stage.run("--resume")
    ended(stage, result, 0, paid=(2, 1))
    assert [data["how"] for data in result.events("dispatch_ended")] == ["cut_off", "exited", "exited"]
    assert (_spent(stage, "worker")["cost_usd"], _spent(stage, "worker")["dispatches"]) == (0.75, 2)
    assert result.standing["paying"] == {}


@pytest.mark.parametrize("limit", ["--max-cost", "--max-minutes"])
def test_a_limit_below_nothing_is_refused(tmp_path, limit: str):
    result = Stage.set_up(tmp_path).run(limit, "-1")
    assert (result.code, result.state) == (3, None)
    assert limit[2:].replace("-", "_") in result.err
