"""Work paid for is never lost and never paid for twice: shown at every single thing that loop does to the world.

`tests/support/dying.py` kills the process right before its K-th deed. After each of these deaths the run is finished by
running it again, and has to end as the undisturbed one does.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.crashes import EVERY_POINT, ends_as_undisturbed, go_on, set_up
from tests.support.dying import PROGRAM
from tests.support.runs import Result, Stage, clearing

KILLED = -9
CHANGES_REQUIRED = 10
# More deeds than two rounds by hand, or the PM of one run, have; the sample steps over them unevenly on purpose.
BY_HAND = range(1, 700) if EVERY_POINT else range(45, 560, 37)
BY_PM = range(1, 300) if EVERY_POINT else range(60, 240, 43)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with clearing(set_up(tmp_path)) as stage:
        yield stage


def dying(stage: Stage, deed: int, *args: str) -> Result:
    """Let `loop run ARGS` die before that deed; 0 or one that never comes lets it live."""
    return stage.end(stage.start("run", *args, program=(*PROGRAM, str(deed), str(journal(stage)))))


def journal(stage: Stage) -> Path:
    return stage.cache.with_name("journal")


def deeds(stage: Stage) -> list[str]:
    return journal(stage).read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("deed", BY_HAND)
def test_two_rounds_by_hand_that_die_anywhere_end_as_if_they_had_not(stage: Stage, deed: int):
    died = dying(stage, deed, "--single-round")
    if died.code == CHANGES_REQUIRED:  # the first round has fewer deeds: it is to be one of the second
        died = dying(stage, deed - len(deeds(stage)), "--single-round")
    if died.code != KILLED:
        assert died.code == 0, died.err
        pytest.skip("two rounds have fewer deeds than that")
    result = stage.run("--single-round")
    if result.code == CHANGES_REQUIRED:
        result = stage.run("--single-round")
    ends_as_undisturbed(stage, result)
    assert sum(stage.paid) in (4, 5), f"died before: {deeds(stage)[-1]}"


@pytest.mark.parametrize("deed", BY_PM)
def test_a_pm_that_dies_anywhere_leaves_a_run_that_can_be_finished(stage: Stage, deed: int):
    died = dying(stage, deed)
    if died.code != KILLED:
        assert died.code == 0, died.err
        pytest.skip("a PM has fewer deeds than that")
    ends_as_undisturbed(stage, go_on(stage))
    assert sum(stage.paid) in (4, 5), f"died before: {deeds(stage)[-1]}"


def test_the_undisturbed_run_pays_four_calls(stage: Stage):
    ends_as_undisturbed(stage, dying(stage, 0))
    assert stage.paid == (2, 2)
    assert not [name for name in stage.refs() if "unfinished" in name]
    assert any("state.json" in line for line in deeds(stage)), "the journal shows that deeds are seen"
