"""Nothing of an older tool's bus is lost, whatever lies there and wherever the adoption is cut off."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from loop_kit.adopt import traces
from loop_kit.adopt.adoption import adopt, check_not_in_use, last_state
from loop_kit.bus.bus import Bus
from loop_kit.errors import LockedError
from tests.adopt.older import BUSES, put_older_bus
from tests.bus.children import running, said
from tests.support.crashes import EVERY_POINT
from tests.support.repos import tree

ROOT = Path(__file__).resolve().parents[2]
CONFIG = b"# the new config\n"
MADE = {".gitignore", "config.toml"}
REPORT = {"task_id": "T-1", "round": 1, "head_sha": "a1" * 20}


def adopted(name: str, folder: Path) -> Bus:
    bus = Bus(put_older_bus(name, folder))
    adopt(bus, CONFIG)
    return bus


def contents(files: dict[str, bytes]) -> Counter[bytes]:
    return Counter(data for name, data in files.items() if not name.endswith(("/", "lock")))


def put(bus: Bus, name: str, document: object) -> Path:
    path = bus.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", BUSES)
def test_every_byte_is_still_there_and_the_bus_is_loops(tmp_path: Path, name: str):
    before = tree(put_older_bus(name, tmp_path / "before"))
    bus = adopted(name, tmp_path)
    after = tree(bus.root)
    assert contents(before).keys() - contents(after).keys() == set()
    assert list(traces.facts(bus)) == []
    stays = {path for path in after if not path.startswith("archive/")} - {"lock", "logs/", "runtime/"}
    kept_by_person = {"task_card.json"} if name != "idle" else set()
    changed = {"context/pitfalls.md"} if name == "approved" else set()  # it wrote there what a review had found
    assert stays - {"templates/", "context/", "examples/"} == MADE | kept_by_person | changed
    assert all(after[path] == before[path] for path in kept_by_person | changed)


def test_documents_are_filed_under_the_task_and_the_round_that_they_name(tmp_path: Path):
    bus = adopted("approved", tmp_path)
    assert sorted(path.name for path in bus.archive_root.iterdir()) == ["T-1@0", "T-2@0", "_before"]
    for place, names in {
        "T-1@0": ["r1_review_report", "r1_review_request", "r1_work_report", "r2_fix_list", "r2_review_report"],
        "T-2@0": ["r0_task_card", "r1_review_report", "r1_review_request", "r1_work_report"],
    }.items():
        found = {
            path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (bus.archive_root / place).iterdir()
        }
        assert set(found) >= set(names)
        for stem, document in found.items():
            assert document["task_id"] == place.removesuffix("@0")
            assert stem == "r0_task_card" or stem.startswith(f"r{document['round']}_")


def test_all_else_keeps_its_path_below_the_folder_for_it(tmp_path: Path):
    before = tree(put_older_bus("approved", tmp_path / "before"))
    kept = tree(adopted("approved", tmp_path).before)
    assert len(kept) > 20
    assert kept == {name: before[name] for name in kept}
    assert {
        "state.json",
        "summary.json",
        "logs/feed.jsonl",
        "archive/T-1/summary.json",
        "handoff/T-1/worker_r1.json",
    } <= set(kept)


def test_an_older_approval_is_not_believed(tmp_path: Path):
    before, bus = Bus(put_older_bus("approved", tmp_path / "before")), adopted("approved", tmp_path)
    assert json.loads((before.root / "summary.json").read_text(encoding="utf-8"))["outcome"] == "approved"
    for each in (before, bus):
        assert not each.is_approved("T-1")
        assert not each.is_approved("T-2")


def test_adopting_twice_changes_nothing(tmp_path: Path):
    bus = adopted("approved", tmp_path)
    before = tree(bus.root)
    assert adopt(bus, b"another config\n").kept == ()
    assert tree(bus.root) == before


def test_a_second_bus_of_the_older_tool_is_kept_beside_the_first(tmp_path: Path):
    bus = adopted("awaiting_work", tmp_path)
    first = tree(bus.before)
    again = tree(put_older_bus("approved", tmp_path / "again"))
    for name, data in again.items():
        (bus.root / name).parent.mkdir(parents=True, exist_ok=True)
        (bus.root / name).write_bytes(data)
    adopt(bus, CONFIG)
    after = tree(bus.root)
    assert contents(again).keys() - contents(after).keys() == set()
    assert first.items() <= tree(bus.before).items()
    assert last_state(bus)["task_id"] == "T-2"
    assert json.loads((bus.before / "state.json").read_text(encoding="utf-8"))["task_id"] == "T-1"


def test_of_two_documents_of_one_round_the_newer_one_counts(tmp_path: Path):
    bus = Bus(put_older_bus("awaiting_work", tmp_path))
    for age, name in ((3, "archive/T-1/r7_work_report.json"), (2, "archive/T-9/r1_work_report.json")):
        path = put(bus, name, {**REPORT, "notes": str(age)})
        os.utime(path, (1000 - age, 1000 - age))
    put(bus, "work_report.json", {**REPORT, "notes": "on the bus"})
    os.utime(bus.path("work_report"), (1, 1))
    adopt(bus, CONFIG)
    takes = [bus.archive_root / f"T-1@0/r1_work_report{take}.json" for take in ("", ".2", ".3", ".4")]
    assert [json.loads(take.read_text(encoding="utf-8"))["notes"] for take in takes] == [
        "3",
        "2",
        "Added line 1.",
        "on the bus",
    ]


@pytest.mark.parametrize(
    "document",
    ["{", "[]", {**REPORT, "task_id": "../up"}, {**REPORT, "task_id": 1}, {**REPORT, "round": "1"}, {"task_id": "T-1"}],
)
@pytest.mark.parametrize("name", ["work_report.json", "archive/Fix bug #1/r1_work_report.json"])
def test_what_names_no_place_of_the_archive_is_kept_as_it_is(tmp_path: Path, name: str, document: object):
    bus = Bus(put_older_bus("awaiting_work", tmp_path))
    data = put(bus, name, document).read_bytes()
    adopt(bus, CONFIG)
    assert (bus.before / name).read_bytes() == data


def test_what_is_no_file_moves_too(tmp_path: Path):
    bus = Bus(put_older_bus("awaiting_work", tmp_path))
    (bus.root / "work_report.json").symlink_to("gone")
    (bus.root / "archive/T-1/deeper").mkdir()
    put(bus, "archive/T-1/deeper/r1_work_report.json", REPORT)
    adopt(bus, CONFIG)
    assert (bus.before / "work_report.json").is_symlink()
    assert (bus.before / "archive/T-1/deeper/r1_work_report.json").is_file()
    assert not (bus.archive_root / "T-1").exists()


def test_a_state_that_was_torn_goes_with_the_rest(tmp_path: Path):
    bus = Bus(put_older_bus("awaiting_work", tmp_path))
    put(bus, "state.json", '{"version": 1, "sta')
    adopt(bus, CONFIG)
    assert (bus.before / "state.json").read_bytes() == b'{"version": 1, "sta'
    assert not bus.path("fix_list").exists()
    assert last_state(bus) == {}


def test_what_loop_keeps_in_the_archive_stays_when_the_older_tool_ran_on_its_bus(tmp_path: Path):
    bus = Bus(put_older_bus("awaiting_work", tmp_path))
    own = [put(bus, f"archive/T-7@2/{name}", REPORT) for name in ("r0_manifest.json", "r1_work_report.json")]
    other = put(bus, "archive/_unfiled/x-1", "{")
    adopt(bus, CONFIG)
    assert all(path.is_file() for path in (*own, other))


def test_the_person_keeps_what_they_wrote(tmp_path: Path):
    bus = Bus(put_older_bus("ended", tmp_path))
    mine = {
        "config.toml": "[run]\nmax_rounds = 9\n",
        "templates/worker_prompt.txt": "My own {task_id} {handoff_section}\n",
        "context/project_facts.md": "Mine.\n",
        "tasks/T-5-later.json": "{}",
        "examples/task_card.json": "{}",
        ".gitignore": "logs/\n",
    }
    for name, text in mine.items():
        put(bus, name, text)
    adopt(bus, CONFIG)
    assert {name: (bus.root / name).read_text(encoding="utf-8") for name in mine} == mine
    assert (bus.before / "config.json").is_file()


def test_without_documents_of_its_own_nothing_on_the_bus_is_moved(tmp_path: Path):
    bus = Bus(put_older_bus("ended", tmp_path))
    for name in ("state.json", "logs/feed.jsonl"):  # as in a clone, where only what people share is committed
        (bus.root / name).unlink()
    adopt(bus, CONFIG)
    assert bus.path("fix_list").is_file()
    assert list(traces.facts(bus)) == []


# Killed

# Forks for each deed of an adoption: the child dies before the K-th, the parent adopts what it left and compares.
KILLED = """
import os, shutil, sys
from pathlib import Path
from loop_kit.adopt import traces
from loop_kit.adopt.adoption import adopt
from loop_kit.bus.bus import Bus
from tests.support.dying import Fate, lay
from tests.adopt.older import put_older_bus
from tests.support.repos import tree

os.fsync = lambda fd: None  # the process dies here, not the machine: what it wrote is there
name, folder, step, *without = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:]
CONFIG = b"# the new config\\n"
pristine = put_older_bus(name, folder / "pristine")
for each in without:
    (pristine / each).unlink()

def fresh(where):
    shutil.rmtree(folder / where, ignore_errors=True)
    shutil.copytree(pristine, folder / where / ".loop")
    return Bus(folder / where / ".loop")

def played(bus, when):
    pid = os.fork()
    if pid == 0:
        lay(Fate(str(when), str(folder / "journal")))
        adopt(bus, CONFIG)
        os._exit(0)
    return os.waitpid(pid, 0)[1]

wanted = fresh("wanted")
assert played(wanted, 0) == 0
when, deaths = 1, 0
while True:
    bus = fresh("here")
    if played(bus, when) == 0:
        break
    deaths += 1
    if any(traces.facts(bus)):
        adopt(bus, CONFIG)
    bus.remove_leftovers()
    after, expected = tree(bus.root), tree(wanted.root)
    assert after == expected, (when, sorted(after.items() ^ expected.items()))
    assert not any(traces.facts(bus))
    when += step
print(deaths)
"""


@pytest.mark.parametrize(
    ("name", "step", "without"),
    [
        ("ended", 1 if EVERY_POINT else 3, ()),  # each step of an adoption is some five deeds
        ("approved", 1 if EVERY_POINT else 11, ()),
        ("awaiting_review", 1 if EVERY_POINT else 3, (*traces.TEMPLATES, "logs/feed.jsonl")),
        ("awaiting_review", 1 if EVERY_POINT else 3, (*traces.TEMPLATES, "state.json")),
    ],
    ids=["all facts", "a long archive", "known by the state alone", "known by the feed alone"],
)
def test_an_adoption_that_is_killed_anywhere_is_finished_by_adopting_again(
    tmp_path: Path, name: str, step: int, without: tuple[str, ...]
):
    done = subprocess.run(
        [sys.executable, "-c", KILLED, name, str(tmp_path), str(step), *without],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10


# Alive

PLAYS = "import sys, time; print('here', flush=True); time.sleep(60)"


@pytest.mark.parametrize("words", [["--single-round", "--task", "CARD"], ["--single-round"], ["heartbeat", "--role"]])
def test_a_process_of_the_older_tool_that_is_still_at_work_is_seen(tmp_path: Path, words: list[str]):
    bus = Bus(put_older_bus("awaiting_work", tmp_path))
    check_not_in_use(bus)
    argv = [str(bus.card_path) if word == "CARD" else word for word in words]
    here = f"import os; os.chdir({str(tmp_path)!r});" if "CARD" not in words else ""
    with running(here + PLAYS, *argv) as process:
        assert said(process) == "here"
        with pytest.raises(LockedError, match=f"pid {process.pid}"):
            check_not_in_use(bus)
    check_not_in_use(bus)


@pytest.mark.parametrize("words", [["--single-round"], ["heartbeat"], ["CARD"]])
def test_a_process_that_is_elsewhere_or_does_something_else_is_nobody(tmp_path: Path, words: list[str]):
    bus = Bus(put_older_bus("awaiting_work", tmp_path))
    argv = [str(bus.card_path) if word == "CARD" else word for word in words]
    with running(PLAYS, *argv) as process:
        assert said(process) == "here"
        check_not_in_use(bus)
