import json

import pytest

from loop_kit.bus.bus import Bus
from loop_kit.bus.layout import LIMITS
from loop_kit.errors import DocumentError, LoopError, NewerError
from loop_kit.model.documents import read
from loop_kit.model.state import RunState
from tests.bus.children import listed, run
from tests.support import documents


@pytest.fixture
def bus(tmp_path):
    made = Bus(tmp_path / ".loop")
    made.ensure_layout()
    return made


def test_the_layout_is_made_once_and_what_is_there_stays(tmp_path):
    bus = Bus(tmp_path / "deep" / ".loop")
    bus.ensure_layout()
    assert (bus.root / ".gitignore").read_bytes() == b"*\n"
    assert listed(bus.root) == [".gitignore", "archive", "logs", "runtime"]
    (bus.root / ".gitignore").write_bytes(b"the person's own\n")
    bus.ensure_layout()
    assert (bus.root / ".gitignore").read_bytes() == b"the person's own\n"


def test_a_file_in_the_place_of_the_bus_is_said_by_name(tmp_path):
    (tmp_path / ".loop").write_bytes(b"")
    with pytest.raises(LoopError, match=r"\.loop cannot be made: File exists"):
        Bus(tmp_path / ".loop").ensure_layout()


def test_a_document_is_read_as_it_was_written_with_fields_that_loop_does_not_know(bus):
    document = {"task_id": "T-001", "round": 1, "ticket": ["a field of", "the worker's own"]}
    bus.write("work_report", document)
    assert bus.read("work_report") == document
    assert bus.read_raw("work_report") == bus.path("work_report").read_bytes()


def test_what_is_absent_is_none(bus):
    assert bus.read("work_report") is None
    assert bus.read_raw("work_report") is None
    assert bus.read_state() is None
    assert bus.round_of("work_report") is None
    assert bus.read_template("worker_prompt.txt") is None


@pytest.mark.parametrize("data", [b"null", b"[]", b'"approve"', b"1"])
def test_what_is_no_object_is_no_document(bus, data):
    bus.path("review_report").write_bytes(data)
    with pytest.raises(DocumentError, match=r"^\.loop/review_report\.json is not a JSON object$"):
        bus.read("review_report")


def test_a_document_over_its_limit_is_neither_read_nor_written(bus):
    with pytest.raises(DocumentError, match=r"\.loop/work_report\.json would be larger than 4 MiB"):
        bus.write("work_report", {"notes": "x" * LIMITS["work_report"]})
    assert bus.read("work_report") is None
    bus.path("work_report").write_bytes(b" " * (LIMITS["work_report"] + 1))
    with pytest.raises(DocumentError, match=r"\.loop/work_report\.json is larger than 4 MiB"):
        bus.read("work_report")


def test_a_report_may_be_no_link_and_the_persons_card_may(bus, tmp_path):
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_text(json.dumps(documents.card()))
    bus.card_path.symlink_to(elsewhere)
    bus.path("work_report").symlink_to(elsewhere)
    assert bus.read("task_card") == documents.card()
    with pytest.raises(DocumentError, match=r"\.loop/work_report\.json is a symbolic link"):
        bus.read("work_report")


def test_a_folder_in_the_place_of_a_report_is_moved_aside_with_what_is_in_it(bus):
    path = bus.path("work_report")
    path.mkdir()
    (path / "work").write_bytes(b"somebody's")
    bus.remove("work_report")
    path.mkdir()
    bus.write("work_report", {"round": 1})
    assert bus.read("work_report") == {"round": 1}
    assert (bus.unfiled / "work_report-1" / "work").read_bytes() == b"somebody's"
    assert (bus.unfiled / "work_report-2").is_dir()


def test_a_document_is_removed_and_removing_it_again_is_fine(bus):
    bus.write("fix_list", {"round": 2})
    bus.remove("fix_list")
    bus.remove("fix_list")
    assert bus.read("fix_list") is None


def test_the_persons_card_cannot_be_removed(bus):
    bus.card_path.write_text("{}")
    with pytest.raises(ValueError, match="belongs to the person"):
        bus.remove("task_card")
    assert bus.card_path.exists()


@pytest.mark.parametrize(
    ("document", "expected"),
    [({"round": 3}, 3), ({}, None), ({"round": "3"}, None), ({"round": True}, None), ({"round": -1}, None)],
)
def test_the_round_of_a_document_is_the_one_it_names(bus, document, expected):
    bus.write("work_report", document)
    assert bus.round_of("work_report") == expected


def test_an_unreadable_document_names_no_round(bus):
    bus.path("work_report").write_bytes(b"{")
    assert bus.round_of("work_report") is None


def test_the_state_reads_back_as_it_was_put(bus):
    state = read(RunState, documents.state())
    bus.put_state(state)
    assert bus.read_state() == state


@pytest.mark.parametrize("data", [b"{", b"[]", b'{"schema_version": 0}'])
def test_a_state_that_cannot_be_read_says_how_to_start_anew(bus, data):
    bus.state_path.write_bytes(data)
    with pytest.raises(DocumentError, match=r"^\.loop/state\.json ") as caught:
        bus.read_state()
    assert "loop run --reset" in caught.value.hint


@pytest.mark.parametrize("kind", ["state", "summary"])
def test_a_document_that_a_newer_loop_wrote_is_refused_with_both_versions(bus, kind):
    bus.path(kind).write_bytes(b'{"schema_version": 99}')
    with pytest.raises(NewerError) as caught:
        bus.read(kind)
    assert caught.value.message == f".loop/{kind}.json has schema_version 99, and this loop knows version 2"


def test_a_card_may_have_a_version_of_the_persons_own(bus):
    bus.write("task_card", {"schema_version": 99})
    assert bus.read("task_card") == {"schema_version": 99}


def test_reading_the_state_does_not_load_what_only_judging_documents_needs(bus):
    bus.put_state(read(RunState, documents.state()))
    script = """
import sys
from pathlib import Path
from loop_kit.bus.bus import Bus
from loop_kit.bus.feed import Feed
bus = Bus(Path(sys.argv[1]))
print(bus.read_state().round, Feed(bus.feed_path).tail(1), "jsonschema" in sys.modules)
"""
    assert run(script, bus.root) == "2 [] False"


def test_a_card_may_lie_anywhere_and_a_missing_one_is_said_by_name(bus, tmp_path):
    (tmp_path / "mine.json").write_text(json.dumps(documents.card()))
    assert bus.read_card(tmp_path / "mine.json") == documents.card()
    with pytest.raises(DocumentError, match=r"^there is no task card at .*/\.loop/task_card\.json$") as caught:
        bus.read_card()
    assert "loop init" in caught.value.hint


def test_a_template_is_the_persons_bytes(bus):
    bus.templates.mkdir()
    (bus.templates / "worker_prompt.txt").write_bytes(b"\xff {task_id}")
    assert bus.read_template("worker_prompt.txt") == b"\xff {task_id}"
    (bus.templates / "reviewer_prompt.txt").mkdir()
    with pytest.raises(DocumentError, match=r"\.loop/templates/reviewer_prompt\.txt is a folder"):
        bus.read_template("reviewer_prompt.txt")


def test_context_is_read_by_name_and_only_from_markdown(bus):
    assert bus.context_texts(limit=10) == []
    bus.context.mkdir()
    for name, text in (("b.md", "second"), ("a.md", "first"), ("c.txt", "not this")):
        (bus.context / name).write_text(text)
    assert bus.context_texts(limit=10) == [(bus.context / "a.md", "first"), (bus.context / "b.md", "second")]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [(b"x" * 11, "is larger than 10 bytes"), (b"\xff", "is not UTF-8 text"), (None, "is a link to nothing")],
)
def test_a_bad_context_file_is_said_by_name(bus, data, sentence):
    bus.context.mkdir()
    if data is None:
        (bus.context / "a.md").symlink_to("absent")
    else:
        (bus.context / "a.md").write_bytes(data)
    with pytest.raises(DocumentError, match=rf"^\.loop/context/a\.md {sentence}"):
        bus.context_texts(limit=10)


def test_a_stop_is_asked_for_by_whatever_lies_there(bus):
    assert not bus.stop_requested()
    bus.stop_path.symlink_to("nowhere")
    assert bus.stop_requested()
    bus.stop_path.unlink()
    bus.stop_path.mkdir()
    assert bus.stop_requested()


@pytest.mark.parametrize(
    "where", ["state.json", "summary.json", "archive/T-1/r2_summary.json", "archive/T-1@3/r1_summary.2.json"]
)
def test_a_task_is_approved_when_any_of_its_runs_was(bus, where):
    path = bus.root / where
    path.parent.mkdir(exist_ok=True)
    told = {"schema_version": 2, "task_id": "T-1"}
    path.write_text(json.dumps({**told, "outcome": "round_limit"}))
    assert not bus.is_approved("T-1")
    path.write_text(json.dumps({**told, "outcome": "approved"}))
    assert bus.is_approved("T-1")
    assert not bus.is_approved("T-2")
    path.write_text(json.dumps({"task_id": "T-1", "outcome": "approved", "rounds": 1}))
    assert not bus.is_approved("T-1"), "that is not loop's own word"
    path.write_text(json.dumps({**told, "schema_version": 3}))
    with pytest.raises(NewerError, match=f"{path.name} has schema_version 3"):
        bus.is_approved("T-1")


def test_a_summary_that_cannot_be_read_approves_nothing(bus):
    bus.path("summary").write_text('{"task_id": "T-1", "outcome": "approved"')
    assert not bus.is_approved("T-1")


def test_leftovers_are_removed_wherever_documents_are_written(bus):
    (bus.archive_root / "T-1").mkdir()
    left = [
        folder / ".x.json.999999999.0123456789abcdef.tmp"
        for folder in (bus.root, bus.runtime, bus.archive_root / "T-1")
    ]
    for path in left:
        path.write_bytes(b"half")
    assert sorted(bus.remove_leftovers()) == sorted(left)
    assert bus.remove_leftovers() == []
