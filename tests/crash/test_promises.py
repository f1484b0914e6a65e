"""Work paid for is never lost and never paid for twice: shown at every single thing that loop does to the world.

`tests/support/dying.py` kills the process right before one of its deeds. After each of these deaths the run is finished
by running it again, and has to end as the undisturbed one does. Here it dies at the deeds that matter most; with
LOOP_TEST_EVERY_POINT=1 at every one.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.crashes import ARCHIVED, CONTENT, EVERY_POINT, ends_as_undisturbed, go_on, set_up
from tests.support.dying import PROGRAM
from tests.support.runs import Result, Stage, clearing, nothing_left

KILLED = -9
CHANGES_REQUIRED = 10
MOST_DEEDS = 400  # more than a round by hand has, or the PM of a whole run
EVERY_DEED = [str(number) for number in range(1, MOST_DEEDS)]
# Before the start, at it, around each paid call, and on both sides of the commit point.
BEGINNING = [
    "1:write lock",
    "1:rename .loop/state.json",
    "1:start refs/loop/T-1/r0/base",  # the place is claimed, and no state says so
    "1:link r0_manifest.json",
    "2:write .state.json.",
    "1:write feed.jsonl",
]
ROUND = [
    "1:rename .before.json",
    "1:start standin.py",
    "1:started standin.py",
    "1:rename work_report.json .tmp",
    "4:write feed.jsonl",
    "1:rmdir -worker-",
    "1:unlink -worker- .before.json",
    "1:started refs/loop/ head",
    "1:rename review_request.json",
    "1:started worktree add",
    "2:started standin.py",
    "1:rename review_report.json",
    "1:fsync review_report.json",
]
CLOSING = {
    1: ["1:link r1_review_report.json", "1:rename fix_list.json", "1:link r2_fix_list.json"],
    2: ["1:link r2_summary.json", "1:rename .loop/summary.json", "2:rmdir .git/worktrees/"],
}
BY_HAND = [
    *((1, when) for when in [*BEGINNING[1::3], *ROUND[1::3], CLOSING[1][0]]),  # every third: the suite has its minutes
    *((2, when) for when in ["1:write .state.json.", ROUND[-1], *CLOSING[2]]),
]
BY_PM = [
    "1:fsync .gitignore",  # nothing is there yet that the next start could know the run by
    BEGINNING[2],
    BEGINNING[4],
    "1:start --single-round",
    "1:started --single-round",
    "2:start --single-round",
    "1:rmdir /review",
]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with clearing(set_up(tmp_path)) as stage:
        yield stage


def dying(stage: Stage, when: str, *args: str) -> Result:
    """Let `loop run ARGS` die before that deed; `0`, or one that never comes, lets it live."""
    return stage.end(stage.start("run", *args, program=(*PROGRAM, when, str(journal(stage)))))


def journal(stage: Stage) -> Path:
    return stage.cache.with_name("journal")


def died(stage: Stage, result: Result, when: str) -> None:
    """Fail when a deed that was named did not come; one that was only counted may lie beyond the last."""
    if result.code != KILLED and when.isdigit():
        pytest.skip(f"there are fewer than {when} deeds")
    assert result.code == KILLED, f"no {when} in {journal(stage).read_text(encoding='utf-8')}"


@pytest.mark.parametrize(
    ("number", "when"), [(number, when) for number in (1, 2) for when in EVERY_DEED] if EVERY_POINT else BY_HAND
)
def test_a_round_by_hand_that_dies_anywhere_ends_as_if_it_had_not(stage: Stage, number: int, when: str):
    if number == 2:
        assert stage.run("--single-round").code == CHANGES_REQUIRED
    died(stage, dying(stage, when, "--single-round"), when)
    result = go_on(stage, "--single-round")
    if result.code == CHANGES_REQUIRED:
        result = go_on(stage, "--single-round")
    ends_as_undisturbed(stage, result)
    assert sum(stage.paid) in (4, 5)


@pytest.mark.parametrize("when", EVERY_DEED if EVERY_POINT else BY_PM)
def test_a_pm_that_dies_anywhere_leaves_a_run_that_can_be_finished(stage: Stage, when: str):
    died(stage, dying(stage, when), when)
    ends_as_undisturbed(stage, go_on(stage))
    assert sum(stage.paid) in (4, 5)


@pytest.mark.parametrize(
    "when",
    [
        "1:unlink .loop/work_report.json",
        "1:unlink .loop/state.json",
        "1:rename .loop/state.json",
        "1:start refs/loop/T-1@2/r0/base",
    ],
)
def test_a_reset_that_dies_anywhere_loses_nothing(stage: Stage, when: str):
    assert stage.run("--single-round").code == CHANGES_REQUIRED
    stage.git("reset", "--quiet", "--hard", "HEAD~1")
    died(stage, dying(stage, when, "--reset"), when)
    result = stage.run("--reset")
    assert result.code == 0, result.err
    assert (result.standing["run_name"], result.standing["outcome"]) == ("T-1@2", "approved")
    assert stage.archived("T-1@2") == sorted(ARCHIVED)
    assert set(stage.archived("T-1")) >= {name for name in ARCHIVED if name < "r2_fix_list.json."}
    assert stage.git("show", "refs/loop/T-1/r1/head:app.txt") == CONTENT[1].strip()
    nothing_left(stage)


def test_the_undisturbed_run_pays_four_calls(stage: Stage):
    ends_as_undisturbed(stage, dying(stage, "0"))
    assert stage.paid == (2, 2)
    assert not [name for name in stage.refs() if "unfinished" in name]
    assert "rename" in journal(stage).read_text(encoding="utf-8"), "the journal tells of deeds"
