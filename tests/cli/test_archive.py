import json
import shutil
from pathlib import Path

import pytest

from loop_kit.bus.archive import Archive
from loop_kit.bus.bus import Bus
from loop_kit.bus.lock import Lock
from loop_kit.model.figures import kilobytes
from tests.support.commands import LOOP, loop
from tests.support.terminals import Terminal

EXAMPLE = Path(__file__).resolve().parent.parent.parent / ".loop.example"


@pytest.fixture
def bus(tmp_path: Path) -> Bus:
    shutil.copytree(EXAMPLE, tmp_path / ".loop")
    return Bus(tmp_path / ".loop")


@pytest.fixture
def cwd(bus: Bus) -> Path:
    return bus.root.parent


def kept(bus: Bus, name: str) -> bytes:
    return (bus.archive_root / "T-001" / name).read_bytes()


def held_by_a_run(bus: Bus) -> Lock:
    return Lock.acquire(bus.lock_path, purpose="loop run", now="2025-03-03T10:00:00.000Z")


# list


@pytest.mark.parametrize("args", [("list",), (), ("list", "T-001")])
def test_every_document_is_listed_with_its_size(bus: Bus, cwd: Path, args: tuple[str, ...]):
    done = loop("archive", *args, cwd=cwd)
    assert (done.code, done.err) == (0, "")
    listed = {line.split()[-1]: " ".join(line.split()[-3:-1]) for line in done.out.splitlines()}
    files = (bus.archive_root / "T-001").iterdir()
    assert listed == {f"T-001/{path.name}": kilobytes(path.stat().st_size) for path in files}


def test_json_names_run_round_name_take_and_time(bus: Bus, cwd: Path):
    Archive(bus.archive_root / "T-002").put(3, "work_report", b"{}")
    Archive(bus.archive_root / "T-002").put(3, "work_report", b"[]")
    entries = json.loads(loop("archive", "list", "--json", cwd=cwd).out)
    assert len(entries) == 14
    last = entries[-1]
    assert (last["run_name"], last["round"], last["name"], last["take"]) == ("T-002", 3, "work_report", 2)
    assert (last["file"], last["bytes"], last["refused"]) == ("r3_work_report.2.json", 2, False)


def test_an_empty_archive_is_said(tmp_path: Path):
    (tmp_path / ".loop").mkdir()
    done = loop("archive", "list", cwd=tmp_path)
    assert (done.code, done.out, done.err) == (0, "", "nothing is archived yet\n")


# show


@pytest.mark.parametrize(
    "name", ["r1_work_report", "r1_work_report.json", "T-001/r1_work_report", "T-001/r1_work_report.json"]
)
def test_a_document_is_shown_byte_for_byte(bus: Bus, cwd: Path, name: str):
    odd = b'{"notes": "caf\xc3\xa9"}  \r\n\n'
    (bus.archive_root / "T-001/r1_work_report.json").write_bytes(odd)
    done = loop("archive", "show", name, cwd=cwd)
    assert (done.code, done.raw_out, done.err) == (0, odd, "")


def test_the_last_take_is_the_one_that_counted(bus: Bus, cwd: Path):
    Archive(bus.archive_root / "T-001").put(1, "work_report", b'{"take": 2}')
    assert loop("archive", "show", "r1_work_report", cwd=cwd).out == '{"take": 2}'
    first = loop("archive", "show", "r1_work_report.json", cwd=cwd).raw_out
    assert first == kept(bus, "r1_work_report.json")


@pytest.mark.parametrize(
    "name", ["r9_work_report", "nothing", "T-9/r1_work_report", "../r1_work_report", "/etc/passwd", "T-001/../../state"]
)
def test_what_is_not_archived_is_one_sentence(cwd: Path, name: str):
    done = loop("archive", "show", name, cwd=cwd)
    assert (done.code, done.out) == (3, "")
    assert len(done.err.splitlines()) == 2


def test_a_terminal_is_shown_control_characters_and_not_told_them(bus: Bus, cwd: Path):
    (bus.archive_root / "T-001/r1_work_report.json").write_bytes(b"\x1b[2J\n")
    with Terminal([*LOOP, "archive", "show", "r1_work_report"], cwd=cwd) as terminal:
        assert terminal.wait() == 0
    assert terminal.text == "\\x1b[2J\n"


# restore


def test_a_document_comes_back_to_the_bus_byte_for_byte(bus: Bus, cwd: Path):
    bus.path("review_report").unlink()
    done = loop("archive", "restore", "r1_review_report", cwd=cwd)
    assert (done.code, done.err) == (0, "")
    assert bus.path("review_report").read_bytes() == kept(bus, "r1_review_report.json")
    assert not bus.unfiled.exists()


def test_what_differs_is_overwritten_only_when_told_and_a_copy_is_kept(bus: Bus, cwd: Path):
    before = bus.path("review_report").read_bytes()
    done = loop("archive", "restore", "r1_review_report", cwd=cwd)
    assert (done.code, "--yes overwrites it" in done.err) == (2, True)
    assert bus.path("review_report").read_bytes() == before
    done = loop("archive", "restore", "r1_review_report", "--yes", cwd=cwd)
    assert done.code == 0
    assert bus.path("review_report").read_bytes() == kept(bus, "r1_review_report.json")
    (copy,) = bus.unfiled.iterdir()
    assert copy.read_bytes() == before
    assert f"kept as {copy}" in done.out


def test_what_is_the_same_already_needs_no_question(bus: Bus, cwd: Path):
    assert loop("archive", "restore", "r2_review_report", cwd=cwd).code == 0
    assert not bus.unfiled.exists()


@pytest.mark.parametrize(("answer", "code", "restored"), [("y", 0, True), ("n", 130, False)])
def test_on_a_terminal_it_asks(bus: Bus, cwd: Path, answer: str, code: int, restored: bool):
    with Terminal([*LOOP, "archive", "restore", "r1_review_report"], cwd=cwd) as terminal:
        terminal.wait_for("exists and differs. Overwrite it?")
        terminal.type(f"{answer}\n")
        assert terminal.wait() == code
    assert (bus.path("review_report").read_bytes() == kept(bus, "r1_review_report.json")) is restored


@pytest.mark.parametrize("target", ["", ".loop/review_report.json", ".loop/state.json", "link/review_report.json"])
def test_the_bus_of_a_run_is_not_touched(bus: Bus, cwd: Path, target: str):
    (cwd / "link").symlink_to(bus.root)
    before = {path: path.read_bytes() for path in bus.root.glob("*.json")}
    with held_by_a_run(bus):
        to = ("--to", target) if target else ()
        done = loop("archive", "restore", "r1_review_report", "--yes", *to, cwd=cwd)
    assert (done.code, "holds" in done.err) == (5, True)
    assert {path: path.read_bytes() for path in bus.root.glob("*.json")} == before


def test_the_card_is_the_persons_and_may_come_back_during_a_run(bus: Bus, cwd: Path):
    bus.card_path.write_bytes(b"spoiled")
    with held_by_a_run(bus):
        assert loop("archive", "restore", "r0_task_card", "--yes", cwd=cwd).code == 0
    assert bus.card_path.read_bytes() == kept(bus, "r0_task_card.json")
    assert [path.read_bytes() for path in bus.unfiled.iterdir()] == [b"spoiled"]


def test_a_path_of_ones_own_takes_any_document_also_during_a_run(bus: Bus, cwd: Path):
    bus.write("work_report", {"round": 1})
    Archive(bus.archive_root / "T-001").refuse(1, "work_report", bus.path("work_report"), "no")
    for name in ("r0_manifest", "r1_work_report.refused-1.json"):
        assert loop("archive", "restore", name, cwd=cwd).code == 2
        with held_by_a_run(bus):
            assert loop("archive", "restore", name, "--to", f"{name}.copy", cwd=cwd).code == 0
        assert (cwd / f"{name}.copy").read_bytes() == kept(bus, f"{name.removesuffix('.json')}.json")


@pytest.mark.parametrize(("target", "code"), [("none/file", 3), (".", 2), ("folder", 2)])
def test_a_place_that_cannot_take_it_is_one_sentence(cwd: Path, target: str, code: int):
    (cwd / "folder").mkdir()
    done = loop("archive", "restore", "r1_review_report", "--yes", "--to", target, cwd=cwd)
    assert (done.code, len(done.err.splitlines())) == (code, 2)


def test_a_file_that_differs_at_a_path_of_ones_own_is_asked_about_too(cwd: Path):
    (cwd / "mine").write_bytes(b"mine")
    assert loop("archive", "restore", "r1_review_report", "--to", "mine", cwd=cwd).code == 2
    assert (cwd / "mine").read_bytes() == b"mine"
