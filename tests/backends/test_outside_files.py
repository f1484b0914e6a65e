"""Digests of files and folders that may be anything: bounded, without waiting, never raising."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from loop_kit.backends.outside_files import digests_at, read_regular


def _names(path: Path) -> dict[str, str]:
    return dict(digests_at(str(path)))


def test_a_folder_has_a_digest_for_each_entry_that_holds_anything(tmp_path):
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/c").write_text("1", encoding="utf-8")
    (tmp_path / "empty/too").mkdir(parents=True)
    (tmp_path / "d").write_text("", encoding="utf-8")
    assert list(_names(tmp_path)) == [f"{tmp_path}/a", f"{tmp_path}/d"]


def test_nothing_and_an_empty_folder_are_nothing(tmp_path):
    assert _names(tmp_path) == _names(tmp_path / "absent") == _names(tmp_path / "a/b") == {}
    assert read_regular(str(tmp_path / "absent"), limit=9) == ""


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_text("2", encoding="utf-8"),
        lambda path: path.chmod(0o755),
        lambda path: path.with_name("other").write_text("1", encoding="utf-8"),
        lambda path: path.unlink(),
    ],
)
def test_what_a_program_could_run_otherwise_is_a_difference(tmp_path, change: Callable[[Path], None]):
    path = tmp_path / "skills/one/run.sh"
    path.parent.mkdir(parents=True)
    path.write_text("1", encoding="utf-8")
    before = _names(tmp_path / "skills")
    assert before == _names(tmp_path / "skills")
    change(path)
    assert before != _names(tmp_path / "skills")


def test_a_file_that_was_written_again_as_it_was_is_no_difference(tmp_path):
    path = tmp_path / "file"
    path.write_text("1", encoding="utf-8")
    before = _names(tmp_path)
    path.unlink()
    path.write_text("1", encoding="utf-8")
    os.utime(path, (1, 1))
    assert before == _names(tmp_path)


def test_entries_that_are_left_out_are_not_looked_at(tmp_path):
    (tmp_path / ".system").mkdir()
    (tmp_path / ".system/x").write_text("1", encoding="utf-8")
    assert list(digests_at(str(tmp_path), (".system",))) == []


def test_a_link_counts_by_what_it_says_and_by_what_is_there(tmp_path):
    (tmp_path / "one").write_text("1", encoding="utf-8")
    (tmp_path / "same").write_text("1", encoding="utf-8")
    link = tmp_path / "folder/link"
    link.parent.mkdir()
    seen = []
    for target in (tmp_path / "one", tmp_path / "same", tmp_path / "absent"):
        link.symlink_to(target)
        seen.append(_names(link.parent)[str(link)])
        link.unlink()
    assert len(set(seen)) == 3
    link.symlink_to(tmp_path / "one")
    (tmp_path / "one").write_text("2", encoding="utf-8")
    assert _names(link.parent)[str(link)] != seen[0]


def test_links_that_lead_in_circles_end(tmp_path):
    for number in range(4):
        (tmp_path / f"d{number}").mkdir()
        for other in range(4):
            (tmp_path / f"d{number}/to{other}").symlink_to(tmp_path / f"d{other}")
    assert len(_names(tmp_path)) == 4


def test_nothing_waits_for_a_pipe_and_no_device_is_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    assert read_regular(str(tmp_path / "pipe"), limit=9) == "not a file (10000)"
    assert read_regular(str(tmp_path / "zero"), limit=9) == "not a file (20000)"
    assert len(_names(tmp_path)) == 2


def test_a_huge_file_is_not_read(tmp_path):
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(1 << 40)
    began = time.monotonic()
    assert read_regular(str(tmp_path / "huge"), limit=9) == "too large"
    assert len(_names(tmp_path)) == 1
    assert time.monotonic() - began < 60


def test_a_folder_with_very_many_names_has_few_digests(tmp_path):
    for number in range(6000):
        (tmp_path / str(number)).touch()
    found = _names(tmp_path)
    assert len(found) == 201
    assert f"{tmp_path}/…" in found


def test_a_name_of_any_bytes_is_a_name(tmp_path):
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\n")).write_text("1", encoding="utf-8")
    assert len(_names(tmp_path)) == 1
