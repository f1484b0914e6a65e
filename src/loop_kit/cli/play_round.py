"""The round process: plays one round for the PM that started it."""

from collections.abc import Mapping
from pathlib import Path

from loop_kit.backends.registry import load_plugins
from loop_kit.bus.bus import Bus
from loop_kit.bus.lock import Lock
from loop_kit.cli.host import host_of, print_event
from loop_kit.cli.invocation import Invocation
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


def play(invocation: Invocation, bus: str, number: int, given: Mapping[str, str]) -> int:
    """Play the round that the PM asked for; print the error as an event when one ends it.

    `given` comes from `runs.round_process`: `--git-dir` and `--common-dir` of the repository, `--locks` with the descriptors
    of the PM's locks, `--parent` with its pid. The locks are held until the agent has ended, also when the PM was killed.
    """
    with listening() as interruption:
        try:
            return _play(host_of(invocation, interruption, print_event), Bus(Path(bus)), invocation, number, given)
        except LoopError as error:
            print_event(RoundFailed(outcome=error.outcome, message=error.message, hint=error.hint))
            raise


def _play(host: World, bus: Bus, invocation: Invocation, number: int, given: Mapping[str, str]) -> int:
    parent = int(given["--parent"])
    give_up_terminal()
    become_subreaper()
    if not die_with_parent(parent):
        raise TerminatedRunError("the process that started this round is gone", hint="loop run --resume goes on")
    repository = Repository.at(invocation.cwd, Path(given["--git-dir"]), Path(given["--common-dir"]))
    descriptors = list(map(int, given["--locks"].split(",")))
    paths = (bus.lock_path, repository.lock_path)[
        : len(descriptors)
    ]  # a run in a tree of its own has the one of its bus alone
    held = [Lock.adopt(descriptor, path) for descriptor, path in zip(descriptors, paths, strict=True)]
    state = bus.read_state()
    if state is None or state.round != number:
        raise StartError(
            f"{bus.state_path} is missing or names another round", hint="loop run --resume goes on, or says why not"
        )
    run = Run.load(host, bus, repository, state)
    load_plugins(run.settings.plugins)
    play_for_pm(run, parent)
    for lock in held:
        lock.close()
    return EXIT_CODES[Outcome.APPROVED if run.state.phase is Phase.DONE else Outcome.CHANGES_REQUIRED]
