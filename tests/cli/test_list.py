import json
import shutil
from pathlib import Path

import pytest

from loop_kit.bus.archive import Archive
from loop_kit.bus.bus import Bus
from tests.support.commands import loop

EXAMPLE = Path(__file__).resolve().parent.parent.parent / ".loop.example"


@pytest.fixture
def bus(tmp_path: Path) -> Bus:
    shutil.copytree(EXAMPLE, tmp_path / ".loop")
    return Bus(tmp_path / ".loop")


def test_every_run_is_a_row_with_its_outcome_and_cost(bus: Bus):
    again = Archive(bus.archive_root / "T-001@2")
    again.put_document(0, "task_card", {"goal": "Odd \x1b[2J\ngoal"})
    summary = json.loads((bus.root / "summary.json").read_text(encoding="utf-8"))
    paid = {**summary["dispatches"][0], "cost_usd": 1.5}
    again.put_document(
        1, "summary", {**summary, "outcome": "stalled", "rounds": 1, "dispatches": [paid], "ended_at": ""}
    )
    done = loop("list", cwd=bus.root.parent, env={"TZ": "UTC"})
    assert (done.code, done.err) == (0, "")
    head, first, second = done.out.splitlines()
    assert head.split() == ["RUN", "ROUNDS", "OUTCOME", "ENDED", "COST", "GOAL"]
    assert first.split()[:6] == ["T-001", "2", "approved", "2025-03-03", "10:05:41", "unknown"]
    assert second.split() == ["T-001@2", "1", "stalled", "-", "$1.50", "Odd", "\\x1b[2J", "goal"]


def test_json_is_a_list_of_objects(bus: Bus):
    (run,) = json.loads(loop("list", "--json", cwd=bus.root.parent).out)
    assert (run["place"], run["outcome"], run["rounds"], run["cost_usd"]) == ("T-001", "approved", 2, None)


def test_before_the_first_run_there_is_nothing_to_list(tmp_path: Path):
    (tmp_path / ".loop").mkdir()
    done = loop("list", cwd=tmp_path)
    assert (done.code, done.out, done.err) == (0, "", "no run yet\n")
    assert loop("list", "--json", cwd=tmp_path).out == "[]\n"
