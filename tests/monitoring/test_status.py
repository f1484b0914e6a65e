import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from loop_kit.bus import heartbeat
from loop_kit.bus.bus import Bus
from loop_kit.bus.lock import Lock
from loop_kit.errors import DocumentError, Outcome
from loop_kit.model.state import Phase, RunState
from loop_kit.monitoring.status import read_status
from loop_kit.processes.lineage import Owner
from tests.support import documents

EXAMPLE = Path(__file__).resolve().parent.parent.parent / ".loop.example"
NOW = "2025-01-31T08:00:00.000Z"


@pytest.fixture
def bus(tmp_path: Path) -> Bus:
    bus = Bus(tmp_path / ".loop")
    bus.ensure_layout()
    return bus


def put(bus: Bus, phase: Phase, outcome: Outcome | None = None, hint: str = "") -> RunState:
    state = replace(RunState.from_document(documents.state()), phase=phase, outcome=outcome, hint=hint)
    bus.put_state(state)
    return state


def test_an_empty_bus_says_what_to_write_first(bus: Bus):
    status = read_status(bus)
    assert (status.state, status.running_pid, status.working, status.events) == (None, None, None, ())
    assert status.next_step == f"write {bus.card_path}, then: loop run"


def test_with_a_card_the_next_step_is_to_run(bus: Bus):
    bus.card_path.write_text("{}", encoding="utf-8")
    assert read_status(bus).next_step == "loop run --auto-dispatch starts a run"


def test_an_unfinished_run_names_its_own_next_step(bus: Bus):
    state = put(bus, Phase.AWAITING_WORK, Outcome.STOPPED, "remove .loop/STOP, then: loop run --resume")
    status = read_status(bus)
    assert (status.state, status.next_step) == (state, "remove .loop/STOP, then: loop run --resume")


def test_a_run_that_was_killed_says_how_to_go_on(bus: Bus):
    put(bus, Phase.AWAITING_REVIEW)
    assert read_status(bus).next_step == "loop run --resume goes on from here"


def test_an_approved_run_names_the_change(bus: Bus):
    state = put(bus, Phase.DONE, Outcome.APPROVED)
    assert read_status(bus).next_step == f"look at the change: git diff {state.base_sha[:12]} {state.head_sha[:12]}"


def test_an_approval_that_a_person_must_look_at_says_so(bus: Bus):
    put(bus, Phase.DONE, Outcome.NEEDS_PERSON, "the approved commit is pinned")
    assert read_status(bus).next_step == "the approved commit is pinned"


def test_a_live_run_is_seen_by_the_lock_it_holds_and_gone_when_it_lets_go(bus: Bus):
    put(bus, Phase.AWAITING_WORK)
    with Lock.acquire(bus.lock_path, purpose="loop run", now=NOW):
        status = read_status(bus)
        assert status.running_pid == Owner.me().pid
        assert status.next_step.startswith("it is running; create ")
    assert read_status(bus).running_pid is None


@pytest.mark.parametrize("role", ["worker", "reviewer"])
def test_who_works_is_seen_by_the_beat_of_a_living_process(bus: Bus, role: str):
    put(bus, Phase.AWAITING_WORK)
    beat = heartbeat.Beat(role=role, owner=Owner.me(), dispatch_id="d-1", at=NOW)
    heartbeat.write(bus.heartbeat_path(role), beat)
    assert read_status(bus).working == role
    document = {**beat.to_document(), "pid_started": "another process had this pid"}
    bus.heartbeat_path(role).write_text(str(document), encoding="utf-8")
    assert read_status(bus).working is None


def test_the_last_events_come_oldest_first():
    status = read_status(Bus(EXAMPLE))
    seqs = [event.seq for event in status.events]
    assert len(seqs) == 5
    assert seqs == sorted(seqs)


def test_it_can_be_written_as_a_document_that_says_the_same():
    status = read_status(Bus(EXAMPLE))
    document = status.to_document()
    assert document["state"]["place"] == "T-001"
    assert [event["seq"] for event in document["events"]] == [event.seq for event in status.events]


def test_a_state_that_cannot_be_read_is_an_error_that_names_it(bus: Bus):
    bus.state_path.write_text("{", encoding="utf-8")
    with pytest.raises(DocumentError, match=r"state\.json"):
        read_status(bus)


def test_looking_writes_nothing(tmp_path: Path):
    copy = tmp_path / "bus"
    shutil.copytree(EXAMPLE, copy)
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*")}
    read_status(Bus(copy))
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*")} == before
