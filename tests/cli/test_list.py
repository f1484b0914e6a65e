import json
import shutil
from pathlib import Path

import pytest

from loop_kit.bus.archive import Archive
from loop_kit.bus.bus import Bus
from loop_kit.errors import EXIT_CODES, Outcome
from tests.support.commands import loop
from tests.support.runs import Stage, ended, objects, works

EXAMPLE = Path(__file__).resolve().parent.parent.parent / ".loop.example"


@pytest.fixture
def bus(tmp_path: Path) -> Bus:
    shutil.copytree(EXAMPLE, tmp_path / ".loop")
    return Bus(tmp_path / ".loop")


PRICED = """
[prices.models.script]
input = 2.0
output = 25.0
"""


def test_every_run_is_a_row_with_its_outcome_and_cost(tmp_path: Path):
    counted = {"usage": {"input_tokens": 100_000, "output_tokens": 10_000}}
    stage = Stage.set_up(
        tmp_path,
        worker=[[counted, *works()]],
        reviewer=[[counted, *objects()]],
        card={"goal": "Odd \x1b[2J\ngoal"},
        config=PRICED,
    )
    ended(stage, stage.run("--max-rounds", "1"), EXIT_CODES[Outcome.ROUND_LIMIT], paid=(1, 1))
    done = stage.loop("list", env={"TZ": "UTC"})
    assert (done.code, done.err) == (0, "")
    head, row = done.out.splitlines()
    assert head.split() == ["RUN", "ROUNDS", "OUTCOME", "ENDED", "COST", "GOAL"]
    assert row.split()[:3] == ["T-1", "1", "round_limit"]
    assert row.split()[5:] == ["$0.90", "Odd", "\\x1b[2J", "goal"]
    assert [run["cost_usd"] for run in json.loads(stage.loop("list", "--json").out)] == [0.9]


def test_a_cost_of_which_a_part_is_unknown_is_shown_as_the_least_it_can_be(bus: Bus):
    done = loop("list", cwd=bus.root.parent, env={"TZ": "UTC"})
    assert done.out.splitlines()[1].split()[:7] == [
        *("T-001", "2", "approved", "2025-03-03", "10:05:41", "≥", "$0.08"),
    ]


def test_a_run_that_has_not_ended_has_no_end(bus: Bus):
    Archive(bus.archive_root / "T-001@2").put_from_bus(bus, "task_card")
    row = loop("list", cwd=bus.root.parent).out.splitlines()[2]
    assert row.split()[:5] == ["T-001@2", "0", "unfinished", "-", "unknown"]


def test_json_is_a_list_of_objects(bus: Bus):
    (run,) = json.loads(loop("list", "--json", cwd=bus.root.parent).out)
    assert (run["run_name"], run["outcome"], run["rounds"], run["cost_usd"]) == ("T-001", "approved", 2, None)


def test_before_the_first_run_there_is_nothing_to_list(tmp_path: Path):
    (tmp_path / ".loop").mkdir()
    done = loop("list", cwd=tmp_path)
    assert (done.code, done.out, done.err) == (0, "", "no run yet\n")
    assert loop("list", "--json", cwd=tmp_path).out == "[]\n"
