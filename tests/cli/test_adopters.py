"""Another tool's bus, and whoever knows how to take it over: here a stranger's package that brings an adopter of its own."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from loop_kit.adopt.adopter import ADOPTER
from loop_kit.bus.bus import Bus
from loop_kit.cli.adopters import Adopter, adopters, check_maker
from loop_kit.errors import NewerError, StartError
from tests.adopt.older import put_older_bus
from tests.support.distributions import install
from tests.support.repos import make_repo, tree

EXAMPLE = Path(__file__).resolve().parents[2] / ".loop.example"
STRANGER = """
    class Notes:
        tool = "notes"

        def facts(self, bus):
            if (bus.root / "notes.txt").exists():
                yield "notes.txt is its"

        def adopt(self, bus, proposals):
            bus.ensure_layout()
            bus.before.mkdir()
            (bus.root / "notes.txt").rename(bus.before / "notes.txt")
            return ["notes.txt is in archive/_before"]

        def next_lines(self, bus, *, cwd, loop, reviewer):
            return [f"next: {loop} run --reviewer-backend {reviewer}"]

    NUMBER = 7
"""


@pytest.fixture
def bus(tmp_path: Path) -> Bus:
    shutil.copytree(EXAMPLE, tmp_path / ".loop")
    return Bus(tmp_path / ".loop")


def test_loops_own_package_brings_an_adopter():
    adopter: Adopter = ADOPTER
    assert adopter in list(adopters())


def test_on_its_own_bus_loop_may_work(bus: Bus, tmp_path: Path):
    check_maker(bus)
    check_maker(Bus(tmp_path / "none/.loop"))


def test_a_bus_that_is_to_be_adopted_is_refused_with_what_shows_it_and_what_to_do(tmp_path: Path):
    bus = Bus(put_older_bus("ended", tmp_path))
    before = tree(bus.root)
    with pytest.raises(StartError) as refused:
        check_maker(bus)
    assert refused.value.message == f"{bus.root} was made by agent-task-runner: state.json is of its form"
    assert refused.value.hint.startswith("loop init ")
    assert tree(bus.root) == before


def test_the_newer_bus_is_refused_before_it_could_be_called_another_tools(bus: Bus):
    (bus.root / "state.json").write_text(
        '{"schema_version": 3, "version": 1, "state": "done", "round": 1}', encoding="utf-8"
    )
    with pytest.raises(NewerError):
        check_maker(bus)


@pytest.mark.parametrize("rest", ['"schema_version": 1', '"schema_version": 0, "x": NaN'])
def test_what_is_broken_is_left_to_those_who_read_it(bus: Bus, rest: str):
    (bus.root / "state.json").write_text(f'{{"run_name": "T-404", {rest}}}', encoding="utf-8")
    check_maker(bus)


def test_a_state_of_loops_own_in_which_another_tool_wrote_too_is_no_longer_loops(bus: Bus):
    state = json.loads(bus.state_path.read_text(encoding="utf-8"))
    bus.state_path.write_text(json.dumps({**state, "version": 1}), encoding="utf-8")
    (bus.root / "config.yaml").write_text("max_rounds: 3\n", encoding="utf-8")
    with pytest.raises(StartError, match="was made by agent-task-runner"):
        check_maker(bus)


# A stranger's


def asked(folder: Path, cwd: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Call loop where the packages in `folder` are installed."""
    argv = [sys.executable, "-P", "-m", "loop_kit", *words]
    env = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(argv, cwd=cwd, env=env, capture_output=True, encoding="utf-8", check=False)


def offering(folder: Path, offers: str) -> Path:
    folder.mkdir()
    (folder / "theirs.py").write_text(textwrap.dedent(STRANGER), encoding="utf-8")
    install(folder, "loop_kit.adopters", offers)
    return folder


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = make_repo(tmp_path / "repo")
    (made / ".loop").mkdir()
    (made / ".loop/notes.txt").write_text("mine\n", encoding="utf-8")
    (made / ".loop/task_card.json").write_text("{}", encoding="utf-8")
    return made


def test_a_package_that_knows_another_tool_has_its_bus_refused_and_adopted(tmp_path: Path, repo: Path):
    theirs = offering(tmp_path / "theirs", "notes = theirs:Notes")
    refused = asked(theirs, repo, "status")
    assert (refused.returncode, refused.stderr) == (
        3,
        f"loop: {repo}/.loop was made by notes: notes.txt is its\n  loop init adopts it; nothing is lost\n",
    )
    done = asked(theirs, repo, "init")
    lines = done.stdout.splitlines()
    assert (done.returncode, lines[:2], lines[-1]) == (
        0,
        [f"{repo}/.loop was made by notes: notes.txt is its", "  notes.txt is in archive/_before"],
        "next: loop run --reviewer-backend codex",
    )
    assert asked(theirs, repo, "status").returncode == 0


@pytest.mark.parametrize(
    ("offers", "sentence"),
    [
        ("notes = gone:Notes", "loop: the adopter 'notes' of gone:Notes cannot be loaded: No module named 'gone'\n"),
        ("notes = theirs:NUMBER", "loop: the entry point 'notes' (theirs:NUMBER) is not an adopter\n"),
    ],
)
def test_an_adopter_that_is_none_is_one_sentence(tmp_path: Path, repo: Path, offers: str, sentence: str):
    done = asked(offering(tmp_path / "theirs", offers), repo, "status")
    assert (done.returncode, done.stderr.startswith(sentence)) == (3, True), done.stderr
