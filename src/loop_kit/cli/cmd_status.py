"""`loop status`: one screen, read from the bus alone."""

import json
import shutil
import sys

import click

from loop_kit.bus.bus import Bus
from loop_kit.cli.console import print_
from loop_kit.cli.invocation import Invocation
from loop_kit.cli.main import bus_option
from loop_kit.cli.printing import now
from loop_kit.cli.status_view import lines_of, print_status, print_status_json, screen_of
from loop_kit.cli.targets import bus_of_run
from loop_kit.errors import EXIT_CODES, Outcome
from loop_kit.processes.signals import listening
from loop_kit.values.reading import write
from loop_kit.views.run_status import read_status

_EVERY_SECONDS = 2.0
_SHORTEST_SECONDS = 0.1


@click.command("status")
@click.argument("task", required=False, default="", metavar="[TASK]")
@click.option("--json", "as_json", is_flag=True, help="The same as one JSON object.")
@click.option(
    "--watch",
    "every",
    is_flag=False,
    flag_value=_EVERY_SECONDS,
    type=click.FloatRange(min=_SHORTEST_SECONDS),
    metavar="[SECONDS]",
    help=f"Show it again every SECONDS until Ctrl-C. [without a number: {_EVERY_SECONDS:g}]",
)
@bus_option
@click.pass_obj
def command(invocation: Invocation, task: str, as_json: bool, every: float | None) -> int:
    """Show where the run stands, since when, who works, what happened last and what to do next.

    TASK names a run on any bus; without it the runs on other buses are listed in short.
    """
    if every is not None:
        return _watch(bus_of_run(invocation, task), every, as_json=as_json)
    return print_status_json(invocation, task) if as_json else print_status(invocation, task)


def _watch(bus: Bus, every: float, *, as_json: bool) -> int:
    """Print the status again and again; on a terminal in place, with the cursor always on the line below."""
    in_place = sys.stdout.isatty() and not as_json
    with listening() as interruption:
        drawn, heard = 0, True
        while heard and interruption.requested is None:
            at = now()
            status = read_status(bus, at)
            if in_place:
                drawn = _redraw(screen_of(status, at), drawn)
            else:
                heard = print_(json.dumps(write(status)) if as_json else "\n".join([*lines_of(status, at), ""]))
            interruption.sleep(every)
    ended_by_person = interruption.requested is None or interruption.requested.name == "SIGINT"
    return 0 if ended_by_person else EXIT_CODES[Outcome.TERMINATED]


def _redraw(lines: list[str], drawn: int) -> int:
    """Replace the screen before, of `drawn` lines; return the number of lines now."""
    lines = lines[: shutil.get_terminal_size().lines - 1]
    back = f"\x1b[{drawn}A\r" if drawn else ""
    sys.stdout.write(f"{back}\x1b[J" + "".join(f"{line}\n" for line in lines))
    sys.stdout.flush()
    return len(lines)
