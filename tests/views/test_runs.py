import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from loop_kit.bus.archive import Archive
from loop_kit.bus.bus import Bus
from loop_kit.errors import NewerError
from loop_kit.model.documents import read, write
from loop_kit.model.state import RunState
from loop_kit.views.runs import list_runs
from tests.support import documents
from tests.support.runs import Stage, Steps, approves, ended, works

EXAMPLE = Path(__file__).resolve().parent.parent.parent / ".loop.example"


@pytest.fixture
def bus(tmp_path: Path) -> Bus:
    shutil.copytree(EXAMPLE, tmp_path / ".loop")
    return Bus(tmp_path / ".loop")


def put_summary(bus: Bus, run_name: str, **fields: Any) -> None:
    """Archive the summary of the example's run, with some fields of another."""
    summary = json.loads((EXAMPLE / "summary.json").read_bytes())
    Archive(bus.archive_root / run_name).put_document(1, "summary", {**summary, **fields})


def test_an_approved_run_is_listed_with_its_outcome_and_times(bus: Bus):
    (run,) = list_runs(bus)
    assert (run.run_name, run.task_id, run.rounds, run.outcome) == ("T-001", "T-001", 2, "approved")
    assert (run.started_at, run.ended_at) == ("2025-03-03T10:00:00.000Z", "2025-03-03T10:05:41.077Z")
    assert run.goal.startswith("Long durations")


COUNTED = {"usage": {"input_tokens": 100_000, "output_tokens": 10_000}}


@pytest.mark.parametrize(
    ("worker", "cost"), [([COUNTED], 0.9), ([{"usage": {"cost_usd": 1}}], 1.45), ([], None)], ids=str
)
def test_what_a_run_cost_is_what_its_summary_says_and_unknown_where_a_dispatch_did_not_say(
    tmp_path: Path, worker: Steps, cost: float | None
):
    stage = Stage.set_up(
        tmp_path,
        worker=[[*worker, *works()]],
        reviewer=[[COUNTED, *approves()]],
        config="[prices.models.script]\ninput = 2.0\noutput = 25.0\n",
    )
    result = stage.run()
    ended(stage, result, 0, paid=(1, 1))
    assert result.summary is not None
    total = result.summary["spent"]["total"]
    assert (total["cost_usd"], total["unpriced"]) == (cost or 0.45, int(cost is None))
    assert [run.cost_usd for run in list_runs(Bus(stage.bus))] == [cost]


def test_what_was_there_before_loop_comes_first_and_is_no_unfinished_run(bus: Bus):
    older = Archive(bus.archive_root / "T-001@0")
    older.put_document(2, "work_report", {})
    older.put_document(2, "summary", {"outcome": "approved"})
    (bus.archive_root / "_before").mkdir()
    assert [(run.run_name, run.task_id, run.rounds, run.outcome) for run in list_runs(bus)] == [
        ("T-001@0", "T-001", 2, "before loop"),
        ("T-001", "T-001", 2, "approved"),
    ]


def test_a_run_that_a_newer_loop_summed_up_is_not_left_unknown(bus: Bus):
    put_summary(bus, "T-9", schema_version=3)
    with pytest.raises(NewerError, match=r"r1_summary\.json has schema_version 3"):
        list_runs(bus)


def test_a_run_without_a_summary_is_unfinished(bus: Bus):
    Archive(bus.archive_root / "T-9").put_document(3, "work_report", {})
    run = list_runs(bus)[-1]
    assert (run.run_name, run.outcome, run.rounds, run.ended_at) == ("T-9", "unfinished", 3, "")


def test_a_run_that_was_taken_up_again_is_not_what_its_old_summary_says(bus: Bus):
    state = documents.state() | {"run_name": "T-9", "run_id": "r-9", "task_id": "T-9"}
    bus.put_state(read(RunState, state))
    put_summary(bus, "T-9", run_id="r-9", outcome="timeout", ended_at="2025-01-01T00:00:00Z")
    run = list_runs(bus)[-1]
    assert (run.outcome, run.ended_at) == ("unfinished", "")


@pytest.mark.parametrize(
    "spoiled", [b"", b"{", b"[]", b'{"rounds": "x", "outcome": 3, "dispatches": 1, "ended_at": []}']
)
def test_what_cannot_be_read_of_a_run_is_unknown(bus: Bus, spoiled: bytes):
    (bus.archive_root / "T-001/r2_summary.json").write_bytes(spoiled)
    (bus.archive_root / "T-001/r0_task_card.json").write_bytes(spoiled)
    (bus.root / "state.json").write_bytes(spoiled)
    (run,) = list_runs(bus)
    assert (run.outcome, run.rounds, run.goal, run.cost_usd) == ("unfinished", 2, "", None)


def test_a_run_can_be_written_as_a_document(bus: Bus):
    assert json.loads(json.dumps(write(list_runs(bus)[0])))["run_name"] == "T-001"
