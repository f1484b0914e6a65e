"""`loop run`: the PM, one round by hand, or the round process of a PM."""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from loop_kit.backends.registry import load_plugins
from loop_kit.bus.bus import Bus
from loop_kit.bus.lock import Lock
from loop_kit.cli.card_options import card_options, is_said, read_sketch
from loop_kit.cli.console import Lines, json_lines, put
from loop_kit.cli.locks import locked
from loop_kit.cli.main import Edge, bus_option
from loop_kit.cli.options import given_settings, settings_options
from loop_kit.cli.places import bus_root, scratch_root
from loop_kit.cli.settings import find_people, resolve
from loop_kit.errors import EXIT_CODES, LoopError, Outcome, StartError, TerminatedRunError, UsageError
from loop_kit.model.state import Phase, RunState
from loop_kit.processes.lineage import become_subreaper, die_with_parent
from loop_kit.processes.signals import listening
from loop_kit.rounds.cards import find_card, write_card
from loop_kit.rounds.context import Clock, World, utc_now
from loop_kit.rounds.loop import play_for_pm, run_loop, run_single_round
from loop_kit.rounds.process import ROUND_FAILED
from loop_kit.rounds.start import join_run, open_run
from loop_kit.rounds.wish import Wish
from loop_kit.vcs.repository import Repository


@click.command("run")
@click.option(
    "--task", metavar="CARD", help="A card's path, or its id in .loop/tasks/. [default: .loop/task_card.json]"
)
@card_options
@click.option("--base", metavar="REV", help="Count from this earlier commit: what was done since is part of round 1.")
@settings_options
@click.option("--single-round", is_flag=True, help="Play exactly one round: exit 0 approved, 10 changes required.")
@click.option("--round", "round_number", type=click.IntRange(min=1), help="With --single-round: the round it must be.")
@click.option("--resume", is_flag=True, help="Go on with the unfinished run.")
@click.option("--reset", is_flag=True, help="Archive the unfinished run and start anew; the card stays.")
@bus_option
@click.option("--locks", hidden=True, help="Descriptors of the locks a PM hands to its round process.")
@click.option("--parent", hidden=True, type=int, help="The PM's process id.")
@click.pass_obj
def command(edge: Edge, /, **flags: Any) -> int:
    """Run the review loop: worker, verification, reviewer, until approval or a named limit.

    What a flag does not say is taken from LOOP_* variables, then from .loop/config.toml. A resumed run goes on with the
    settings it was started with, and with the flags given now.
    """
    bus = Bus(bus_root(edge))
    parent, locks = flags.pop("parent"), flags.pop("locks")
    with listening() as interruption:
        world = World(
            environment=edge.environment,
            interruption=interruption,
            clock=Clock(now=utc_now, seconds=time.monotonic),
            listener=Lines() if locks is None else json_lines,
            scratch=scratch_root(edge),
            token=lambda: secrets.token_hex(8),
        )
        if locks is not None:
            return _for_pm(lambda: _round_process(world, bus, edge, locks=locks, parent=parent))
        return _run(world, bus, edge, flags)


def _run(world: World, bus: Bus, edge: Edge, flags: dict[str, Any]) -> int:
    wish = _wish(bus, edge, flags)
    repository = Repository.find(edge.cwd)
    if not bus.root.is_dir():
        raise StartError(f"{bus.root} does not exist", hint="loop init makes it")
    become_subreaper()
    with locked(bus, repository, "loop run") as locks:
        if is_said(flags):
            wish = replace(wish, card_path=_make_card(world, bus, edge, flags))
        ctx, state = open_run(world, bus, repository, wish, locks)
        state = run_single_round(ctx, state) if wish.single_round else run_loop(ctx, state)
    return _report(bus, state)


def _make_card(world: World, bus: Bus, edge: Edge, flags: dict[str, Any]) -> Path | None:
    """Write the card that the flags say; None when an unfinished run stands in the way, which is said later."""
    state = bus.read_state()
    if state is not None and state.unfinished and not flags["reset"]:
        return None
    path = write_card(bus, read_sketch(flags, edge, world.interruption))
    put(f"made {bus.name(path)}", err=True)
    return path


def _wish(bus: Bus, edge: Edge, flags: dict[str, Any]) -> Wish:
    given = given_settings(flags)
    _check_flags(flags)
    card = find_card(bus, flags["task"], edge.cwd) if flags["task"] else None
    return Wish(
        card_path=card,
        settings=resolve(bus.config_path, edge.environment, given),
        given=given,
        people=find_people(bus.config_path, edge.environment, given),
        base=flags["base"] or "",
        resume=flags["resume"],
        reset=flags["reset"],
        single_round=flags["single_round"],
        round_number=flags["round_number"],
    )


def _check_flags(flags: Mapping[str, Any]) -> None:
    if flags["resume"] and flags["reset"]:
        raise UsageError("--resume and --reset contradict each other", hint="say one of them")
    if is_said(flags) and (flags["task"] or flags["resume"]):
        raise UsageError("--goal and --from-check are for a new card", hint="leave out --task and --resume, or these")
    if flags["resume"] and flags["base"]:
        raise UsageError("--base is for a new run, and --resume goes on with one", hint="leave --base out")
    if flags["round_number"] is not None and not flags["single_round"]:
        raise UsageError("--round goes with --single-round", hint="leave it out, or add --single-round")


def _for_pm(play: Callable[[], int]) -> int:
    """Play, and tell the PM by what name it ended when it did not end well."""
    try:
        return play()
    except LoopError as error:
        json_lines(ROUND_FAILED, {"outcome": str(error.outcome), "message": error.message, "hint": error.hint})
        raise


def _round_process(world: World, bus: Bus, edge: Edge, *, locks: str, parent: int) -> int:
    """Play the round that the PM asked for; it holds the locks until its agent has ended, whatever becomes of the PM."""
    become_subreaper()
    if not die_with_parent(parent):
        raise TerminatedRunError("the process that started this round is gone", hint="loop run --resume goes on")
    repository = Repository.find(edge.cwd)
    fds = [int(text) for text in locks.split(",")]
    paths = (bus.lock_path, repository.git_dir / "loop.lock")
    held = [Lock.adopt(fd, path) for fd, path in zip(fds, paths, strict=True)]
    state = bus.read_state()
    if state is None:
        raise StartError(f"{bus.state_path} is gone", hint="loop run starts a new run")
    ctx = join_run(world, bus, repository, state)
    load_plugins(ctx.settings.plugins)
    state = play_for_pm(ctx, state, parent)
    for lock in held:
        lock.close()
    return EXIT_CODES[Outcome.APPROVED if state.phase is Phase.DONE else Outcome.CHANGES_REQUIRED]


def _report(bus: Bus, state: RunState) -> int:
    """Say how it ended: on stdout, because it is the result."""
    if state.phase is not Phase.DONE:
        put(f"round {state.round - 1}: changes required; {bus.path('fix_list')} says which")
        return EXIT_CODES[Outcome.CHANGES_REQUIRED]
    put(ending_text(bus, state))
    return EXIT_CODES[Outcome.APPROVED]


_GROUNDS = {
    None: "approved, unverified (no check is configured)",
    False: "approved, unverified (no check bears it out)",
    True: "approved, and loop's own checks pass",
}


def ending_text(bus: Bus, state: RunState) -> str:
    """Return the lines that end an approved run: what was approved, on what grounds, and where to look."""
    rounds = f"{state.round} round" + ("s" if state.round > 1 else "")
    grounds = _GROUNDS[(bus.read("summary") or {}).get("verified")]
    return "\n".join(
        [
            f"{state.place}: {grounds}, after {rounds}",
            f"  {state.base_sha[:12]}..{state.head_sha[:12]} on {state.branch or 'a detached HEAD'}",
            *(
                ["  the person who did the work reviewed it too"]
                if (bus.read("summary") or {}).get("self_review")
                else []
            ),
            f"  look at it:  git diff {state.base_sha[:12]} {state.head_sha[:12]}",
            f"  the story:   {bus.path('summary')}",
        ]
    )
