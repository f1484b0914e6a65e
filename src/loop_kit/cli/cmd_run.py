"""`loop run`: the PM, or a single round."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from loop_kit.bus.bus import Bus
from loop_kit.cli.card_options import card_options, describes_task, read_sketch
from loop_kit.cli.host import host_of
from loop_kit.cli.invocation import Invocation
from loop_kit.cli.listeners import QuietListener, choose_listener
from loop_kit.cli.locks import locked
from loop_kit.cli.main import bus_option
from loop_kit.cli.options import given_settings, settings_options
from loop_kit.cli.places import bus_root
from loop_kit.cli.run_bus import choose_bus, has_own_tree
from loop_kit.cli.run_ending import read_ending
from loop_kit.cli.settings import find_people, resolve
from loop_kit.cli.streams import let_go_when
from loop_kit.commands.cards import find_card, write_card
from loop_kit.engine.run import Run
from loop_kit.engine.world import World
from loop_kit.errors import EXIT_CODES, LoopError, StartError, UsageError
from loop_kit.model.shown_events import CardMade
from loop_kit.processes.lineage import become_subreaper
from loop_kit.processes.signals import listening
from loop_kit.runs.coordinator import run_loop, run_single_round
from loop_kit.runs.run_request import RunRequest
from loop_kit.runs.start import open_run
from loop_kit.values import replace
from loop_kit.vcs.repository import Repository


@click.command("run")
@click.option(
    "--task", metavar="CARD", help="A card's path, or its id in .loop/tasks/. [default: .loop/task_card.json]"
)
@card_options
@click.option(
    "--base", metavar="REV", help="Begin at this earlier commit: what was committed since is part of round 1."
)
@settings_options
@click.option(
    "--worktree", is_flag=True, help="Give the run a tree of its own, and the bus .loop/runs/TASK: yours stays yours."
)
@click.option("--single-round", is_flag=True, help="Play exactly one round: exit 0 approved, 10 changes required.")
@click.option(
    "--round",
    "round_number",
    type=click.IntRange(min=1),
    help="With --single-round: the number it must have.",
)
@click.option("--resume", is_flag=True, help="Go on with the unfinished run.")
@click.option("--reset", is_flag=True, help="Archive the unfinished run and start a new one; the card stays.")
@click.option("--json", "as_json", is_flag=True, help="One event per line on standard output, the ending last.")
@click.option("--quiet", is_flag=True, help="Print only how it ended.")
@bus_option
@click.pass_obj
def command(invocation: Invocation, /, **flags: Any) -> int:
    """Run the review loop: worker, verification, reviewer, until approval or a named limit.

    Settings come from flags, then from LOOP_* variables, then from .loop/config.toml. A resumed run keeps the settings it
    was started with, except for the flags given now.
    """
    bus = Bus(bus_root(invocation))
    as_json, quiet = flags.pop("as_json"), flags.pop("quiet")
    with listening() as interruption:
        let_go_when(lambda: interruption.requested is not None or bus.stop_requested())
        with choose_listener(invocation, as_json=as_json, quiet=quiet) as listener:
            host = replace(host_of(invocation, interruption, listener.hear), tick=listener.tick)
            if describes_task(flags) and flags["worktree"]:
                flags["task"] = str(_make_card(host, bus, invocation, flags))
                flags |= {"goal": None, "from_check": None, "criteria": (), "scope": (), "checks": ()}
            if flags["worktree"] and not flags["task"]:
                flags["task"] = str(bus.card_path)
            bus = choose_bus(bus, flags, find_card(bus, flags["task"], invocation.cwd) if flags["task"] else None)
            return _run(host, bus, invocation, flags, listener)


def _run(host: World, bus: Bus, invocation: Invocation, flags: dict[str, Any], listener: QuietListener) -> int:
    """Run to the end and print the ending; raise the error that ended the run unless the listener has shown it."""
    request = _request(bus, invocation, flags)
    repository = Repository.find(invocation.cwd)
    if not (bus.task_id or bus.root.is_dir()):
        raise StartError(f"{bus.root} does not exist", hint="loop init makes it")
    if request.card_path is not None and not bus.root.exists():
        bus.read_card(request.card_path)  # no bus is made for a card that is not there
    become_subreaper()
    own = flags["worktree"] or (request.resume and has_own_tree(bus))
    with locked(bus, None if own else repository, "loop run") as locks:
        if describes_task(flags):
            request = replace(request, card_path=_make_card(host, bus, invocation, flags))
        run = open_run(host, bus, repository, request, locks)
        error = _play(run, single_round=request.single_round)
        ending = read_ending(run, error, invocation)
    shown = listener.end(ending)
    if error is not None and not shown:
        raise error
    return EXIT_CODES[ending.outcome]


def _play(run: Run, *, single_round: bool) -> LoopError | None:
    """Play to the end and return the error that ended it, None for an approval or a finished single round."""
    try:
        run_single_round(run) if single_round else run_loop(run)
    except LoopError as error:
        return error
    return None


def _make_card(host: World, bus: Bus, invocation: Invocation, flags: dict[str, Any]) -> Path | None:
    """Write the card that the flags describe; None when there is an unfinished run, which is refused later."""
    state = bus.read_state()
    if state is not None and state.unfinished and not flags["reset"]:
        return None
    path = write_card(bus, replace(read_sketch(flags, invocation, host.interruption), task_id=bus.task_id))
    host.listener(CardMade(path=bus.name(path)))
    return path


def _request(bus: Bus, invocation: Invocation, flags: dict[str, Any]) -> RunRequest:
    given = given_settings(flags)
    _check_flags(flags)
    return RunRequest(
        card_path=_named_card(bus, invocation, flags),
        settings=resolve(bus.config_path, invocation.environment, given),
        given=given,
        people=find_people(bus.config_path, invocation.environment, given),
        base=flags["base"] or "",
        worktree=flags["worktree"],
        resume=flags["resume"],
        reset=flags["reset"],
        single_round=flags["single_round"],
        round_number=flags["round_number"],
    )


def _named_card(bus: Bus, invocation: Invocation, flags: Mapping[str, Any]) -> Path | None:
    """Return the card that was named; the bus of a task that has none yet takes the one with its id, None is the bus's own."""
    if flags["task"]:
        return find_card(bus, flags["task"], invocation.cwd)
    return (
        bus.tasks / f"{bus.task_id}.json"
        if bus.task_id and not (describes_task(flags) or bus.card_path.exists())
        else None
    )


def _check_flags(flags: Mapping[str, Any]) -> None:
    if flags["resume"] and flags["reset"]:
        raise UsageError("--resume and --reset contradict each other", hint="give one of them")
    if describes_task(flags) and (flags["task"] or flags["resume"]):
        raise UsageError("--goal and --from-check make a new card", hint="leave out --task and --resume")
    if flags["resume"] and flags["base"]:
        raise UsageError("--base is for a new run, and --resume goes on with an old one", hint="leave out --base")
    if flags["round_number"] is not None and not flags["single_round"]:
        raise UsageError("--round needs --single-round", hint="add --single-round, or leave out --round")
