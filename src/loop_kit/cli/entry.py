"""From a command line to an exit code.

What is asked for again and again is answered without the command line's parser, whose import takes longer than the
answer: the state of a run, its health, the version; and the round process, which a PM calls and nobody else.
Each of these imports what it needs itself: nothing should take time before it is known what is asked.
"""

# ruff: noqa: PLC0415  (as said above)

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from loop_kit import __version__
from loop_kit.cli.boundary import say, within_boundary
from loop_kit.cli.streams import prepare
from loop_kit.errors import Outcome, StartError

if TYPE_CHECKING:
    from loop_kit.cli.edge import Edge

_HANDED = ("--git-dir", "--common-dir", "--locks", "--parent")  # what a PM gives a round process, in this order


def main(argv: Sequence[str]) -> int:
    """Run one command and return its exit code; everything a person can cause is one sentence on stderr."""
    if sys.platform == "win32":
        return say("loop needs process groups and flock, which Windows does not have", "use WSL", Outcome.INVALID)
    environment = dict(os.environ)
    _disarm_git()
    prepare()

    def call() -> Any:
        folder = _current_folder()
        if tuple(argv) == ("--version",):
            sys.stdout.write(f"loop, version {__version__}\n")
            return 0
        from pathlib import Path

        from loop_kit.cli.edge import Edge

        edge = Edge(environment=environment, cwd=Path(folder), loop_dir=environment.get("LOOP_DIR"))
        return _command(tuple(argv))(edge)

    return within_boundary(environment, call)


def _command(argv: tuple[str, ...]) -> Callable[["Edge"], Any]:
    """Return what carries the command line out."""
    match argv:
        case ("--loop-dir", bus, "run", "--single-round", "--round", number, *given) if tuple(given[:8:2]) == _HANDED:
            return _round(bus, int(number), dict(zip(given[::2], given[1::2], strict=False)), given[-1])
        case ("status",):
            from loop_kit.cli.standing import show

            return show
        case ("status", "--json"):
            from loop_kit.cli.standing import show_json

            return show_json
        case ("health",):
            from loop_kit.cli.pulse import show as show_pulse

            return show_pulse
        case ("health", "--json"):
            from loop_kit.cli.pulse import show_json as show_pulse_json

            return show_pulse_json
        case _:
            from loop_kit.cli.main import run_command

            return lambda edge: run_command(argv, edge)


def _round(bus: str, number: int, given: Mapping[str, str], last: str) -> Callable[["Edge"], Any]:
    """Return what plays a round for the PM, which gives what it knows as pairs of words."""
    if last == "--stand-by":
        from loop_kit.runs.stand_by import stand_by

        if not stand_by(int(given["--parent"])):  # before any other code of loop is read
            return lambda _edge: 0
    from loop_kit.cli.round_process import play

    return lambda edge: play(edge, bus, number, given)


def _current_folder() -> str:
    try:
        return os.getcwd()  # noqa: PTH109  (pathlib takes longer to import than the version to print)
    except OSError as error:
        raise StartError(f"the current folder cannot be told: {error.strerror}", hint="cd to one that exists") from None


def _disarm_git() -> None:
    """Forget the `GIT_*` of whoever started loop: inside a git hook they point every later git call at the wrong place."""
    for name in [name for name in os.environ if name.startswith("GIT_") and not name.startswith("GIT_CONFIG_")]:
        del os.environ[name]
