"""`make bench`: loop and the tool it competes with, side by side, with the same stand-in agents; prints one table."""

import argparse
import dataclasses
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks import large, long, machine, small
from benchmarks.bench import Bench, Sizes
from benchmarks.figures import Row, line, table
from benchmarks.floor import measure_floor
from benchmarks.page import PAGE, with_results
from benchmarks.tools import FOLDER, install

MEASUREMENTS: Mapping[str, Callable[[Bench], Iterator[Row]]] = {
    "rounds": small.rounds,
    "bare": small.bare_rounds,
    "gaps": small.gaps,
    "looking": small.looking,
    "waiting": small.waiting,
    "prompts": small.prompts,
    "repository": large.repository,
    "huge": large.huge,
    "diff": large.diff,
    "output": large.output,
    "history": long.history,
    "many": long.many,
}
ENOUGH = 9  # measurements of each thing, below which the page is not written


def main() -> int:
    arguments = _arguments()
    if sys.platform != "linux":
        sys.stderr.write("benchmarks need Linux: what they measure stands in /proc\n")
        return 2
    if arguments.write and (arguments.times < ENOUGH or arguments.only != list(MEASUREMENTS)):
        sys.stderr.write(f"--write needs everything, measured at least {ENOUGH} times: leave out --only and --times\n")
        return 2
    for number in (signal.SIGINT, signal.SIGTERM):  # also when whoever started this in the background had them ignored
        signal.signal(number, signal.default_int_handler)
    load = machine.load()
    try:
        results = _measure(arguments, load)
    except KeyboardInterrupt:
        return _stopped("interrupted; nothing was written", 130)
    except (RuntimeError, subprocess.CalledProcessError) as error:
        return _stopped(f"{error}", 1)
    sys.stdout.write(results)
    if load > machine.QUIET:
        sys.stderr.write(f"warning: {_busy(load)}\n")
    if arguments.write:
        PAGE.write_text(with_results(PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")
    return 0


def _stopped(why: str, code: int) -> int:
    _say(f"benchmarks: {why}")
    return code


def _measure(arguments: argparse.Namespace, load: float) -> str:
    """Return the text of the results: where, when and how often, the floor, the table."""
    _say("installing both tools")
    ours, theirs = install()
    FOLDER.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="run-", dir=FOLDER) as name:
        folder = Path(name)
        floor = measure_floor(folder / "floor", ours.python, max(arguments.times, ENOUGH))
        bench = Bench(
            ours=ours,
            theirs=theirs,
            folder=folder,
            times=arguments.times,
            sizes=Sizes(**{field.name: getattr(arguments, field.name) for field in dataclasses.fields(Sizes)}),
            floor=floor,
            say=_say,
        )
        for each in arguments.only:
            _say(f"measuring {each}")
            for row in MEASUREMENTS[each](bench):
                rows.append(row)
                _say(f"  {line(row)}")  # whoever interrupts a long run keeps what it has found
    about = [
        f"{machine.today()}, {machine.description()}; {load:.2f} processors at work before the start.",
        f"“Theirs” is {theirs.name}. Medians of {arguments.times}, in brackets the quartiles.",
        f"The floor of a round: {floor.sentence()}.",
    ]
    if load > machine.QUIET:
        about.append(f"**{_busy(load)}**")
    return "\n".join(about) + "\n\n" + table(rows)


def _busy(load: float) -> str:
    return f"The machine was busy ({load:.2f} processors at work): times are too long and spread, and prove nothing."


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only",
        nargs="+",
        choices=MEASUREMENTS,
        default=list(MEASUREMENTS),
        metavar="NAME",
        help=", ".join(MEASUREMENTS),
    )
    parser.add_argument("--times", type=int, default=ENOUGH, help="how often each thing is measured (%(default)s)")
    parser.add_argument("--write", action="store_true", help="put the results into docs/performance.md")
    for field in dataclasses.fields(Sizes):
        name = "--" + field.name.replace("_", "-")
        parser.add_argument(name, type=int, default=field.default, help="(%(default)s)")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
