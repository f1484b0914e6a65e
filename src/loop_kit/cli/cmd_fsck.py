"""`loop fsck`: whether the bus is consistent, and what dead runs left behind."""

from collections.abc import Sequence
from contextlib import nullcontext

import click

from loop_kit.bus.bus import Bus
from loop_kit.bus.buses import buses
from loop_kit.bus.lock import read_holder
from loop_kit.bus.own_folders import find_links
from loop_kit.cli.console import print_
from loop_kit.cli.invocation import Invocation
from loop_kit.cli.locks import locked
from loop_kit.cli.main import bus_option
from loop_kit.cli.places import bus_root
from loop_kit.cli.printing import print_json
from loop_kit.cli.targets import existing_bus
from loop_kit.errors import EXIT_CODES, Outcome
from loop_kit.fsck.examine import examine
from loop_kit.fsck.own_folders import examine_folders
from loop_kit.fsck.problem import Problem
from loop_kit.model.figures import counted
from loop_kit.processes.lineage import become_subreaper
from loop_kit.vcs.repository import Repository


@click.command("fsck")
@click.option("--repair", is_flag=True, help="Repair what can be repaired without loss; takes the locks of a run.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per problem.")
@bus_option
@click.pass_obj
def command(invocation: Invocation, repair: bool, as_json: bool) -> int:
    """Compare every bus, its archive and refs with each other, and look for what dead runs left behind.

    Exit 0 when nothing is wrong or everything was repaired, 11 when a problem is left. The event log has to hold all that was
    anchored; lines after the anchor, which a power failure may lose, are a note and not a problem. The archive, refs that hold
    a commit, and what an unfinished run needs are never changed.
    """
    repository = Repository.find(invocation.cwd)
    named = Bus(bus_root(invocation))
    linked = any(find_links(named))
    if not linked:
        existing_bus(invocation)  # raises when nothing there can be examined
    if repair:
        become_subreaper()
    seen = [
        _examine(each, repository, repair=repair) for each in ([named] if linked or named.task_id else buses(named))
    ]
    return _print(
        [problem for problems, _, _ in seen for problem in problems],
        [problem for _, repaired, _ in seen for problem in repaired],
        alive=any(alive for _, _, alive in seen),
        as_json=as_json,
    )


def _examine(bus: Bus, repository: Repository, *, repair: bool) -> tuple[list[Problem], list[Problem], bool]:
    """Return what is wrong with one bus, what of it was repaired, and whether a run is alive there."""
    misplaced = list(examine_folders(bus, repository))
    if any(problem.code == "link" for problem in misplaced):  # nothing is read through a link
        return misplaced, [], False
    with locked(bus, repository, "loop fsck") if repair else nullcontext():
        alive = not repair and _run_lives(bus)
        problems = [*misplaced, *examine(bus, repository, alive=alive)]
        repaired = [problem for problem in problems if repair and problem.repair is not None]
        for problem in repaired:
            if problem.repair is not None:
                problem.repair()
    return problems, repaired, alive


def _print(problems: Sequence[Problem], repaired: Sequence[Problem], *, alive: bool, as_json: bool) -> int:
    if as_json:
        for problem in problems:
            print_json(problem.to_document(repaired=problem in repaired), indent=None)
    else:
        print_("\n".join(_lines(problems, repaired, alive=alive)))
    return EXIT_CODES[Outcome.NEEDS_PERSON if _left(problems, repaired) else Outcome.APPROVED]


def _left(problems: Sequence[Problem], repaired: Sequence[Problem]) -> int:
    return sum(not problem.note and problem not in repaired for problem in problems)


def _run_lives(bus: Bus) -> bool:
    holder = read_holder(bus.lock_path)
    return holder is not None and holder.alive() is not False


def _lines(problems: Sequence[Problem], repaired: Sequence[Problem], *, alive: bool) -> list[str]:
    lines = ["a run is alive: its own work in progress is not examined"] if alive else []
    for problem in problems:
        lines.append(f"{problem.where}: {problem.text}")
        if problem in repaired:
            lines.append(f"  repaired: {problem.remedy}")
        elif problem.repair is not None:
            lines.append(f"  loop fsck --repair would {problem.remedy}")
        elif problem.hint:
            lines.append(f"  {problem.hint}")
    wrong = sum(not problem.note for problem in problems)
    verdict = f"{counted(wrong, 'problem')}, {_left(problems, repaired)} left" if wrong else "no problems"
    return [*lines, verdict]
