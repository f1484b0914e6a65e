"""Closed, full and abandoned streams are never a crash."""

import subprocess
from pathlib import Path

import pytest

from tests.support.commands import LOOP, Done, loop
from tests.support.repos import make_repo


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    repo = make_repo(tmp_path / "repo")
    (repo / ".loop").mkdir()
    return repo


def shell(redirection: str, *args: str, cwd: Path) -> Done:
    return loop(*args, cwd=cwd, program=("bash", "-c", f'exec "$@" {redirection}', "bash", *LOOP))


@pytest.mark.parametrize("redirection", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    ("args", "code"), [("status", 0), ("--help", 0), ("status --loop-dir none", 3), ("validate f", 3)]
)
def test_a_closed_stream_changes_nothing_else(repo: Path, redirection: str, args: str, code: int):
    usual, done = loop(*args.split(), cwd=repo), shell(redirection, *args.split(), cwd=repo)
    assert done.code == code
    assert done.out in (usual.out, "")
    assert done.err in (usual.err, "")


def test_what_loop_writes_never_lands_in_a_file_that_took_the_number_of_a_closed_stream(repo: Path):
    (repo / ".loop/task_card.json").write_text('{"task_id": "T-1"}', encoding="utf-8")
    before = {path: path.read_bytes() for path in repo.rglob("*") if path.is_file()}
    assert shell("<&- >&- 2>&-", "run", cwd=repo).code == 3
    assert {path: content for path, content in before.items() if path.read_bytes() != content} == {}
    assert [path for path in repo.rglob("*") if path.is_file() and b"loop: " in path.read_bytes()] == []


@pytest.mark.parametrize(
    ("redirection", "code", "said"),
    [
        (">/dev/full", 3, "loop: what the output goes to is full\n  make room there\n"),
        ("2>/dev/full", 0, ""),
        (">/dev/full 2>/dev/full", 3, ""),
    ],
)
def test_a_full_disk_behind_a_stream_is_said_where_it_can_be(repo: Path, redirection: str, code: int, said: str):
    done = shell(redirection, "status", cwd=repo)
    assert (done.code, done.err) == (code, said)


@pytest.mark.parametrize("args", ["status", "status --json", "validate f.json", "--version", "--help"])
def test_a_reader_that_went_away_is_no_error_to_shout_about(repo: Path, args: str):
    script = '"$@" | true; exit "${PIPESTATUS[0]}"'
    for _ in range(3):  # the reader may be faster or slower than loop
        done = loop(*args.split(), cwd=repo, program=("bash", "-c", script, "bash", *LOOP))
        assert done.err == ""
        assert done.code in (0, 3, 143)  # 143 only from click's own texts; what loop did is not undone by a closed pipe


def test_a_run_whose_lines_nobody_reads_goes_on_to_its_end(tmp_path: Path):
    script = '"$@" 2>&1 | true; exit "${PIPESTATUS[0]}"'
    argv = ["bash", "-c", script, "bash", *LOOP, "demo"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, check=False, env=None, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
