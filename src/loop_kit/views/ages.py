"""Ages of times on the bus."""

from datetime import UTC, datetime

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


def seconds_since(at: str, now: datetime) -> float | None:
    """Return the seconds from a time on the bus until `now`, None for a text that is not a time; never negative."""
    try:
        then = datetime.fromisoformat(at)
    except ValueError:
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    return max(0.0, round((now - then).total_seconds(), 3))


def duration(seconds: float) -> str:
    """Return a duration in its largest unit: `45 s`, `3 min`, `2 h`, `5 days`."""
    for unit, name in ((_DAY, "day"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= unit:
            count = int(seconds // unit)
            return f"{count} {name}{'s' if name == 'day' and count > 1 else ''}"
    return f"{int(seconds)} s"


def ago(at: str, now: datetime) -> str:
    """Return `3 min ago` for a time on the bus, "" for a text that is not a time."""
    seconds = seconds_since(at, now)
    return "" if seconds is None else f"{duration(seconds)} ago"
