import shutil
from pathlib import Path

import pytest

from loop_kit.bus.archive import Archive
from loop_kit.bus.bus import Bus
from loop_kit.errors import StartError
from loop_kit.model.documents import read
from loop_kit.model.state import RunState
from loop_kit.views.story import prompts, read_story
from tests.support import documents

EXAMPLE = Path(__file__).resolve().parent.parent.parent / ".loop.example"


@pytest.fixture
def bus(tmp_path: Path) -> Bus:
    shutil.copytree(EXAMPLE, tmp_path / ".loop")
    return Bus(tmp_path / ".loop")


def test_a_round_tells_what_was_asked_done_found_and_decided(bus: Bus):
    first, second = read_story(bus, "T-001", bus.read_state())
    assert first.card is not None
    assert (first.card.goal[:14], first.fix_list) == ("Long durations", None)
    assert first.review is not None
    assert (first.review.approved, first.judged_by) == (False, "reviewer")
    assert (second.card, len(second.fix_list.fixes if second.fix_list else ())) == (None, 1)
    assert second.work is not None
    assert (second.verified and second.verified.commits, [check.verdict for check in second.checks]) == (2, ["pass"])
    assert second.review is not None
    assert second.review.approved
    assert first.unreadable == second.unreadable == ()


def test_the_round_that_is_open_is_told_from_the_bus(bus: Bus):
    for name in ("review_report", "work_report"):
        (bus.archive_root / f"T-001/r2_{name}.json").unlink()
    (bus.root / "review_report.json").unlink()
    second = read_story(bus, "T-001", bus.read_state())[1]
    assert second.work is not None
    assert second.review is None
    assert read_story(bus, "T-001", None)[1].work is None


def test_a_document_of_another_round_on_the_bus_is_not_of_this_one(bus: Bus):
    shutil.copy(bus.archive_root / "T-001/r1_work_report.json", bus.root / "work_report.json")
    (bus.archive_root / "T-001/r2_work_report.json").unlink()
    assert read_story(bus, "T-001", bus.read_state())[1].work is None


def test_a_refused_document_is_told_with_its_reason(bus: Bus):
    bus.write("work_report", {"round": 1})
    Archive(bus.archive_root / "T-001").refuse(1, "work_report", bus.path("work_report"), "it names no commit")
    assert read_story(bus, "T-001", None)[0].refused == {"r1_work_report.refused-1.json": "it names no commit"}


@pytest.mark.parametrize("spoiled", [b"", b"{", b'{"task_id": "T-001"}'])
def test_what_cannot_be_read_is_said_and_hides_nothing_else(bus: Bus, spoiled: bytes):
    (bus.archive_root / "T-001/r1_work_report.json").write_bytes(spoiled)
    first = read_story(bus, "T-001", None)[0]
    assert first.work is None
    assert first.review is not None
    assert len(first.unreadable) == 1
    assert "r1_work_report.json" in first.unreadable[0]


def test_without_a_feed_the_documents_tell_what_they_can(bus: Bus):
    bus.feed_path.unlink()
    second = read_story(bus, "T-001", None)[1]
    assert (second.verified, second.judged_by) == (None, "")
    assert second.review is not None


def test_a_run_without_a_round_is_one_sentence(bus: Bus):
    with pytest.raises(StartError, match="T-9 has no round yet"):
        read_story(bus, "T-9", None)


def test_the_first_round_stands_as_soon_as_the_state_does(bus: Bus):
    state = read(RunState, documents.state() | {"run_name": "T-9", "round": 1})
    (told,) = read_story(bus, "T-9", state)
    assert (told.round, told.work, told.review) == (1, None, None)


def test_prompts_come_in_the_order_in_which_agents_were_asked(bus: Bus):
    folder = bus.logs / "T-001"
    folder.mkdir()
    for name in ("r1_worker_1", "r2_worker_10", "r1_reviewer_2", "r2_worker_9"):
        (folder / f"{name}.prompt.txt").write_text(f"You are {name}.", encoding="utf-8")
    for name in ("r1_cook_3.prompt.txt", "rx_worker_1.prompt.txt", "r1_worker_1.out.log"):
        (folder / name).write_text("no prompt", encoding="utf-8")
    assert [prompt.text for prompt in prompts(bus, "T-001")] == [
        f"You are {name}." for name in ("r1_worker_1", "r1_reviewer_2", "r2_worker_9", "r2_worker_10")
    ]
