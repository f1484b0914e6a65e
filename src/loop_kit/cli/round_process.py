"""The round process: one round, played for the PM that started it, in a memory of its own."""

from collections.abc import Mapping
from pathlib import Path

from loop_kit.backends.registry import load_plugins
from loop_kit.bus.bus import Bus
from loop_kit.bus.lock import Lock
from loop_kit.cli.edge import Edge
from loop_kit.cli.world import json_lines, world_of
from loop_kit.engine.run import Run
from loop_kit.engine.world import World
from loop_kit.errors import EXIT_CODES, LoopError, Outcome, StartError, TerminatedRunError
from loop_kit.model.shown_events import RoundFailed
from loop_kit.model.state import Phase
from loop_kit.processes.lineage import become_subreaper, die_with_parent
from loop_kit.processes.signals import listening
from loop_kit.processes.tty import give_up_terminal
from loop_kit.steps.round import play_for_pm
from loop_kit.vcs.repository import Repository


def play(edge: Edge, bus: str, number: int, given: Mapping[str, str]) -> int:
    """Play the round that the PM asked for, and tell it by what name it ended when it did not end well.

    `given` is what `runs.round_process` hands over: `--git-dir` and `--common-dir` of the repository, `--locks` with the
    descriptors of the locks that the PM holds, `--parent` with its pid. The locks are held until the agent has ended,
    whatever becomes of the PM.
    """
    with listening() as interruption:
        try:
            return _play(world_of(edge, interruption, json_lines), Bus(Path(bus)), edge, number, given)
        except LoopError as error:
            json_lines(RoundFailed(outcome=error.outcome, message=error.message, hint=error.hint))
            raise


def _play(world: World, bus: Bus, edge: Edge, number: int, given: Mapping[str, str]) -> int:
    parent = int(given["--parent"])
    give_up_terminal()
    become_subreaper()
    if not die_with_parent(parent):
        raise TerminatedRunError("the process that started this round is gone", hint="loop run --resume goes on")
    repository = Repository.at(edge.cwd, Path(given["--git-dir"]), Path(given["--common-dir"]))
    descriptors = list(map(int, given["--locks"].split(",")))
    paths = (bus.lock_path, repository.lock_path)[
        : len(descriptors)
    ]  # a run in a tree of its own has the one of its bus alone
    held = [Lock.adopt(descriptor, path) for descriptor, path in zip(descriptors, paths, strict=True)]
    state = bus.read_state()
    if state is None or state.round != number:
        raise StartError(
            f"{bus.state_path} is gone or of another round", hint="loop run --resume goes on, or says why not"
        )
    run = Run.load(world, bus, repository, state)
    load_plugins(run.settings.plugins)
    play_for_pm(run, parent)
    for lock in held:
        lock.close()
    return EXIT_CODES[Outcome.APPROVED if run.state.phase is Phase.DONE else Outcome.CHANGES_REQUIRED]
