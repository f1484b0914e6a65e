"""How far a reader has to go who follows a round's state or a dispatch through the code: counted by `tests/support/trip`.

Exceeding a number fails; whoever shortens a trip lowers the number in the same commit.
"""

from functools import cache
from pathlib import Path

import pytest

from tests.support.trip.counting import Trip, measure
from tests.support.trip.source import Source

SRC = Path(__file__).resolve().parent.parent / "src"
# Where a value comes in, and its class or what it is called there; at most so many files and so many returns. Beside it what the
# same program counted for its counterpart at commit afab863, when the state was handed on by itself.
MOST = {
    ("loop_kit.steps.round:run_round", "RunState"): (23, 37),  # 31, 111
    ("loop_kit.dispatch.obtain:obtain", "RunState"): (12, 19),  # 19, 59
    ("loop_kit.dispatch.obtain:obtain", "requests"): (7, 8),  # 7, 11
    ("loop_kit.dispatch.obtain:obtain", "Dispatch"): (6, 14),  # there was none
}


@cache
def found(entry: str, value: str) -> Trip:
    return measure(source(), entry, [value])


@cache
def source() -> Source:
    return Source(SRC, "loop_kit")


def exceeding(trip: Trip, files: int, returns: int) -> str:
    """Return the whole trip when it is longer, "" when it is not."""
    return trip.text if len(trip.files) > files or trip.returns > returns else ""


@pytest.mark.parametrize(("entry", "value"), MOST)
def test_no_trip_is_longer_than_it_was(entry: str, value: str):
    assert exceeding(found(entry, value), *MOST[entry, value]) == ""


@pytest.mark.parametrize(("entry", "value"), MOST)
def test_nobody_is_given_the_value_who_cannot_be_named(entry: str, value: str):
    assert found(entry, value).lost == ()


def test_a_longer_trip_is_seen():
    trip = found(*next(iter(MOST)))
    files, returns = len(trip.files), trip.returns
    assert exceeding(trip, files, returns) == ""
    assert exceeding(trip, files - 1, returns).endswith(f"{files} files, {returns} returns")
    assert exceeding(trip, files, returns - 1)
