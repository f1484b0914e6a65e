import json
import os
from hashlib import sha256

import pytest

from loop_kit.bus.bus import Bus
from loop_kit.bus.emptying import empty_bus
from loop_kit.bus.layout import LIMITS
from tests.bus.children import listed, running
from tests.support import documents


@pytest.fixture
def bus(tmp_path):
    made = Bus(tmp_path / ".loop")
    made.ensure_layout()
    made.card_path.write_text(json.dumps(documents.card()))
    return made


def archived(bus: Bus) -> list[str]:
    return sorted(str(path.relative_to(bus.archive_root)) for path in bus.archive_root.rglob("*") if path.is_file())


def test_an_earlier_run_goes_to_its_own_place_and_the_card_stays(bus):
    bus.write("state", documents.state())  # T-001@2, round 2
    bus.write("fix_list", {"task_id": "T-001", "round": 2})
    bus.write("work_report", {"task_id": "T-001", "round": 1})
    bus.write("summary", {"task_id": "T-001", "run_name": "T-001@2", "rounds": 2})
    bus.diff_path.write_bytes(b"diff")
    empty_bus(bus)
    assert archived(bus) == [
        "T-001@2/r1_work_report.json",
        "T-001@2/r2_fix_list.json",
        "T-001@2/r2_state.json",
        "T-001@2/r2_summary.json",
    ]
    assert listed(bus.root) == [".gitignore", "archive", "logs", "runtime", "task_card.json"]


def test_what_an_older_loop_wrote_goes_to_its_run_too(bus):
    older = {("place" if name == "run_name" else name): value for name, value in documents.state().items()}
    bus.write("state", {**older, "schema_version": 1})
    bus.write("summary", {"schema_version": 1, "task_id": "T-001", "place": "T-001@3", "rounds": 2})
    bus.write("work_report", {"task_id": "T-001", "round": 1})
    before = bus.state_path.read_bytes()
    empty_bus(bus)
    assert archived(bus) == ["T-001@2/r1_work_report.json", "T-001@2/r2_state.json", "T-001@3/r2_summary.json"]
    assert (bus.archive_root / "T-001@2/r2_state.json").read_bytes() == before


def test_a_document_of_another_task_goes_to_that_task(bus):
    bus.write("state", documents.state())
    bus.write("work_report", {"task_id": "OTHER", "round": 4})
    empty_bus(bus)
    assert "OTHER/r4_work_report.json" in archived(bus)


def test_an_empty_bus_stays_as_it_is(bus):
    assert empty_bus(bus) == []
    assert archived(bus) == []


def test_nothing_in_the_archive_is_overwritten(bus):
    for notes in ("first", "second", "first"):
        bus.write("work_report", {"task_id": "T-001", "round": 1, "notes": notes})
        empty_bus(bus)
    assert archived(bus) == ["T-001/r1_work_report.2.json", "T-001/r1_work_report.json"]


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"[]",
        b"null",
        b"{}",
        b'{"task_id": "T-001"}',
        b'{"task_id": "T-001", "round": "1"}',
        b'{"task_id": "T-001", "round": true}',
        b'{"task_id": "T-001", "round": -1}',
        b'{"task_id": "T-001", "round": 99999999999999999999}',
        b'{"task_id": "../../escape", "round": 1}',
        b'{"task_id": "_unfiled", "round": 1}',
        b'{"task_id": ["T-001"], "round": 1}',
        b'{"task_id": "T-001", "run_name": "../escape", "round": 1}',
        b'{"task_id": "T-001", "run_name": "OTHER", "round": 1}',
        b'{"task_id": "T-001", "run_name": ["T-001"], "round": 1}',
    ],
)
def test_a_document_that_names_no_place_is_kept_by_its_digest(bus, data):
    bus.path("work_report").write_bytes(data)
    empty_bus(bus)
    name = f"_unfiled/work_report.{sha256(data).hexdigest()[:16]}.json"
    assert archived(bus) == [name]
    assert (bus.archive_root / name).read_bytes() == data
    assert not bus.path("work_report").exists()


def test_the_same_unfiled_bytes_are_kept_once(bus):
    for _ in range(2):
        bus.path("checks").write_bytes(b"{")
        empty_bus(bus)
    assert len(archived(bus)) == 1


def test_what_cannot_be_read_at_all_is_moved_as_it_is(bus):
    bus.path("work_report").write_bytes(b" " * (LIMITS["work_report"] + 1))
    bus.path("review_report").mkdir()
    (bus.path("review_report") / "inside").write_bytes(b"work")
    bus.path("checks").symlink_to("/dev/zero")
    os.mkfifo(bus.path("fix_list"))
    empty_bus(bus)
    assert listed(bus.unfiled) == ["checks-1", "fix_list-1", "review_report-1", "work_report-1"]
    assert (bus.unfiled / "work_report-1").stat().st_size == LIMITS["work_report"] + 1
    assert (bus.unfiled / "review_report-1" / "inside").read_bytes() == b"work"


@pytest.mark.parametrize(
    "state", [b"{", b"[]", b'{"task_id": 1, "run_name": 2, "round": 1}', b'{"task_id": [], "round": 1}']
)
def test_a_broken_state_is_kept_and_the_rest_finds_its_place_without_it(bus, state):
    bus.state_path.write_bytes(state)
    bus.write("work_report", {"task_id": "T-001", "round": 1})
    empty_bus(bus)
    kept = archived(bus)
    assert "T-001/r1_work_report.json" in kept
    assert len(kept) == 2
    assert not bus.state_path.exists()


def test_a_state_that_has_no_place_yet_goes_to_its_task(bus):
    bus.write("state", {**documents.state(), "run_name": ""})
    empty_bus(bus)
    assert archived(bus) == ["T-001/r2_state.json"]


def test_a_report_nobody_took_in_is_kept_and_the_runtime_is_empty_after(bus):
    bus.write("state", documents.state())
    outbox = bus.open_outbox("T-001@2-r2-worker-2", "work_report")
    (outbox / "report.json").write_text(json.dumps({"task_id": "T-001", "round": 2}))
    bus.open_outbox("T-001@2-r2-reviewer-3", "review_report")
    bus.heartbeat_path("worker").write_text("{}")
    empty_bus(bus)
    assert archived(bus) == ["T-001@2/r2_report.json", "T-001@2/r2_state.json"]
    assert listed(bus.runtime) == []


def test_emptying_that_is_killed_at_any_moment_loses_nothing_when_done_again(bus):
    script = """
import sys
from pathlib import Path
from loop_kit.bus.bus import Bus
from loop_kit.bus.emptying import empty_bus
print("ready", flush=True)
empty_bus(Bus(Path(sys.argv[1])))
"""
    for delay in range(4):
        bus.write("state", {**documents.state(), "hint": str(delay)})
        for kind in ("fix_list", "work_report", "checks", "review_request", "review_report"):
            bus.write(kind, {"task_id": "T-001", "round": 2, "try": delay})
        with running(script, bus.root) as emptying:
            assert emptying.stdout is not None
            emptying.stdout.readline()
            for _ in range(delay * 5000):  # a different moment each time; any of them will do
                pass
            emptying.kill()
            emptying.wait()
        empty_bus(bus)
        kept = [json.loads(path.read_text()) for path in (bus.archive_root / "T-001@2").glob("r2_*.json")]
        assert len([document for document in kept if document.get("try") == delay]) == 5
        assert len([document for document in kept if document.get("hint") == str(delay)]) == 1
