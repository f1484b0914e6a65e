import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from loop_kit.bus.archive import Archive
from loop_kit.bus.bus import Bus
from loop_kit.model.documents import read
from loop_kit.model.events import Decided, DispatchEnded, DispatchStarted, Event, OtherEvent, RunEnded, RunResumed
from loop_kit.model.feed_event import FeedEvent
from loop_kit.model.state import Phase, RunState
from loop_kit.views import at_work
from tests.support import documents
from tests.support.happenings import fed, sample
from tests.support.runs import wait_until

STATE = read(RunState, documents.state())


@pytest.fixture
def bus(tmp_path: Path) -> Bus:
    bus = Bus(tmp_path / ".loop")
    bus.ensure_layout()
    return bus


def started(dispatch: str, role: str = "worker", run_id: str = "run-1") -> FeedEvent:
    return fed(sample(DispatchStarted, role=role, backend="codex", dispatch=dispatch), run_id)


def test_the_open_dispatch_is_the_last_one_that_has_not_ended():
    events = [started("d-1"), fed(sample(DispatchEnded, dispatch="d-1")), started("d-2", "reviewer")]
    found = at_work.open_dispatch(events, "run-1")
    assert found is not None
    assert (found.role, found.dispatch_id) == ("reviewer", "d-2")


@pytest.mark.parametrize("last", [DispatchEnded, Decided, RunResumed, RunEnded])
def test_nothing_is_open_after_an_event_that_closes(last: type[Event]):
    assert at_work.open_dispatch([started("d-1"), fed(sample(last))], "run-1") is None
    assert at_work.open_dispatch([started("d-1"), fed(sample(last), "another")], "run-1") is not None


def test_an_event_of_another_version_opens_nothing():
    assert at_work.open_dispatch([fed(OtherEvent("dispatch_started", {"role": "worker"}))], "run-1") is None


@contextmanager
def program(env: dict[str, str]) -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env=env)
    try:
        yield process.pid
    finally:
        process.communicate()


def test_a_program_is_known_by_the_outbox_it_was_given(bus: Bus):
    report = str(bus.outbox("d-1") / "report.json")
    with program({"PATH": ""}), program({"LOOP_REPORT": report}) as pid:
        assert wait_until(lambda: at_work.find_program("d-1", bus, os.getpid()), "the program") == pid
        assert at_work.find_program("d-2", bus, os.getpid()) is None
        assert at_work.find_program("d-2", bus, os.getpid(), or_any=True) is not None
    assert at_work.find_program("d-1", bus, os.getpid()) is None


def test_a_reviewer_who_is_told_no_outbox_is_known_by_its_part(bus: Bus):
    with (
        program({"LOOP_ROLE": "worker", "LOOP_ROUND": "2"}),
        program({"LOOP_ROLE": "reviewer", "LOOP_ROUND": "2"}) as pid,
    ):
        assert wait_until(lambda: at_work.find_program("T-1@2-r2-reviewer-4", bus, os.getpid()), "the program") == pid
        assert at_work.find_program("T-1@2-r1-reviewer-2", bus, os.getpid()) is None


@pytest.mark.parametrize(
    ("more", "people"),
    [
        ({"people": ["reviewer"]}, ("reviewer",)),
        ({"people": []}, ()),
        ({"settings": {"run": {"auto_dispatch": False}}}, ("worker", "reviewer")),
        ({"settings": {"run": {"auto_dispatch": True}}}, ()),
    ],
)
def test_the_manifest_says_which_roles_people_have(bus: Bus, more: dict[str, Any], people: tuple[str, ...]):
    manifest = {key: value for key, value in documents.manifest().items() if key not in ("people", "settings")}
    Archive(bus.archive_root / STATE.run_name).put_document(0, "manifest", {**manifest, **more})
    assert at_work.people_of(bus, STATE) == people


def test_a_manifest_that_cannot_be_read_names_nobody(bus: Bus):
    assert at_work.people_of(bus, STATE) == ()
    Archive(bus.archive_root / STATE.run_name).put(0, "manifest", b"{")
    assert at_work.people_of(bus, STATE) == ()


def test_a_person_is_waited_for_in_the_role_whose_document_is_missing(bus: Bus):
    manifest = {**documents.manifest(), "people": ["worker"]}
    Archive(bus.archive_root / STATE.run_name).put_document(0, "manifest", manifest)
    assert at_work.awaited_person(bus, STATE) == "worker"
    for phase in (Phase.AWAITING_REVIEW, Phase.DONE, Phase.IDLE):
        assert at_work.awaited_person(bus, STATE.at(phase, now="")) is None
