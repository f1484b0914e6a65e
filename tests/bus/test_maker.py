import json
import shutil
from pathlib import Path

import pytest

from loop_kit.bus.bus import Bus
from loop_kit.bus.maker import check_maker, check_not_newer_bus
from loop_kit.errors import NewerError, StartError
from tests.support.older import put_older_bus, tree

EXAMPLE = Path(__file__).resolve().parents[2] / ".loop.example"


@pytest.fixture
def bus(tmp_path: Path) -> Bus:
    shutil.copytree(EXAMPLE, tmp_path / ".loop")
    return Bus(tmp_path / ".loop")


def test_on_its_own_bus_loop_may_work(bus: Bus, tmp_path: Path):
    check_maker(bus)
    check_maker(Bus(tmp_path / "none/.loop"))


def test_a_bus_that_is_to_be_adopted_is_refused_with_what_shows_it_and_what_to_do(tmp_path: Path):
    bus = Bus(put_older_bus("ended", tmp_path))
    before = tree(bus.root)
    with pytest.raises(StartError) as refused:
        check_maker(bus)
    assert refused.value.message == f"{bus.root} was made by agent-task-runner: state.json is of its form"
    assert refused.value.hint.startswith("loop init ")
    assert tree(bus.root) == before


@pytest.mark.parametrize(
    "name", ["state.json", "summary.json", "archive/T-001/r0_charter.json", "archive/T-001/r0_charter.2.json"]
)
def test_a_newer_document_of_loops_own_is_refused_by_its_name(bus: Bus, name: str):
    path = bus.root / name
    document = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps({**document, "schema_version": 2}), encoding="utf-8")
    with pytest.raises(NewerError, match=f"{path.name} has schema_version 2, and this loop knows version 1"):
        check_not_newer_bus(bus)


def test_the_newer_bus_is_refused_before_it_could_be_called_an_older_tools(bus: Bus):
    (bus.root / "state.json").write_text(
        '{"schema_version": 2, "version": 1, "state": "done", "round": 1}', encoding="utf-8"
    )
    with pytest.raises(NewerError):
        check_maker(bus)


@pytest.mark.parametrize("place", ["../../outside", "T-404", "", None, 1])
@pytest.mark.parametrize("rest", ['"schema_version": 1', '"schema_version": 0, "x": NaN'])
def test_what_is_broken_is_left_to_those_who_read_it(bus: Bus, place: object, rest: str):
    (bus.root / "state.json").write_text(f'{{"place": {json.dumps(place)}, {rest}}}', encoding="utf-8")
    (bus.root / "summary.json").write_text("{", encoding="utf-8")
    check_maker(bus)
