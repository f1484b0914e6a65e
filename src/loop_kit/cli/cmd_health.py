"""`loop health`: whether the PM and the agents are alive."""

import click

from loop_kit.cli.health_view import TTL_SECONDS, print_health, print_health_json
from loop_kit.cli.invocation import Invocation
from loop_kit.cli.main import bus_option


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
def command(invocation: Invocation, task: str, ttl: float, as_json: bool) -> int:
    """Check whether the PM and the agents are alive, by their processes and heartbeats; without TASK those of every run.

    Exit 0 when all that should be alive are, which is nobody while no run is going on; else exit 11.
    """
    return print_health_json(invocation, ttl, task) if as_json else print_health(invocation, ttl, task)
