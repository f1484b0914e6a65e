import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from loop_kit.bus.bus import Bus
from loop_kit.errors import DocumentError, LoopError
from tests.bus.children import listed, run

REPORT = {"task_id": "T-001", "round": 1}
OTHER = {"task_id": "T-001", "round": 2}


@pytest.fixture
def bus(tmp_path):
    made = Bus(tmp_path / ".loop")
    made.ensure_layout()
    return made


def hand_in(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document))


def test_an_outbox_is_empty_and_private(bus):
    outbox = bus.open_outbox("d-1", "work_report")
    assert outbox == bus.runtime / "d-1"
    assert listed(outbox) == []
    assert stat.S_IMODE(outbox.stat().st_mode) == 0o700


def test_what_lies_in_the_outbox_is_the_answer(bus):
    outbox = bus.open_outbox("d-1", "work_report")
    assert bus.collect("d-1", "work_report") is None
    hand_in(outbox / "report.json", REPORT)
    hand_in(bus.path("work_report"), OTHER)
    assert bus.collect("d-1", "work_report") == REPORT


def test_a_file_at_the_classic_path_counts_when_it_was_written_during_the_dispatch(bus):
    bus.open_outbox("d-1", "work_report")
    hand_in(bus.path("work_report"), REPORT)
    assert bus.collect("d-1", "work_report") == REPORT


def test_a_file_that_lay_at_the_classic_path_before_is_no_answer(bus):
    hand_in(bus.path("work_report"), REPORT)
    bus.open_outbox("d-1", "work_report")
    assert bus.collect("d-1", "work_report") is None
    hand_in(bus.path("work_report"), {**OTHER, "notes": "written anew"})
    assert bus.collect("d-1", "work_report") == {**OTHER, "notes": "written anew"}


def test_the_same_bytes_written_again_during_the_dispatch_are_an_answer(bus):
    hand_in(bus.path("work_report"), REPORT)
    os.utime(bus.path("work_report"), ns=(1, 1))
    bus.open_outbox("d-1", "work_report")
    hand_in(bus.path("work_report"), REPORT)
    assert bus.collect("d-1", "work_report") == REPORT


def test_an_old_file_renamed_to_the_classic_path_during_the_dispatch_is_an_answer(bus):
    hand_in(bus.path("work_report"), REPORT)
    hand_in(bus.root / "prepared.json", OTHER)
    for path in (bus.path("work_report"), bus.root / "prepared.json"):
        os.utime(path, ns=(1, 1))
    bus.open_outbox("d-1", "work_report")
    (bus.root / "prepared.json").rename(bus.path("work_report"))
    assert bus.collect("d-1", "work_report") == OTHER


def test_another_process_tells_the_answer_as_well(bus):
    hand_in(bus.path("work_report"), REPORT)
    bus.open_outbox("d-1", "work_report")
    bus.open_outbox("d-2", "review_report")
    hand_in(bus.path("review_report"), OTHER)
    script = """
import sys
from pathlib import Path
from loop_kit.bus.bus import Bus
bus = Bus(Path(sys.argv[1]))
print(bus.collect("d-1", "work_report"), bus.collect("d-2", "review_report"))
"""
    assert run(script, bus.root) == f"None {OTHER}"


@pytest.mark.parametrize("note", [None, b"{", b"[]", b"{}"])
def test_without_a_note_of_what_lay_there_before_the_classic_path_proves_nothing(bus, note):
    bus.open_outbox("d-1", "work_report")
    hand_in(bus.path("work_report"), REPORT)
    path = bus.runtime / "d-1.before.json"
    path.unlink()
    if note is not None:
        path.write_bytes(note)
    assert bus.collect("d-1", "work_report") is None


def test_an_answer_that_cannot_be_read_is_refused_by_name(bus):
    outbox = bus.open_outbox("d-1", "work_report")
    name = r"^\.loop/runtime/d-1/report\.json"
    (outbox / "report.json").write_bytes(b"{")
    with pytest.raises(DocumentError, match=f"{name} is not sound JSON"):
        bus.collect("d-1", "work_report")
    (outbox / "report.json").write_bytes(b"null")
    with pytest.raises(DocumentError, match=f"{name} is not a JSON object"):
        bus.collect("d-1", "work_report")
    (outbox / "report.json").unlink()
    os.mkfifo(outbox / "report.json")
    with pytest.raises(DocumentError, match=f"{name} is a FIFO"):
        bus.collect("d-1", "work_report")
    (outbox / "report.json").unlink()
    (outbox / "report.json").symlink_to("/dev/zero")
    with pytest.raises(DocumentError, match=f"{name} is a symbolic link"):
        bus.collect("d-1", "work_report")


def test_an_outbox_is_cleared_with_everything_in_it_and_clearing_again_is_fine(bus, tmp_path):
    outbox = bus.open_outbox("d-1", "work_report")
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_bytes(b"")
    (outbox / "link").symlink_to(tmp_path / "precious")
    (outbox / "a").mkdir()
    (outbox / "a" / "b").write_bytes(b"")
    bus.clear_outbox("d-1")
    bus.clear_outbox("d-1")
    assert listed(bus.runtime) == []
    assert (tmp_path / "precious" / "file").exists()


def test_an_outbox_that_became_a_link_is_removed_and_what_it_points_to_stays(bus, tmp_path):
    outbox = bus.open_outbox("d-1", "work_report")
    (tmp_path / "precious").mkdir()
    outbox.rmdir()
    outbox.symlink_to(tmp_path / "precious")
    bus.clear_outbox("d-1")
    assert not outbox.is_symlink()
    assert (tmp_path / "precious").is_dir()


def test_folders_that_were_made_read_only_are_cleared_too(tmp_path):
    tmp_path.chmod(0o777)
    script = """
import os, sys
from pathlib import Path
import shutil  # whoever it is later may not read the standard library
from loop_kit.bus import delivery
os.chdir(sys.argv[1])
if os.geteuid() == 0: os.setuid(65534)
inner = Path("outbox/cache/deep")
inner.mkdir(parents=True)
(inner / "file").write_bytes(b"")
for folder in (inner, inner.parent, inner.parent.parent): folder.chmod(0o500)
delivery.clear(Path("outbox"))
print(os.path.lexists("outbox"))
"""
    assert run(script, tmp_path) == "False"


def test_opening_an_outbox_again_starts_from_nothing(bus):
    hand_in(bus.open_outbox("d-1", "work_report") / "report.json", REPORT)
    assert bus.collect("d-1", "work_report") == REPORT
    bus.open_outbox("d-1", "work_report")
    assert bus.collect("d-1", "work_report") is None


def test_an_outbox_that_cannot_be_made_is_said_by_name(bus):
    bus.runtime.rmdir()
    bus.runtime.write_bytes(b"")
    with pytest.raises(LoopError, match=r"runtime cannot be made"):
        bus.open_outbox("d-1", "work_report")
