"""From a command line to an exit code.

The commands that are called most (`status`, `health`, `--version`) and the round process, which only a PM calls, are
answered without the command line's parser, whose import takes longer than the answer. Each imports what it needs itself.
"""

# ruff: noqa: PLC0415  (as said above)

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from loop_kit import __version__
from loop_kit.cli.boundary import print_error, within_boundary
from loop_kit.cli.streams import prepare
from loop_kit.errors import Outcome, StartError

if TYPE_CHECKING:
    from loop_kit.cli.invocation import Invocation

_HANDED = ("--git-dir", "--common-dir", "--locks", "--parent")  # flags of a round process, in the PM's order


def main(argv: Sequence[str]) -> int:
    """Run one command and return its exit code; errors that a person can cause are one sentence on stderr."""
    if sys.platform == "win32":
        return print_error(
            "loop does not run on Windows, which lacks process groups and flock", "use WSL", Outcome.INVALID
        )
    environment = dict(os.environ)
    _disarm_git()
    prepare()

    def call() -> Any:
        folder = _current_folder()
        if tuple(argv) == ("--version",):
            sys.stdout.write(f"loop, version {__version__}\n")
            return 0
        from pathlib import Path

        from loop_kit.cli.invocation import Invocation

        invocation = Invocation(environment=environment, cwd=Path(folder), loop_dir=environment.get("LOOP_DIR"))
        return _command(tuple(argv))(invocation)

    return within_boundary(environment, call)


def _command(argv: tuple[str, ...]) -> Callable[["Invocation"], Any]:
    """Return the function that runs this command line."""
    match argv:
        case ("--loop-dir", bus, "run", "--single-round", "--round", number, *given) if tuple(given[:8:2]) == _HANDED:
            return _round(bus, int(number), dict(zip(given[::2], given[1::2], strict=False)), given[-1])
        case ("status",):
            from loop_kit.cli.status_view import print_status

            return print_status
        case ("status", "--json"):
            from loop_kit.cli.status_view import print_status_json

            return print_status_json
        case ("health",):
            from loop_kit.cli.health_view import print_health

            return print_health
        case ("health", "--json"):
            from loop_kit.cli.health_view import print_health_json

            return print_health_json
        case _:
            from loop_kit.cli.main import run_command

            return lambda invocation: run_command(argv, invocation)


def _round(bus: str, number: int, given: Mapping[str, str], last: str) -> Callable[["Invocation"], Any]:
    """Return the function that plays a round for the PM; `given` maps flags to their values."""
    if last == "--stand-by":
        from loop_kit.runs.stand_by import stand_by

        if not stand_by(int(given["--parent"])):  # before any other code of loop is imported
            return lambda _invocation: 0
    from loop_kit.cli.play_round import play

    return lambda invocation: play(invocation, bus, number, given)


def _current_folder() -> str:
    try:
        return os.getcwd()  # noqa: PTH109  (pathlib takes longer to import than the version to print)
    except OSError as error:
        raise StartError(
            f"the current folder is not there: {error.strerror}", hint="cd to a folder that exists"
        ) from None


def _disarm_git() -> None:
    """Remove the caller's `GIT_*` variables: inside a git hook they point every git command at the wrong repository."""
    for name in [name for name in os.environ if name.startswith("GIT_") and not name.startswith("GIT_CONFIG_")]:
        del os.environ[name]
