"""Figures and the table they stand in. A figure is what was measured, never what was hoped for."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

NONE = "–"


@dataclass(frozen=True, slots=True)
class Figure:
    """What several measurements of one thing gave."""

    values: tuple[float, ...]

    @classmethod
    def of(cls, values: Iterable[float]) -> "Figure":
        return cls(tuple(values))

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def quartiles(self) -> tuple[float, float]:
        """Return what a quarter of the measurements lies below, and what a quarter lies above."""
        if len(self.values) == 1:
            return self.values[0], self.values[0]
        low, _, high = statistics.quantiles(self.values, n=4, method="inclusive")
        return low, high


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What was to be reached: `judged` is held against `limit`, from above or, with `at_least`, from below."""

    text: str
    judged: float
    limit: float
    at_least: bool = False

    @property
    def reached(self) -> bool:
        return self.judged >= self.limit if self.at_least else self.judged <= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. `floor` is what the machine itself needs for it, in the same unit."""

    what: str
    show: Callable[[float], str]
    ours: Figure
    theirs: Figure | None = None
    floor: float | None = None
    target: Target | None = None

    @property
    def ratio(self) -> float | None:
        """Ours divided by theirs; None without theirs, or when theirs is nothing."""
        return self.ours.median / self.theirs.median if self.theirs and self.theirs.median else None


def at_most_theirs(limit: float, ours: Figure, theirs: Figure | None) -> Target | None:
    """Return the target to take no more than `limit` times what the other tool takes."""
    if theirs is None:
        return None
    return Target(text=f"≤ {limit:g} × theirs", judged=ours.median / theirs.median, limit=limit)


def at_most(limit: float, text: str, judged: float) -> Target:
    return Target(text=f"≤ {text}", judged=judged, limit=limit)


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.3g} ms" if seconds < 0.1 else f"{seconds * 1e3:.0f} ms"


def megabytes(size: float) -> str:
    if size < 1e5:
        return f"{size / 1e3:.3g} kB"
    return f"{size / 1e6:.3g} MB" if size < 1e8 else f"{size / 1e6:.0f} MB"


def size_in_bytes(size: float) -> str:
    return f"{size:,.0f} B".replace(",", "\N{NARROW NO-BREAK SPACE}")


def throughput(rate: float) -> str:
    return f"{rate / 1e6:.3g} MB/s"


def count(number: float) -> str:
    return f"{number:.4g}"


def percent(part: float) -> str:
    return f"{part * 100:.2g} %"


def table(rows: Sequence[Row]) -> str:
    """Return the table in Markdown: medians, and in brackets what the middle half of the measurements lies between."""
    lines = ["| what | ours | theirs | ratio | × floor | target | reached |", "|---|---|---|---|---|---|---|"]
    return "\n".join([*lines, *map(line, rows)]) + "\n"


def line(row: Row) -> str:
    """Return one line of the table."""
    return f"| {' | '.join(_cells(row))} |"


def _cells(row: Row) -> list[str]:
    return [
        row.what,
        _shown(row.ours, row.show),
        _shown(row.theirs, row.show) if row.theirs else NONE,
        f"{row.ratio:.2f}" if row.ratio is not None else NONE,
        f"{row.ours.median / row.floor:.1f}" if row.floor else NONE,
        row.target.text if row.target else NONE,
        _verdict(row.target),
    ]


def _verdict(target: Target | None) -> str:
    if target is None:
        return NONE
    return f"{'yes' if target.reached else '**no**'} ({target.judged / target.limit:.2f} × the limit)"


def _shown(figure: Figure, show: Callable[[float], str]) -> str:
    if len(figure.values) == 1:
        return show(figure.median)
    low, high = figure.quartiles
    return f"{show(figure.median)} ({show(low)} – {show(high)})"
