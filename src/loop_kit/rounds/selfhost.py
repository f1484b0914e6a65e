"""Where the repository is loop's own, a run changes the code that it runs.

Each process keeps to the code that it began with; the next round runs the new code, which has to start.
"""

import pkgutil
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import loop_kit
from loop_kit.model.change import Effect, Finding
from loop_kit.processes.briefly import run_briefly
from loop_kit.processes.spawn import Command
from loop_kit.rounds.context import RunContext
from loop_kit.vcs.repository import Repository

_SECONDS = 60.0
_PROBE = """
import importlib, pkgutil, loop_kit
for module in pkgutil.walk_packages(loop_kit.__path__, "loop_kit."):
    try:
        importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] == "loop_kit":
            raise  # else it is of an extra that is not installed
"""


def read_all_code(repository: Repository) -> None:
    """Import all that loop has when it runs from this repository: what is imported later may be newer than the rest."""
    if _is_own(repository):
        for module in pkgutil.walk_packages(loop_kit.__path__, "loop_kit."):
            with suppress(Exception):  # an extra that is not installed; or it fails as well when it is needed
                import_module(module.name)


def _is_own(repository: Repository) -> bool:
    return Path(loop_kit.__file__).resolve().is_relative_to(repository.root.resolve())


def find_broken_loop(ctx: RunContext) -> tuple[Finding, ...]:
    """Return a finding when loop runs from this repository and its code, as it lies there now, cannot be imported.

    It is asked within the round, by a process of its own, while the old code is still loaded here: the worker can mend it.
    """
    if not _is_own(ctx.repository):
        return ()

    command = Command(
        argv=(sys.executable, "-P", "-E", "-c", _PROBE), env=ctx.world.environment, cwd=ctx.repository.root
    )
    done = run_briefly(command, timeout=_SECONDS, interruption=ctx.world.interruption)
    if done.code == 0:
        return ()
    last = done.stderr.strip().rpartition("\n")[2]
    text = f"loop itself runs from this repository, and at this head it cannot be imported: {last}"
    return (Finding(effect=Effect.ASK_AGAIN, code="loop_does_not_start", text=text),)
