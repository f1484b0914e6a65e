import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from loop_kit.bus import heartbeat
from loop_kit.bus.archive import Archive
from loop_kit.bus.bus import Bus
from loop_kit.bus.feed import Feed
from loop_kit.bus.lock import Lock
from loop_kit.errors import DocumentError, Outcome
from loop_kit.model.documents import read, write
from loop_kit.model.events import DispatchEnded, DispatchStarted
from loop_kit.model.state import Phase, RunState
from loop_kit.processes.lineage import Owner
from loop_kit.values import asdict
from loop_kit.views.run_status import read_status
from tests.support import documents
from tests.support.happenings import sample

EXAMPLE = Path(__file__).resolve().parent.parent.parent / ".loop.example"
THEN = "2025-01-31T08:05:00.000Z"
NOW = datetime(2025, 1, 31, 8, 8, tzinfo=UTC)


@pytest.fixture
def bus(tmp_path: Path) -> Bus:
    bus = Bus(tmp_path / ".loop")
    bus.ensure_layout()
    return bus


def put(bus: Bus, phase: Phase, outcome: Outcome | None = None, hint: str = "") -> RunState:
    state = replace(read(RunState, documents.state()), phase=phase, outcome=outcome, hint=hint)
    bus.put_state(state)
    return state


def test_an_empty_bus_says_what_to_write_first(bus: Bus):
    status = read_status(bus, NOW)
    assert (status.state, status.age, status.running_pid, status.working, status.events) == (None, None, None, None, ())
    assert status.next_step == f"write {bus.card_path}, then: loop run"


def test_with_a_card_the_next_step_is_to_run(bus: Bus):
    bus.card_path.write_text("{}", encoding="utf-8")
    assert read_status(bus, NOW).next_step == "start a run: loop run --auto-dispatch"


def test_an_unfinished_run_names_its_own_next_step(bus: Bus):
    state = put(bus, Phase.AWAITING_WORK, Outcome.STOPPED, "remove .loop/STOP, then: loop run --resume")
    status = read_status(bus, NOW)
    assert (status.state, status.next_step) == (state, "remove .loop/STOP, then: loop run --resume")


def test_a_run_that_was_killed_says_how_to_go_on(bus: Bus):
    put(bus, Phase.AWAITING_REVIEW)
    assert read_status(bus, NOW).next_step == "loop run --resume goes on from here"


def test_an_approved_run_names_the_change(bus: Bus):
    put(bus, Phase.DONE, Outcome.APPROVED)
    assert read_status(bus, NOW).next_step == "look at the change: loop diff; then: loop accept"


def test_an_approval_that_a_person_must_look_at_says_so(bus: Bus):
    put(bus, Phase.DONE, Outcome.NEEDS_PERSON, "the approved commit is pinned")
    assert read_status(bus, NOW).next_step == "the approved commit is pinned"


def test_a_live_run_is_seen_by_the_lock_it_holds_and_gone_when_it_lets_go(bus: Bus):
    put(bus, Phase.AWAITING_WORK)
    with Lock.acquire(bus.lock_path, purpose="loop run", now=THEN):
        status = read_status(bus, NOW)
        assert status.running_pid == Owner.me().pid
        assert status.next_step.startswith("running; create ")
    assert read_status(bus, NOW).running_pid is None


@pytest.fixture
def running(bus: Bus) -> Iterator[Feed]:
    """Hold the lock as a PM would, and return the feed of its run."""
    put(bus, Phase.AWAITING_WORK)
    with Lock.acquire(bus.lock_path, purpose="loop run", now=THEN):
        yield Feed(bus.feed_path)


def start(feed: Feed, role: str, dispatch: str = "d-1", run_id: str = "run-1") -> None:
    started = sample(DispatchStarted, role=role, backend="codex", dispatch=dispatch)
    feed.append(started, run_id=run_id, now=THEN)


@pytest.mark.parametrize("role", ["worker", "reviewer"])
def test_the_dispatch_that_is_open_says_who_works_and_for_how_long(bus: Bus, running: Feed, role: str):
    start(running, role)
    working = read_status(bus, NOW).working
    assert working is not None
    assert (working.role, working.backend, working.dispatch_id) == (role, "codex", "d-1")
    assert working.seconds == 180.0
    assert (working.pid, working.supervisor) == (None, None), "no program carries that outbox, and no process beats"


def test_the_process_that_beats_for_the_dispatch_supervises_it(bus: Bus, running: Feed):
    start(running, "worker")
    beat = heartbeat.Beat(role="worker", **asdict(Owner.me()), dispatch_id="d-1", at=THEN)
    heartbeat.write(bus.heartbeat_path("worker"), beat)
    working = read_status(bus, NOW).working
    assert working is not None
    assert working.supervisor == Owner.me().pid
    heartbeat.write(bus.heartbeat_path("worker"), replace(beat, dispatch_id="d-0"))
    working = read_status(bus, NOW).working
    assert working is not None
    assert working.supervisor is None, "that beat is of another dispatch"


def test_a_dispatch_that_ended_or_belongs_to_another_run_is_nobody_s_work(bus: Bus, running: Feed):
    start(running, "worker", run_id="run-0")
    assert read_status(bus, NOW).working is None
    start(running, "worker")
    running.append(sample(DispatchEnded, dispatch="d-1"), run_id="run-1", now=THEN)
    assert read_status(bus, NOW).working is None


def test_without_a_living_run_nobody_works(bus: Bus):
    put(bus, Phase.AWAITING_WORK)
    start(Feed(bus.feed_path), "worker")
    assert read_status(bus, NOW).working is None


def test_a_person_who_is_waited_for_is_told_how_to_answer(bus: Bus, running: Feed):
    manifest = {**documents.manifest(), "people": ["worker"]}
    Archive(bus.archive_root / "T-001@2").put_document(0, "manifest", manifest)
    status = read_status(bus, NOW)
    assert (status.person, "loop submit" in status.next_step) == ("worker", True)
    put(bus, Phase.AWAITING_REVIEW)
    assert read_status(bus, NOW).person is None


def test_it_says_what_the_run_is_about(bus: Bus):
    put(bus, Phase.AWAITING_WORK)
    bus.write("task_card", documents.card())
    assert read_status(bus, NOW).goal == documents.card()["goal"]


def test_a_feed_that_is_no_file_hides_nothing_else(bus: Bus):
    put(bus, Phase.AWAITING_WORK)
    bus.feed_path.symlink_to(bus.state_path)
    assert read_status(bus, NOW).events == ()


def test_the_age_of_a_state_is_counted_from_its_last_change(bus: Bus):
    put(bus, Phase.AWAITING_WORK)  # last changed at 08:05
    assert read_status(bus, NOW).age == 180.0


def test_the_last_events_come_oldest_first():
    status = read_status(Bus(EXAMPLE), NOW)
    seqs = [event.seq for event in status.events]
    assert len(seqs) == 5
    assert seqs == sorted(seqs)


def test_it_can_be_written_as_a_document_that_says_the_same():
    status = read_status(Bus(EXAMPLE), NOW)
    document = write(status)
    assert document["state"]["run_name"] == "T-001"
    assert [event["seq"] for event in document["events"]] == [event.seq for event in status.events]


def test_a_state_that_cannot_be_read_is_an_error_that_names_it(bus: Bus):
    bus.state_path.write_text("{", encoding="utf-8")
    with pytest.raises(DocumentError, match=r"state\.json"):
        read_status(bus, NOW)


def test_looking_writes_nothing(tmp_path: Path):
    copy = tmp_path / "bus"
    shutil.copytree(EXAMPLE, copy)
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*")}
    read_status(Bus(copy), NOW)
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*")} == before
