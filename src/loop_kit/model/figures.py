"""Numbers as people read them: counts, commits, times, money, sizes."""

_ID_DIGITS = 7
_MINUTE = 60


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return `1 round` or `2 rounds`; `plural` for a noun that takes no `s`."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def short_id(sha: str) -> str:
    """Return the first seven digits of an object's id, as git shows it."""
    return sha[:_ID_DIGITS]


def clock(seconds: float) -> str:
    """Return `0:07`, `12:30` or `1:02:03`."""
    minutes, rest = divmod(int(seconds), _MINUTE)
    hours, minutes = divmod(minutes, _MINUTE)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def lasted(seconds: float) -> str:
    """Return how long something took: `0.2 s` below a minute, then `6:31`."""
    return f"{seconds:.1f} s" if round(seconds, 1) < _MINUTE else clock(max(seconds, _MINUTE))


def dollars(known: float | None, *, partly: bool = False) -> str:
    """Return US dollars: `$0.43`, `≥ $0.22` when only a part is known, `unknown` when nothing is."""
    if known is None:
        return "unknown"
    return f"{'≥ ' if partly else ''}${known:.2f}"


def kilobytes(size: int) -> str:
    """Return a number of bytes as `12.3 kB`."""
    return f"{size / 1000:.1f} kB"
