import os
import subprocess
import sys
from pathlib import Path

import pytest

from loop_kit.checks.junit import LIMIT, count_xml, find_junit
from loop_kit.model.evidence import Counts

SUITE = b'<testsuites><testsuite tests="6" failures="1" errors="1" skipped="2"><testcase name="a"/></testsuite></testsuites>'
BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><testsuite tests="1">&b;</testsuite>'


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        (("pytest", "--junitxml=out.xml"), "out.xml"),
        (("pytest", "--junit-xml", "deep/out.xml", "tests"), "deep/out.xml"),
        (("gotestsum", "--junitfile=/tmp/out.xml"), "/tmp/out.xml"),
        (("sh", "-c", "pytest --junitxml='my out.xml' && true"), "my out.xml"),
        (("sh", "-c", "pytest --junitxml=out.xml 'open"), "out.xml"),
    ],
)
def test_the_file_is_the_one_that_the_command_names(tmp_path: Path, argv, name):
    found = find_junit(argv, tmp_path)
    assert found is not None
    assert found.path == tmp_path / name


@pytest.mark.parametrize("argv", [(), ("pytest",), ("pytest", "--junitxml"), ("pytest", "--junitxml=\0")])
def test_a_command_that_names_no_file_writes_none(tmp_path: Path, argv):
    assert find_junit(argv, tmp_path) is None


def test_the_outermost_suites_are_summed_up():
    assert count_xml(SUITE) == Counts(run=4, failed=2, skipped=2)
    latin = '<?xml version="1.0" encoding="iso-8859-1"?><testsuite name="\xe9" tests="1"/>'
    assert count_xml(latin.encode("latin-1")) == Counts(run=1, failed=0, skipped=0)
    nested = b'<testsuites><testsuite tests="3" skipped="1"><testsuite tests="3"/></testsuite><testsuite tests="2"/></testsuites>'
    assert count_xml(nested) == Counts(run=4, failed=0, skipped=1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no xml",
        b"<html/>",
        b'<testsuite tests="1">',
        b'<testsuite tests="many"/>',
        BOMB,
        BOMB.decode().encode("utf-16"),
        b'<?xml version="1.0" encoding="cp037"?>' + BOMB.decode().encode("cp037"),
        b"\xff\xfe\x00",
        b'<?xml version="1.0" encoding="no-such"?><testsuite tests="1"/>',
    ],
)
def test_what_is_not_plain_junit_says_nothing(data):
    assert count_xml(data) is None


def test_a_document_nested_deeply_does_no_harm():
    assert count_xml(b"<testsuite tests='1'>" + b"<a>" * 200_000 + b"</a>" * 200_000 + b"</testsuite>") is not None


def test_what_lay_there_before_is_told_from_what_was_written(tmp_path: Path):
    path = tmp_path / "out.xml"
    path.write_bytes(SUITE)
    found = find_junit(("pytest", "--junitxml=out.xml"), tmp_path)
    assert found is not None
    assert found.counts() is None
    path.write_bytes(SUITE)
    assert found.counts() == Counts(run=4, failed=2, skipped=2)


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_regular_file_is_not_opened(tmp_path: Path, make):
    found = find_junit(("pytest", "--junitxml=out.xml"), tmp_path)
    assert found is not None
    assert found.counts() is None
    make(tmp_path / "out.xml")
    assert found.counts() is None


def test_a_file_beyond_measure_is_not_read(tmp_path: Path):
    found = find_junit(("pytest", "--junitxml=out.xml"), tmp_path)
    assert found is not None
    with (tmp_path / "out.xml").open("wb") as file:
        file.write(b'<testsuite tests="1"/>')
        file.truncate(LIMIT + 1)
    assert found.counts() is None


def test_what_pytest_writes_is_read(tmp_path: Path):
    (tmp_path / "test_a.py").write_text("def test_a(): pass\ndef test_b(): assert 0\n", encoding="utf-8")
    argv = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), "--junitxml=out.xml")
    found = find_junit(argv, tmp_path)
    subprocess.run(argv, cwd=tmp_path, capture_output=True, check=False)
    assert found is not None
    assert found.counts() == Counts(run=2, failed=1, skipped=0)
