"""`make crash`: sweep all states and all live deaths with several processes, print the table, write docs/reliability.md."""

import argparse
import os
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from tests.support import live, warm
from tests.support.certificate import FAULTS, KILLED, Film, film, violations
from tests.support.isolation import isolated

PAGE = Path(__file__).resolve().parents[2] / "docs/reliability.md"
MARK = "<!-- table: make crash -->\n"
SHOWN = 10
STEP = 3  # a live death costs two seconds: at every third deed of a round they fit into ten minutes
LIVE = (live.PM_DIES, live.ORPHANED, live.ROUND_DIES)
ALL = (KILLED, *FAULTS.values(), *LIVE)


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What came of one point; `problem` is "" when the run could be finished as if nothing had happened."""

    fault: str
    where: str
    problem: str


@dataclass(frozen=True, kw_only=True)
class Share:
    """What one process did. `shape` is the order of all its points, to be compared with the others'."""

    points: Counter[str]
    shape: tuple[tuple[str, ...], ...]
    done: tuple[Tried, ...]


def disk_share(job: int, jobs: int, *, sample: bool) -> Share:
    """Film a run and try every `jobs`-th of its states."""
    with isolated(), tempfile.TemporaryDirectory(prefix="loop-crash-") as folder:
        filmed = film(Path(folder), halves=not sample)
        if sample:
            filmed.stage.popen, filmed.stage.program = warm.Warm, warm.PROGRAM
        done = tuple(
            Tried(fault=shot.fault, where=f"{shot.who}, {shot.fault}, {shot.deed}", problem=problem)
            for shot, problem in violations(filmed, filmed.shots[job::jobs])
        )
        return Share(points=filmed.points, shape=_shape(filmed), done=done)


def _shape(filmed: Film) -> tuple[tuple[str, ...], ...]:
    return tuple((shot.who, shot.fault, shot.deed.split()[0]) for shot in filmed.shots)


def live_share(job: int, jobs: int, *, step: int) -> Share:
    """Play a run and try every `jobs`-th of the chosen live deaths."""
    with isolated(), tempfile.TemporaryDirectory(prefix="loop-crash-") as folder:
        living = live.live(Path(folder))
        done = tuple(
            Tried(fault=point.fault, where=f"{point.fault}, {point.when}: {point.deed}", problem=problem)
            for point, problem in live.violations(living, live.chosen(living.points, step)[job::jobs])
        )
        shape = tuple((point.when, point.deed.split()[0]) for point in living.points)
        return Share(points=Counter(point.fault for point in living.points), shape=shape, done=done)


def sweep(share: Callable[[int, int], Share], jobs: int) -> list[Share]:
    """Share the points among processes; when theirs differ, so that one may have been left out, try all in one process."""
    if jobs > 1:
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            shares = list(pool.map(share, range(jobs), [jobs] * jobs))
        if len({each.shape for each in shares}) == 1:
            return shares
        sys.stderr.write("the processes saw different points: one tries them all\n")
    return [share(0, 1)]


def table(shares: Iterable[Share], faults: Sequence[str] = ALL) -> str:
    """Return the table in Markdown: for each fault its points, how many of them were tried, and the violations."""
    shares = list(shares)
    rows = ["| fault | points | tried | finished as undisturbed | violations |", "|---|---|---|---|---|"]
    for fault in faults:
        problems = [tried.problem for share in shares for tried in share.done if tried.fault == fault]
        bad = sum(map(bool, problems))
        points = max((share.points[fault] for share in shares), default=0)
        rows.append(f"| {fault} | {points} | {len(problems)} | {len(problems) - bad} | {bad} |")
    return "\n".join(rows) + "\n"


def main() -> int:
    arguments = _arguments()
    shares: list[Share] = []
    for name, share in _sweeps(arguments).items():
        began = time.monotonic()
        shares += sweep(share, arguments.jobs)
        sys.stdout.write(f"{name}: {time.monotonic() - began:.0f} s\n")
    faults = [fault for fault in ALL if any(share.points[fault] for share in shares)]
    sys.stdout.write(f"\n{table(shares, faults)}\n")
    bad = [tried for share in shares for tried in share.done if tried.problem]
    for tried in bad[:SHOWN]:
        sys.stderr.write(f"{tried.where}:\n  {tried.problem}\n\n")
    if arguments.write and not bad:
        PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), table(shares)), encoding="utf-8")
    return 1 if bad else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument(
        "--sample",
        action="store_true",
        help="no live deaths, loop started warm, and states that differ only in half-written files taken as one",
    )
    parser.add_argument("--live", action="store_true", help="nothing but the live deaths")
    parser.add_argument("--step", type=int, default=STEP, help="try live deaths at every STEP-th deed of a round")
    parser.add_argument("--write", action="store_true", help="put the table into docs/reliability.md")
    arguments = parser.parse_args()
    if arguments.write and (arguments.sample or arguments.live):
        parser.error("--write is for the whole sweep")
    return arguments


def _sweeps(arguments: argparse.Namespace) -> dict[str, Callable[[int, int], Share]]:
    sweeps: dict[str, Callable[[int, int], Share]] = {}
    if not arguments.live:
        sweeps["states of the disk"] = partial(disk_share, sample=arguments.sample)
    if not arguments.sample:
        sweeps["live deaths"] = partial(live_share, step=arguments.step)
    return sweeps


def with_table(page: str, rows: str) -> str:
    """Return the page with another table below the mark."""
    return re.sub(rf"{re.escape(MARK)}\n(\|[^\n]*\n)*", lambda _: f"{MARK}\n{rows}", page)


if __name__ == "__main__":
    sys.exit(main())
