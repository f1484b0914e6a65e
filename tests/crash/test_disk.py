"""A disk that fails: the run ends by its name, with a sentence, and goes on when the disk does.

The deeds are those of `tests/support/dying.py`; with LOOP_TEST_EVERY_POINT=1 each one fails once, and once for good.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.crashes import EVERY_POINT, ends_as_undisturbed, go_on, set_up
from tests.support.dying import PROGRAM
from tests.support.runs import Result, Stage, clearing

CHANGES_REQUIRED, INVALID, BACKEND_FAILED, NEEDS_PERSON = 10, 3, 8, 11
MOST_DEEDS = 400
ERRORS = ("ENOSPC", "EIO", "EACCES")
EVERY_WAY = [f"{number}{sign}{ERRORS[number % 3]}" for number in range(1, MOST_DEEDS) for sign in ("!", "!!")]
WAYS = [
    "1!EACCES:open lock",
    "1!!ENOSPC:write .state.json",
    "1!EIO:fsync .r0_manifest.json",
    "1!ENOSPC:write feed.jsonl",
    "2!!ENOSPC:rename state.json",
    "1!EACCES:mkdir -worker-",
    "1!ENOSPC:write prompt.txt",
    "1!EIO:open .review_request.json",
    "1!!ENOSPC:write .work_report.json",
    "1!EIO:fsync .review_request.json",
    "1!!EIO:rename review_report.json",
    "1!EACCES:link r1_review_report.json",
    "1!!ENOSPC:open .fix_list.json",
    "1!ENOSPC:link r2_fix_list.json",
    "1!EACCES:rmdir /review",
    "2!!EACCES:mkdir /loop-kit/",
    "1!EIO:start loop_kit",
]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with clearing(set_up(tmp_path)) as stage:
        yield stage


@pytest.mark.parametrize("way", EVERY_WAY if EVERY_POINT else WAYS)
def test_a_deed_that_fails_ends_the_run_by_its_name_and_loses_nothing(stage: Stage, way: str):
    result = failing(stage, way)
    assert result.code in (INVALID, CHANGES_REQUIRED, BACKEND_FAILED, NEEDS_PERSON), result.err
    if result.code in (INVALID, BACKEND_FAILED):
        assert result.err.count("\nloop: ") + result.err.startswith("loop: ") == 1
    result = go_on(stage, "--single-round")
    if result.code == CHANGES_REQUIRED:
        result = go_on(stage, "--single-round")
    ends_as_undisturbed(stage, result)
    assert sum(stage.paid) in (4, 5)


def failing(stage: Stage, way: str) -> Result:
    journal = stage.cache.with_name("journal")
    result = stage.end(stage.start("run", "--single-round", program=(*PROGRAM, way, str(journal))))
    met = way.partition(":")[2].split()
    lines = journal.read_text(encoding="utf-8").splitlines()
    if not any(all(word in line for word in met) for line in lines):
        pytest.fail(f"no {way} in {lines}")
    return result
