import json
import shutil
from pathlib import Path

import pytest

from loop_kit.bus.bus import Bus
from loop_kit.bus.buses import bus_of
from loop_kit.errors import DocumentError, StartError
from loop_kit.views.lookup import all_runs, buses_for, find_bus, find_run, run_names
from tests.support import documents

EXAMPLE = Path(__file__).resolve().parent.parent.parent / ".loop.example"


@pytest.fixture
def bus(tmp_path: Path) -> Bus:
    """Return a bus on which T-001 was the last run."""
    shutil.copytree(EXAMPLE, tmp_path / ".loop")
    return Bus(tmp_path / ".loop")


def put_run(bus: Bus, run_name: str, *, in_archive: bool = True) -> Bus:
    """Let that run be the last one on a bus."""
    bus.ensure_layout()
    if in_archive:
        (bus.archive_root / run_name).mkdir()
    document = documents.state() | {"run_name": run_name, "task_id": run_name.partition("@")[0]}
    bus.state_path.write_text(json.dumps(document), encoding="utf-8")
    return bus


def test_the_runs_of_a_task_come_in_their_order_and_what_is_no_place_does_not(bus: Bus):
    for name in ("T-001@10", "T-001@2", "_unfiled", "T-1@1", "a b"):
        (bus.archive_root / name).mkdir()
    assert run_names(bus) == ["T-001", "T-001@2", "T-001@10"]


def test_the_run_that_is_meant_is_the_one_named_or_the_one_on_the_bus(bus: Bus):
    assert find_run(bus, "") == find_run(bus, "T-001") == (bus, "T-001")
    with pytest.raises(StartError, match="there is no run 'T-7'"):
        find_run(bus, "T-7")
    for escape in ("../archive/T-001", "_unfiled", ".."):
        with pytest.raises(StartError):
            find_run(bus, escape)
    bus.state_path.unlink()
    with pytest.raises(StartError, match="no run stands on"):
        find_run(bus, "")


def test_a_run_is_found_on_the_bus_of_its_task_from_whichever_bus(bus: Bus):
    other = put_run(bus_of(bus, "T-001"), "T-001@2")
    third = put_run(bus_of(bus, "T-002"), "T-002", in_archive=False)
    for each in (bus, other, third):
        assert find_run(each, "T-001") == (bus, "T-001")
        assert find_run(each, "T-001@2") == (other, "T-001@2")
        assert find_run(each, "T-002") == (third, "T-002"), "it has begun, and nothing is archived yet"
    assert all_runs(third) == [(bus, "T-001"), (other, "T-001@2")]
    assert buses_for(third, "T-001@2") == [third, bus, other]
    assert buses_for(bus, "../x") == [bus]


def test_a_task_means_its_last_run_and_a_run_only_itself(bus: Bus):
    assert find_bus(bus, "") == find_bus(bus, "T-001") == bus
    other = put_run(bus_of(bus, "T-001"), "T-001@2")
    assert find_bus(bus, "T-001") == find_bus(bus, "T-001@2") == other
    put_run(bus, "T-001@3")
    assert find_bus(other, "T-001") == bus
    assert find_bus(bus, "T-001@2") == other
    put_run(other, "T-001@4")
    with pytest.raises(StartError, match=r"T-001@2 is not the last run on .*/runs/T-001$"):
        find_bus(bus, "T-001@2")
    with pytest.raises(StartError, match="there is no run 'T-9'"):
        find_bus(bus, "T-9")


def test_a_state_that_cannot_be_read_is_told_only_when_no_other_one_is_it(bus: Bus):
    other = put_run(bus_of(bus, "T-001"), "T-001@2")
    bus.state_path.write_text("{", encoding="utf-8")
    assert find_bus(bus, "T-001") == other
    other.state_path.write_text("{", encoding="utf-8")
    with pytest.raises(DocumentError, match=r"runs/T-001/state\.json"):
        find_bus(bus, "T-001")
    assert find_run(bus, "T-001@2") == (other, "T-001@2")
