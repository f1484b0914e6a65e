"""`loop fsck`: is the bus whole, and what did dead runs leave behind."""

from collections.abc import Sequence
from contextlib import nullcontext

import click

from loop_kit.bus.bus import Bus
from loop_kit.bus.buses import buses
from loop_kit.bus.lock import read_holder
from loop_kit.bus.own_folders import find_links
from loop_kit.cli.console import put
from loop_kit.cli.edge import Edge
from loop_kit.cli.locks import locked
from loop_kit.cli.looking import bus_to_look_at, put_json
from loop_kit.cli.main import bus_option
from loop_kit.cli.places import bus_root
from loop_kit.errors import EXIT_CODES, Outcome
from loop_kit.fsck.examine import examine
from loop_kit.fsck.own_folders import examine_folders
from loop_kit.fsck.problem import Problem
from loop_kit.processes.lineage import become_subreaper
from loop_kit.vcs.repository import Repository


@click.command("fsck")
@click.option("--repair", is_flag=True, help="Do what loses nothing; takes the locks of a run.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a problem.")
@bus_option
@click.pass_obj
def command(edge: Edge, repair: bool, as_json: bool) -> int:
    """Compare every bus, its archive and refs with each other, and look for what dead runs left behind.

    Exit 0 when all is well or could be repaired, 11 when something is left. Of the log it says whether it holds all that
    was anchored; lines after that may be lost with the power, and are told as a note. The archive, refs that hold a commit, and
    whatever an unfinished run needs are never touched.
    """
    repository = Repository.find(edge.cwd)
    named = Bus(bus_root(edge))
    linked = any(find_links(named))
    if not linked:
        bus_to_look_at(edge)  # raises when nothing there can be examined
    if repair:
        become_subreaper()
    seen = [
        _examine(each, repository, repair=repair) for each in ([named] if linked or named.task_id else buses(named))
    ]
    return _tell(
        [problem for problems, _, _ in seen for problem in problems],
        [problem for _, repaired, _ in seen for problem in repaired],
        alive=any(alive for _, _, alive in seen),
        as_json=as_json,
    )


def _examine(bus: Bus, repository: Repository, *, repair: bool) -> tuple[list[Problem], list[Problem], bool]:
    """Return what is wrong with one bus, what of it was repaired, and whether a run is alive there."""
    misplaced = list(examine_folders(bus, repository))
    if any(problem.code == "link" for problem in misplaced):  # nothing is read through it: there is no more to say
        return misplaced, [], False
    with locked(bus, repository, "loop fsck") if repair else nullcontext():
        alive = not repair and _run_lives(bus)
        problems = [*misplaced, *examine(bus, repository, alive=alive)]
        repaired = [problem for problem in problems if repair and problem.repair is not None]
        for problem in repaired:
            if problem.repair is not None:
                problem.repair()
    return problems, repaired, alive


def _tell(problems: Sequence[Problem], repaired: Sequence[Problem], *, alive: bool, as_json: bool) -> int:
    if as_json:
        for problem in problems:
            put_json(problem.to_document(repaired=problem in repaired), indent=None)
    else:
        put("\n".join(_lines(problems, repaired, alive=alive)))
    return EXIT_CODES[Outcome.NEEDS_PERSON if _left(problems, repaired) else Outcome.APPROVED]


def _left(problems: Sequence[Problem], repaired: Sequence[Problem]) -> int:
    return sum(not problem.note and problem not in repaired for problem in problems)


def _run_lives(bus: Bus) -> bool:
    holder = read_holder(bus.lock_path)
    return holder is not None and holder.alive() is not False


def _lines(problems: Sequence[Problem], repaired: Sequence[Problem], *, alive: bool) -> list[str]:
    lines = ["a run is alive: what it has under way is not judged"] if alive else []
    for problem in problems:
        lines.append(f"{problem.where}: {problem.text}")
        if problem in repaired:
            lines.append(f"  repaired: {problem.remedy}")
        elif problem.repair is not None:
            lines.append(f"  loop fsck --repair would {problem.remedy}")
        elif problem.hint:
            lines.append(f"  {problem.hint}")
    wrong = sum(not problem.note for problem in problems)
    return [*lines, f"{wrong} problem(s), {_left(problems, repaired)} left" if wrong else "all is well"]
