"""From a command line to an exit code.

What is asked for again and again is answered without the command line's parser, whose import takes longer than the
answer: the state of a run, its health, the version; and the round process, which a PM calls and nobody else.
"""

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from loop_kit import __version__
from loop_kit.cli.boundary import say, within_boundary
from loop_kit.cli.edge import Edge
from loop_kit.cli.streams import prepare
from loop_kit.errors import Outcome, StartError

# A command line, whole -> the function that answers it as the parser's command would.
_AT_ONCE = {
    ("status",): ("loop_kit.cli.standing", "show"),
    ("status", "--json"): ("loop_kit.cli.standing", "show_json"),
    ("health",): ("loop_kit.cli.pulse", "show"),
    ("health", "--json"): ("loop_kit.cli.pulse", "show_json"),
}


def main(argv: Sequence[str]) -> int:
    """Run one command and return its exit code; everything a person can cause is one sentence on stderr."""
    if sys.platform == "win32":
        return say("loop needs process groups and flock, which Windows does not have", "use WSL", Outcome.INVALID)
    environment = dict(os.environ)
    _disarm_git()
    prepare()

    def call() -> Any:
        edge = Edge(environment=environment, cwd=_current_folder(), loop_dir=environment.get("LOOP_DIR"))
        return _command(tuple(argv))(edge)

    return within_boundary(environment, call)


def _command(argv: tuple[str, ...]) -> Callable[[Edge], Any]:
    """Return what carries the command line out."""
    if argv in _AT_ONCE:
        module, name = _AT_ONCE[argv]
        found: Callable[[Edge], Any] = getattr(importlib.import_module(module), name)
        return found
    match argv:
        case ("--version",):
            return _say_version
        case ("--loop-dir", bus, "run", "--single-round", "--round", number, "--locks", locks, "--parent", pid, *more):
            if more:
                from loop_kit.cli.stand_by import stand_by  # noqa: PLC0415  (before any other code of loop is read)

                stand_by(int(pid))
            from loop_kit.cli.round_process import play  # noqa: PLC0415  (only the round process needs it)

            return lambda edge: play(edge, bus, int(number), locks=locks, parent=int(pid))
        case _:
            from loop_kit.cli.main import run_command  # noqa: PLC0415  (it brings the parser)

            return lambda edge: run_command(argv, edge)


def _say_version(_edge: Edge) -> int:
    sys.stdout.write(f"loop, version {__version__}\n")
    return 0


def _current_folder() -> Path:
    try:
        return Path.cwd()
    except OSError as error:
        raise StartError(f"the current folder cannot be told: {error.strerror}", hint="cd to one that exists") from None


def _disarm_git() -> None:
    """Forget the `GIT_*` of whoever started loop: inside a git hook they point every later git call at the wrong place."""
    for name in [name for name in os.environ if name.startswith("GIT_") and not name.startswith("GIT_CONFIG_")]:
        del os.environ[name]
