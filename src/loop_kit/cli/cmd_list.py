"""`loop list`: every run in the archives of all buses."""

import click

from loop_kit.cli.console import print_
from loop_kit.cli.invocation import Invocation
from loop_kit.cli.main import bus_option
from loop_kit.cli.printing import cut, local_time, print_json
from loop_kit.cli.targets import existing_bus
from loop_kit.model.figures import dollars
from loop_kit.values.reading import write
from loop_kit.views.runs import RunEntry, list_runs

_GOAL_CELLS = 60


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON list of objects.")
@bus_option
@click.pass_obj
def command(invocation: Invocation, as_json: bool) -> int:
    """List every run: its task, rounds, outcome, end and cost."""
    runs = list_runs(existing_bus(invocation))
    if as_json:
        print_json(write(runs))
    elif runs:
        print_(_table([("RUN", "ROUNDS", "OUTCOME", "ENDED", "COST", "GOAL"), *map(_row, runs)]))
    else:
        print_("no run yet", err=True)
    return 0


def _row(run: RunEntry) -> tuple[str, ...]:
    ended = local_time(run.ended_at) if run.ended_at else "-"
    return (
        run.run_name,
        str(run.rounds),
        run.outcome,
        ended,
        dollars(run.known_usd, partly=run.cost_usd is None),
        cut(" ".join(run.goal.split()), _GOAL_CELLS),
    )


def _table(rows: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
