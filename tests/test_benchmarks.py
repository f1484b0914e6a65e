"""The benchmarks: their arithmetic, and that a stage plays what is measured. Times are nobody's business here."""

import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.__main__ import MEASUREMENTS
from benchmarks.figures import Figure, Row, Target, at_most, at_most_theirs, milliseconds, table
from benchmarks.large import make_repository
from benchmarks.page import BEGIN, END, PAGE, with_results
from benchmarks.playing import play
from benchmarks.small import more_rounds
from benchmarks.stage import Stage
from benchmarks.tools import OURS, Tool
from tests.support.repos import git

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the benchmarks look into /proc")
TOOL = Tool(name=OURS, venv=Path(sys.prefix))


def test_a_figure_is_a_median_and_the_middle_half():
    figure = Figure.of([5.0, 1.0, 2.0, 3.0, 100.0])
    assert (figure.median, figure.quartiles) == (3.0, (2.0, 5.0))


def test_the_table_says_what_was_reached_and_what_was_not():
    ours, theirs = Figure.of([0.05]), Figure.of([0.1])
    rows = [
        Row(
            what="one",
            show=milliseconds,
            ours=ours,
            theirs=theirs,
            floor=0.025,
            target=at_most_theirs(0.7, ours, theirs),
        ),
        Row(what="two", show=milliseconds, ours=ours, target=at_most(0.04, "40 ms", 0.05)),
        Row(what="three", show=milliseconds, ours=ours, target=Target(text="≥ 4", judged=5, limit=4, at_least=True)),
        Row(what="four", show=milliseconds, ours=ours),
    ]
    assert table(rows).splitlines()[2:] == [
        "| one | 50 ms | 100 ms | 0.50 | 2.0 | ≤ 0.7 × theirs | yes (0.71 × the limit) |",
        "| two | 50 ms | – | – | – | ≤ 40 ms | **no** (1.25 × the limit) |",
        "| three | 50 ms | – | – | – | ≥ 4 | yes (1.25 × the limit) |",
        "| four | 50 ms | – | – | – | – | – |",
    ]


def test_results_replace_what_stands_between_the_marks_and_nothing_else():
    page = PAGE.read_text(encoding="utf-8")
    changed = with_results(page, "| new |\n")
    assert f"{BEGIN}\n| new |\n\n{END}" in changed
    assert changed.partition(BEGIN)[0] == page.partition(BEGIN)[0]
    assert changed.partition(END)[2] == page.partition(END)[2]


def test_a_page_without_the_marks_is_refused():
    with pytest.raises(ValueError, match="has 0 places for results"):
        with_results("# Performance\n", "| new |\n")


def test_every_measurement_has_its_sentence():
    assert [name for name, measurement in MEASUREMENTS.items() if not measurement.__doc__] == []


def test_what_a_command_and_its_children_take_is_counted(tmp_path: Path):
    program = (
        "import subprocess, sys; subprocess.run([sys.executable, '-c', 'for _ in range(3_000_000): pass'], check=True)"
    )
    environment = {"PATH": "/usr/bin:/bin"}
    idle = play((sys.executable, "-c", "pass"), cwd=tmp_path, env=environment, output=tmp_path / "output")
    busy = play((sys.executable, "-c", program), cwd=tmp_path, env=environment, output=tmp_path / "output", peaks=True)
    assert (idle.code, busy.code) == (0, 0)
    assert busy.cpu > idle.cpu + 0.02
    assert busy.pm_peak > 1e6


def test_a_stage_plays_its_rounds_and_knows_when_its_agents_worked(tmp_path: Path):
    stage = Stage.set_up(TOOL, tmp_path)
    played = stage.play(2)
    assert [(stamp.role, stamp.round) for stamp in played.stamps] == [
        ("worker", 1),
        ("reviewer", 1),
        ("worker", 2),
        ("reviewer", 2),
    ]
    assert (len(played.gaps("worker")), len(played.gaps("reviewer"))) == (2, 1)
    assert 0 < played.agents < played.wall
    assert 0 < sum(played.gaps("worker")) < played.wall


class Timed:
    """A stage whose runs take what they should: the difference of two real ones may be anything on a busy machine."""

    def play(self, rounds: int) -> Any:
        return SimpleNamespace(wall=1 + 2.0 * rounds, cpu=3 + 1.0 * rounds, agents=0.25 * rounds)


def test_one_more_round_is_what_a_longer_run_takes_longer():
    stage: Any = Timed()
    assert more_rounds(stage, 2, 6) == (2.0, 1.0, 0.25)


def test_a_run_that_does_not_play_as_it_should_gives_no_figures(tmp_path: Path):
    stage = Stage.set_up(TOOL, tmp_path)
    stage.flags = ("--max-rounds", "1")
    with pytest.raises(RuntimeError, match="did not play as it should"):
        stage.play(2)


def test_the_large_repository_has_as_many_files_and_commits_as_it_should(tmp_path: Path):
    made = make_repository(tmp_path / "made", 250, 20)
    assert len(git(made, "ls-files").splitlines()) == 250
    assert git(made, "rev-list", "--count", "HEAD") == "20"
    assert git(made, "status", "--porcelain") == ""


@pytest.mark.skipif(shutil.which("cc") is None, reason="it is compiled on the spot")
def test_compiled_agents_play_the_same_rounds(tmp_path: Path):
    stage = Stage.set_up(TOOL, tmp_path)
    assert stage.compile_standin()
    played = stage.play(2)
    assert len(played.gaps("worker")) == 2
    assert 0 < played.agents < played.wall
