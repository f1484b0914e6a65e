import pytest

from loop_kit.model.figures import clock, counted, dollars, kilobytes, lasted, short_id


def test_one_thing_is_not_said_in_the_plural():
    assert [counted(number, "round") for number in (0, 1, 2)] == ["0 rounds", "1 round", "2 rounds"]
    assert [counted(number, "process", "processes") for number in (1, 2)] == ["1 process", "2 processes"]


def test_a_commit_is_shown_with_seven_digits():
    assert short_id("5bcf0d723b7b" + "0" * 28) == "5bcf0d7"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (7.9, "0:07"), (391, "6:31"), (3599, "59:59"), (3723, "1:02:03")]
)
def test_a_time_is_shown_as_a_clock_shows_it(seconds: float, shown: str):
    assert clock(seconds) == shown


@pytest.mark.parametrize(("seconds", "shown"), [(0.2, "0.2 s"), (59.94, "59.9 s"), (59.96, "1:00"), (391, "6:31")])
def test_what_took_less_than_a_minute_is_said_in_seconds(seconds: float, shown: str):
    assert lasted(seconds) == shown


def test_a_cost_of_which_a_part_is_unknown_says_so():
    assert [dollars(0.4321), dollars(0.22, partly=True), dollars(None)] == ["$0.43", "≥ $0.22", "unknown"]


def test_a_size_is_said_in_kilobytes():
    assert [kilobytes(size) for size in (0, 420, 12_345)] == ["0.0 kB", "0.4 kB", "12.3 kB"]
