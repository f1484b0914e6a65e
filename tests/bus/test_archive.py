import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from loop_kit.bus.archive import Archive
from loop_kit.bus.bus import Bus
from loop_kit.errors import DocumentError, NewerError
from loop_kit.model.documents import read, write
from loop_kit.model.manifest import Manifest, digest
from tests.bus.children import listed
from tests.support import documents


@pytest.fixture
def bus(tmp_path):
    made = Bus(tmp_path / ".loop")
    made.ensure_layout()
    return made


@pytest.fixture
def archive(bus):
    return Archive(bus.archive_root / "T-001")


def names(archive: Archive) -> list[str]:
    return listed(archive.folder)


def test_a_document_is_kept_under_its_round_and_name(archive):
    path = archive.put(2, "work_report", b'{"round": 2}\n')
    assert path == archive.folder / "r2_work_report.json"
    assert path.read_bytes() == b'{"round": 2}\n'
    assert archive.read(2, "work_report") == {"round": 2}
    assert archive.read(1, "work_report") is None


def test_the_same_bytes_are_kept_once_and_other_bytes_never_overwrite(archive):
    assert [archive.put(1, "x", data).name for data in (b"1", b"2", b"1", b"3", b"2")] == [
        "r1_x.json",
        "r1_x.2.json",
        "r1_x.json",
        "r1_x.3.json",
        "r1_x.2.json",
    ]
    assert names(archive) == ["r1_x.2.json", "r1_x.3.json", "r1_x.json"]


def test_a_file_that_is_moved_in_is_one_file_at_every_moment(archive, tmp_path):
    def moved(data: bytes) -> str:
        path = tmp_path / "file"
        path.write_bytes(data)
        os.utime(path, (1, 1))
        kept: Path = archive.move_in(1, "x", path)
        assert not path.exists()
        assert (kept.read_bytes(), kept.stat().st_mtime) == (data, 1)
        return kept.name

    assert [moved(data) for data in (b"1", b"2", b"1", b"3")] == [
        "r1_x.json",
        "r1_x.2.json",
        "r1_x.json",
        "r1_x.3.json",
    ]
    assert names(archive) == ["r1_x.2.json", "r1_x.3.json", "r1_x.json"]


@pytest.mark.parametrize("name", ["manifest", "state", "summary"])
def test_what_a_newer_loop_kept_is_refused_by_its_name(archive, name):
    archive.put_document(1, name, {"schema_version": 3})
    with pytest.raises(
        NewerError, match=rf"^T-001/r1_{name}\.json has schema_version 3, and this loop knows version 2$"
    ):
        archive.read(1, name)


def test_a_manifest_that_a_newer_loop_kept_is_no_missing_one(archive):
    archive.put_document(0, "manifest", {"schema_version": 3})
    with pytest.raises(NewerError):
        archive.read_manifest("digest")


def older_manifest(**fields: Any) -> dict[str, Any]:
    """Return a manifest as a loop of version 1 wrote it."""
    document = documents.manifest() | fields
    return {("place" if name == "run_name" else name): value for name, value in document.items()} | {
        "schema_version": 1
    }


def test_a_manifest_that_an_older_loop_kept_is_found_by_the_digest_of_its_own_bytes(archive):
    first, second = older_manifest(branch="one"), older_manifest(branch="two")
    archive.put_document(0, "charter", first)
    archive.put_document(0, "charter", second)
    assert [archive.read_manifest(digest(each)).branch for each in (first, second)] == ["one", "two"]
    assert archive.read_manifest().branch == "two"
    assert archive.read(0, "manifest")["run_name"] == first["place"]
    with pytest.raises(DocumentError, match="is not in"):
        archive.read_manifest(digest(documents.manifest()))


def test_what_a_resume_adds_to_an_older_manifest_is_the_last_take(archive):
    archive.put_document(0, "charter", older_manifest(branch="one"))
    archive.put_document(0, "manifest", documents.manifest() | {"branch": "two"})
    assert archive.read_manifest().branch == "two"
    assert archive.read_manifest(digest(older_manifest(branch="one"))).branch == "one"
    assert [path.name for path in archive.takes(0, "manifest")] == ["r0_charter.json", "r0_manifest.json"]


def test_the_last_take_is_the_one_that_counted(archive):
    for number in range(1, 12):
        archive.put_document(1, "x", {"take": number})
    assert archive.read(1, "x") == {"take": 11}


def test_other_things_than_json_are_kept_too(archive):
    assert archive.put(1, "review_diff", b"diff", ".patch").name == "r1_review_diff.patch"
    assert archive.put(1, "review_diff", b"other", ".patch").name == "r1_review_diff.2.patch"


def test_a_folder_or_link_in_the_way_is_stepped_over(archive):
    archive.folder.mkdir()
    (archive.folder / "r1_x.json").mkdir()
    (archive.folder / "r1_x.2.json").symlink_to("nowhere")
    assert archive.put(1, "x", b"{}").name == "r1_x.3.json"


def test_what_was_kept_is_listed_by_round_name_and_take(archive):
    assert archive.documents() == []
    for round_number, name in ((10, "a"), (2, "b"), (2, "a"), (0, "manifest")):
        archive.put(round_number, name, b"1")
    archive.put(2, "a", b"2")
    (archive.folder / "notes of a person.txt").write_bytes(b"")
    (archive.folder / ".r1_x.json.1.0123456789abcdef.tmp").write_bytes(b"")
    listed = [(filed.round, filed.name, filed.take) for filed in archive.documents()]
    assert listed == [(0, "manifest", 1), (2, "a", 1), (2, "a", 2), (2, "b", 1), (10, "a", 1)]


def refused(archive: Archive, name: str) -> Any:
    return json.loads((archive.folder / name).read_text())


def test_a_refused_document_is_kept_whole_with_the_reason(archive, tmp_path):
    path = tmp_path / "report.json"
    path.write_text('{"decision": "maybe"}')
    kept = archive.refuse(1, "review_report", path, "an unknown word")
    assert kept == archive.folder / "r1_review_report.refused-1.json"
    assert refused(archive, kept.name) == {"reason": "an unknown word", "document": {"decision": "maybe"}}
    assert path.exists()


def test_refusing_the_same_again_changes_nothing_and_another_is_the_next(archive, tmp_path):
    path = tmp_path / "report.json"
    for text in ("{}", "{}", "[]", "{}"):
        path.write_text(text)
        archive.refuse(1, "x", path, "why")
    assert names(archive) == ["r1_x.refused-1.json", "r1_x.refused-2.json"]


def test_a_refused_document_is_never_read_as_one(archive, tmp_path):
    (tmp_path / "x").write_text('{"decision": "approve"}')
    archive.refuse(1, "review_report", tmp_path / "x", "why")
    assert archive.read(1, "review_report") is None
    assert archive.documents() == []
    assert [filed.refused for filed in archive.files()] == [True]


def test_refused_text_and_bytes_are_kept_readable(archive, tmp_path):
    path = tmp_path / "report.json"
    path.write_bytes("I approve é \xff".encode("latin-1"))
    archive.refuse(1, "x", path, "not JSON")
    assert refused(archive, "r1_x.refused-1.json") == {"reason": "not JSON", "text": "I approve \\xe9 \\xff"}


def test_a_refused_flood_is_kept_up_to_a_bound(archive, tmp_path):
    path = tmp_path / "report.json"
    path.write_bytes(b"x" * (9 << 20))
    archive.refuse(1, "x", path, "too large")
    text = refused(archive, "r1_x.refused-1.json")["text"]
    assert text == "x" * (1 << 20) + "…"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: Path(path).symlink_to("nowhere")])
def test_something_that_is_no_file_is_refused_without_content(archive, tmp_path, make):
    make(tmp_path / "report.json")
    archive.refuse(1, "x", tmp_path / "report.json", "it is no file")
    assert refused(archive, "r1_x.refused-1.json") == {"reason": "it is no file", "text": ""}


def test_where_nothing_is_there_is_nothing_to_refuse(archive, tmp_path):
    assert archive.refuse(1, "x", tmp_path / "absent", "why") is None
    assert not archive.folder.exists()


def test_a_round_is_archived_as_it_is_given_and_any_number_of_times(archive):
    for _ in range(2):
        archive.put_round(1, {"work_report": b"{}", "review_report": b"[]"})
    assert names(archive) == ["r1_review_report.json", "r1_work_report.json"]
    assert (archive.folder / "r1_work_report.json").read_bytes() == b"{}"


def test_a_take_is_found_by_its_digest_among_others(archive):
    for data in (b"{}", b"[]", b"7"):
        archive.put(1, "fix_list", data)
    assert archive.find(1, "fix_list", hashlib.sha256(b"[]").hexdigest()) == b"[]"
    assert archive.find(1, "fix_list", hashlib.sha256(b"8").hexdigest()) is None


def test_the_card_belongs_to_round_zero_whatever_round_it_claims(bus, archive):
    bus.card_path.write_text(json.dumps({**documents.card(), "round": 5}))
    archive.put_from_bus(bus, "task_card")
    assert names(archive) == ["r0_task_card.json"]


def test_a_document_is_kept_from_the_bus_under_the_round_it_names(bus, archive):
    bus.write("work_report", {"round": 3})
    bus.write("summary", {"rounds": 4})
    bus.write("checks", {"round": "?"})
    kept = [archive.put_from_bus(bus, kind) for kind in ("work_report", "summary", "checks", "fix_list")]
    assert [path and path.name for path in kept] == ["r3_work_report.json", "r4_summary.json", "r0_checks.json", None]


def test_the_manifest_reads_back_and_each_of_its_takes_can_be_asked_for(archive):
    first = read(Manifest, documents.manifest())
    document = documents.manifest()
    document["settings"] = {"run": {"max_rounds": 9}}
    second = read(Manifest, document)
    for manifest in (first, second):
        archive.put_document(0, "manifest", write(manifest))
    assert archive.read_manifest() == second
    assert archive.read_manifest(first.digests()["manifest"]) == first
    assert archive.read_manifest(second.digests()["manifest"]) == second


def test_a_manifest_in_the_words_of_an_older_loop_is_known_by_its_own_digest(archive):
    written = documents.manifest()
    assert write(read(Manifest, written)) != written  # this loop says more: every setting
    archive.put_document(0, "manifest", written)
    assert archive.read_manifest(digest(written)) == read(Manifest, written)


def test_a_manifest_that_is_not_the_one_asked_for_is_refused(archive):
    with pytest.raises(DocumentError, match=r"the manifest of T-001 is not in .*/archive/T-001") as caught:
        archive.read_manifest()
    assert "--reset" in caught.value.hint
    archive.put_document(0, "manifest", documents.manifest())
    with pytest.raises(DocumentError, match="the manifest of T-001 is not in"):
        archive.read_manifest("0" * 64)


def test_a_manifest_that_was_written_over_is_refused(archive):
    archive.put(0, "manifest", b"{")
    with pytest.raises(DocumentError, match=r"r0_manifest.json is not sound JSON"):
        archive.read_manifest()
