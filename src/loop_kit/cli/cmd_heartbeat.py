"""`loop heartbeat`: tell a waiting run that a person is there."""

import click

from loop_kit.bus import heartbeat
from loop_kit.bus.archive import Archive
from loop_kit.bus.bus import Bus
from loop_kit.cli.console import print_
from loop_kit.cli.invocation import Invocation
from loop_kit.cli.main import bus_option
from loop_kit.cli.targets import bus_with_run
from loop_kit.dispatch.failover import in_use
from loop_kit.engine.world import utc_now
from loop_kit.errors import StartError
from loop_kit.model.manifest import Manifest
from loop_kit.model.names import ROLES
from loop_kit.processes.lineage import Owner
from loop_kit.processes.signals import listening
from loop_kit.values import asdict


@click.command("heartbeat")
@click.argument("task", required=False, default="", metavar="[TASK]")
@click.option("--role", type=click.Choice(ROLES), required=True, help="The role of that person.")
@click.option(
    "--interval",
    type=click.FloatRange(min=0.05, max=3600),
    default=5.0,
    show_default=True,
    help="Seconds between two heartbeats.",
)
@bus_option
@click.pass_obj
def command(invocation: Invocation, /, task: str, role: str, interval: float) -> int:
    """Send heartbeats for a person until Ctrl-C; a run with --require-heartbeat waits for them only while they come."""
    bus = bus_with_run(invocation, task)
    _check_role(bus, role)
    bus.ensure_layout()
    path, me = bus.heartbeat_path(role), Owner.me()
    print_(f"sending heartbeats as the {role} every {interval:g} s; Ctrl-C ends it", err=True)
    with listening() as interruption:
        try:
            while interruption.requested is None:
                heartbeat.write(path, heartbeat.Beat(role=role, **asdict(me), dispatch_id="", at=utc_now()))
                interruption.sleep(interval)
        finally:
            heartbeat.remove(path)
    return 0


def _check_role(bus: Bus, role: str) -> None:
    """Refuse for a role that a program has: its own heartbeat is in the same file."""
    state = bus.read_state()
    if state is None or not state.unfinished or state.outcome is not None:
        return
    manifest = Archive(bus.archive_root / state.run_name).read_manifest(state.digests.get(Manifest.kind, ""))
    if role not in manifest.people:
        raise StartError(
            f"the {role} of {state.run_name} is a program ({in_use(manifest.settings, state.backends, role)})",
            hint="loop sends heartbeats for programs itself; loop health shows them",
        )
