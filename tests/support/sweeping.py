"""`make crash`: sweep all states with several processes, print the table, and write docs/reliability.md."""

import argparse
import os
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from tests.support.certificate import FAULTS, KILLED, Film, Shot, film, violations
from tests.support.isolation import isolated

PAGE = Path(__file__).resolve().parents[2] / "docs/reliability.md"
MARK = "<!-- table: make crash -->\n"
SHOWN = 10
ALL = (KILLED, *FAULTS.values())


@dataclass(frozen=True, kw_only=True)
class Share:
    """What one process did. `shape` is the order of all states of its film, to be compared with the others'."""

    points: Counter[str]
    shape: tuple[tuple[str, str, str], ...]
    done: tuple[tuple[Shot, str], ...]


def sweep_share(job: int, jobs: int, *, halves: bool) -> Share:
    """Film a run and try every `jobs`-th of its states."""
    with isolated(), tempfile.TemporaryDirectory(prefix="loop-crash-") as folder:
        filmed = film(Path(folder), halves=halves)
        done = tuple(violations(filmed, filmed.shots[job::jobs]))
        return Share(points=filmed.points, shape=_shape(filmed), done=done)


def _shape(filmed: Film) -> tuple[tuple[str, str, str], ...]:
    return tuple((shot.who, shot.fault, shot.deed.split()[0]) for shot in filmed.shots)


def sweep(jobs: int, *, halves: bool) -> list[Share]:
    """Share the states among processes; when their films differ, so that a state may have been left out, try them alone."""
    if jobs > 1:
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            shares = list(pool.map(partial(sweep_share, jobs=jobs, halves=halves), range(jobs)))
        if len({share.shape for share in shares}) == 1:
            return shares
        sys.stderr.write("the films differ: one process tries all states\n")
    return [sweep_share(0, 1, halves=halves)]


def table(shares: Iterable[Share]) -> str:
    """Return the table in Markdown: for each fault its points, the different states they leave, and the violations."""
    shares = list(shares)
    done = [each for share in shares for each in share.done]
    rows = ["| fault | points | different states | finished as undisturbed | violations |", "|---|---|---|---|---|"]
    for fault in ALL:
        problems = [problem for shot, problem in done if shot.fault == fault]
        bad = sum(map(bool, problems))
        points = shares[0].points[fault]
        rows.append(f"| {fault} | {points} | {len(problems)} | {len(problems) - bad} | {bad} |")
    return "\n".join(rows) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument(
        "--sample", action="store_true", help="take states that differ only in half-written files as one"
    )
    parser.add_argument("--write", action="store_true", help="put the table into docs/reliability.md")
    arguments = parser.parse_args()
    began = time.monotonic()
    shares = sweep(arguments.jobs, halves=not arguments.sample)
    sys.stdout.write(f"{table(shares)}\n{time.monotonic() - began:.0f} s\n")
    bad = [(shot, problem) for share in shares for shot, problem in share.done if problem]
    for shot, problem in bad[:SHOWN]:
        sys.stderr.write(f"{shot.who}, {shot.fault}, {shot.deed}:\n  {problem}\n\n")
    if arguments.write and not bad:
        PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), table(shares)), encoding="utf-8")
    return 1 if bad else 0


def with_table(page: str, rows: str) -> str:
    """Return the page with another table below the mark."""
    return re.sub(rf"{re.escape(MARK)}\n(\|[^\n]*\n)*", lambda _: f"{MARK}\n{rows}", page)


if __name__ == "__main__":
    sys.exit(main())
