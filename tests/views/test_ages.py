from datetime import UTC, datetime, timedelta

import pytest

from loop_kit.views.ages import ago, duration, seconds_since

NOW = datetime(2025, 3, 3, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (86399, "23 h"),
        (86400, "1 day"),
        (3 * 86400, "3 days"),
    ],
)
def test_a_duration_is_told_in_one_unit(seconds: float, text: str):
    assert duration(seconds) == text
    then = (NOW - timedelta(seconds=seconds)).isoformat()
    assert ago(then, NOW) == f"{text} ago"


@pytest.mark.parametrize(
    ("at", "seconds"),
    [
        ("2025-03-03T09:59:58.500Z", 1.5),
        ("2025-03-03T10:59:58.500+01:00", 1.5),
        ("2025-03-03T09:59:58.500", 1.5),
        ("2025-03-03T10:00:05Z", 0.0),  # the clock was set back
    ],
)
def test_a_time_is_utc_unless_it_says_otherwise_and_never_to_come(at: str, seconds: float):
    assert seconds_since(at, NOW) == seconds


@pytest.mark.parametrize("at", ["", "yesterday", "2025-13-01T00:00:00Z", "\x1b[2J"])
def test_what_is_no_time_has_no_age(at: str):
    assert seconds_since(at, NOW) is None
    assert ago(at, NOW) == ""
