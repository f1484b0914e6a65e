"""`loop list`: every run that an archive knows, on whichever bus."""

import click

from loop_kit.cli.console import put
from loop_kit.cli.edge import Edge
from loop_kit.cli.looking import bus_to_look_at, cut, local_time, put_json
from loop_kit.cli.main import bus_option
from loop_kit.values.reading import write
from loop_kit.views.runs import Run, list_runs

_GOAL_CELLS = 60


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON list of objects.")
@bus_option
@click.pass_obj
def command(edge: Edge, as_json: bool) -> int:
    """List every run: its task, rounds, outcome, end and cost."""
    runs = list_runs(bus_to_look_at(edge))
    if as_json:
        put_json(write(runs))
    elif runs:
        put(_table([("RUN", "ROUNDS", "OUTCOME", "ENDED", "COST", "GOAL"), *map(_row, runs)]))
    else:
        put("no run yet", err=True)
    return 0


def _row(run: Run) -> tuple[str, ...]:
    cost = "unknown" if run.cost_usd is None else f"${run.cost_usd:.2f}"
    ended = local_time(run.ended_at) if run.ended_at else "-"
    return run.run_name, str(run.rounds), run.outcome, ended, cost, cut(" ".join(run.goal.split()), _GOAL_CELLS)


def _table(rows: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
