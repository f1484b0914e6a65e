"""`loop health`: whether what should live lives."""

import time

import click

from loop_kit.bus.bus import Bus
from loop_kit.cli.console import put
from loop_kit.cli.looking import bus_to_look_at, now, put_json
from loop_kit.cli.main import Edge, bus_option
from loop_kit.errors import EXIT_CODES, Outcome
from loop_kit.monitoring.ages import told
from loop_kit.monitoring.health import Health, Sign, read_health

# A single look may fall between two steps of a run, so a bad verdict has to last this long.
_DOUBT_SECONDS = 1.5
_LOOK_SECONDS = 0.25
_TTL_SECONDS = 30.0


@click.command("health")
@click.option(
    "--heartbeat-ttl",
    "ttl",
    type=click.FloatRange(min=0, min_open=True),
    default=_TTL_SECONDS,
    metavar="SECONDS",
    help=f"How old a heartbeat may be. [default: {_TTL_SECONDS:g}]",
)
@click.option("--json", "as_json", is_flag=True, help="The same as one JSON object.")
@bus_option
@click.pass_obj
def command(edge: Edge, ttl: float, as_json: bool) -> int:
    """Tell whether the PM and the agents live, from their processes and heartbeats.

    Exit 0 when everything lives that should, which is nothing while no run is going on; else exit 11.
    """
    health = _look(bus_to_look_at(edge), ttl)
    if as_json:
        put_json(health.to_document())
    else:
        put("\n".join(f"{who:10}{sign.pulse:7}{_facts(sign)}" for who, sign in health.signs.items()))
    return EXIT_CODES[Outcome.APPROVED if health.sound else Outcome.NEEDS_PERSON]


def _look(bus: Bus, ttl: float) -> Health:
    until = time.monotonic() + _DOUBT_SECONDS
    while not (health := read_health(bus, now(), ttl)).sound and time.monotonic() < until:
        time.sleep(_LOOK_SECONDS)
    return health


def _facts(sign: Sign) -> str:
    pids = {"pid": sign.pid, "program": sign.program}
    facts = [f"{name} {pid}" for name, pid in pids.items() if pid is not None]
    facts += [f"heartbeat {told(sign.age)} ago"] if sign.age is not None else []
    return sign.why + (f" ({', '.join(facts)})" if facts else "")
