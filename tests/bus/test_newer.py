import json
import shutil
from pathlib import Path

import pytest

from loop_kit.bus.bus import Bus
from loop_kit.bus.newer import check_not_newer_bus
from loop_kit.errors import NewerError

EXAMPLE = Path(__file__).resolve().parents[2] / ".loop.example"


@pytest.fixture
def bus(tmp_path: Path) -> Bus:
    shutil.copytree(EXAMPLE, tmp_path / ".loop")
    return Bus(tmp_path / ".loop")


@pytest.mark.parametrize(
    "name",
    [
        "state.json",
        "summary.json",
        "archive/T-001/r0_manifest.json",
        "archive/T-001/r0_manifest.2.json",
        "archive/T-001/r0_charter.json",
    ],
)
def test_a_newer_document_of_loops_own_is_refused_by_its_name(bus: Bus, name: str):
    path = bus.root / name
    document = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps({**document, "schema_version": 3}), encoding="utf-8")
    with pytest.raises(NewerError, match=f"{path.name} has schema_version 3, and this loop knows version 2"):
        check_not_newer_bus(bus)


@pytest.mark.parametrize("place", ["../../outside", "T-404", "", None, 1])
@pytest.mark.parametrize("rest", ['"schema_version": 1', '"schema_version": 0, "x": NaN'])
def test_what_is_broken_is_left_to_those_who_read_it(bus: Bus, place: object, rest: str):
    (bus.root / "state.json").write_text(f'{{"run_name": {json.dumps(place)}, {rest}}}', encoding="utf-8")
    (bus.root / "summary.json").write_text("{", encoding="utf-8")
    check_not_newer_bus(bus)
