"""Where the repository is loop's own, a run changes the code that it runs.

Each process keeps to the code that it began with; the next round runs the new code, which has to start.
"""

import pkgutil
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import loop_kit
from loop_kit.engine.run import Run
from loop_kit.model.change import Effect, Finding
from loop_kit.processes.briefly import run_briefly
from loop_kit.processes.spawn import Command
from loop_kit.vcs.repository import Repository

_SECONDS = 60.0
_PROBE = """
import importlib, pkgutil, sys
packages = sys.argv[1:]
for package in packages:
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            if str(error.name).partition(".")[0] in packages:
                raise  # else it is of an extra that is not installed
"""


def read_all_code(repository: Repository) -> None:
    """Import all that loop has when it runs from this repository: what is imported later may be newer than the rest."""
    if _is_own(repository):
        for package in _own_packages():
            for module in pkgutil.walk_packages(import_module(package).__path__, f"{package}."):
                with suppress(Exception):  # an extra that is not installed; or it fails as well when it is needed
                    import_module(module.name)


def _is_own(repository: Repository) -> bool:
    return Path(loop_kit.__file__).resolve().is_relative_to(repository.root.resolve())


def _own_packages() -> list[str]:
    """Return the packages that come with loop: itself, and what its own entry points name."""
    from importlib.metadata import PackageNotFoundError, distribution  # noqa: PLC0415  (as above)

    try:
        entries = distribution("loop-kit").entry_points
    except PackageNotFoundError:
        return [loop_kit.__name__]
    return sorted({entry.module.partition(".")[0] for entry in entries})


def find_broken_loop(run: Run) -> tuple[Finding, ...]:
    """Return a finding when loop runs from this repository and its code, as it lies there now, cannot be imported.

    It is asked within the round, by a process of its own, while the old code is still loaded here: the worker can mend it.
    """
    if not _is_own(run.tree):
        return ()

    command = Command(
        argv=(sys.executable, "-P", "-E", "-c", _PROBE, *_own_packages()),
        env=run.world.environment,
        cwd=run.tree.root,
    )
    done = run_briefly(command, timeout=_SECONDS, interruption=run.world.interruption)
    if done.code == 0:
        return ()
    last = done.stderr.strip().rpartition("\n")[2]
    text = f"loop itself runs from this repository, and at this head it cannot be imported: {last}"
    return (Finding(effect=Effect.ASK_AGAIN, code="loop_does_not_start", text=text),)
