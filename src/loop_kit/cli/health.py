"""`loop health`: whether what should live lives."""

import click

from loop_kit.cli.edge import Edge
from loop_kit.cli.main import bus_option
from loop_kit.cli.pulse import TTL_SECONDS, show, show_json


@click.command("health")
@click.argument("task", required=False, default="", metavar="[TASK]")
@click.option(
    "--heartbeat-ttl",
    "ttl",
    type=click.FloatRange(min=0, min_open=True),
    default=TTL_SECONDS,
    metavar="SECONDS",
    help=f"How old a heartbeat may be. [default: {TTL_SECONDS:g}]",
)
@click.option("--json", "as_json", is_flag=True, help="The same as one JSON object.")
@bus_option
@click.pass_obj
def command(edge: Edge, task: str, ttl: float, as_json: bool) -> int:
    """Tell whether the PM and the agents live, from their processes and heartbeats; without TASK those of every run.

    Exit 0 when everything lives that should, which is nothing while no run is going on; else exit 11.
    """
    return show_json(edge, ttl, task) if as_json else show(edge, ttl, task)
