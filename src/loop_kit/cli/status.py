"""`loop status`: one screen, from the bus alone."""

import json

import click

from loop_kit.bus.bus import Bus
from loop_kit.cli.console import put, tell
from loop_kit.cli.main import Edge, bus_option
from loop_kit.cli.places import bus_root
from loop_kit.errors import StartError
from loop_kit.model.state import RunState
from loop_kit.monitoring.status import Status, read_status


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="The same as one JSON object.")
@bus_option
@click.pass_obj
def command(edge: Edge, as_json: bool) -> int:
    """Say where the run stands, who works, what happened last and what to do next."""
    bus = Bus(bus_root(edge))
    if not bus.root.is_dir():
        raise StartError(f"{bus.root} does not exist", hint="loop init makes it")
    status = read_status(bus)
    # ASCII: any terminal shows it, and escapes within it stay what they are.
    put(json.dumps(status.to_document(), indent=2) if as_json else _text(status))
    return 0


def _text(status: Status) -> str:
    lines = ["no run on this bus yet"] if status.state is None else _state_lines(status.state)
    if status.running_pid is not None:
        who = f", the {status.working} is at work" if status.working else ""
        lines.append(f"running   pid {status.running_pid}{who}")
    last = [(event.at, tell(event.event, event.data)) for event in status.events]
    lines += [f"          {at}  {text.splitlines()[0]}" for at, text in last if text]
    return "\n".join([*lines, f"next      {status.next_step}"])


def _state_lines(state: RunState) -> list[str]:
    lines = [
        f"task      {state.place}",
        f"state     {state.phase} in round {state.round}" + (f", ended: {state.outcome}" if state.outcome else ""),
        f"commits   {state.base_sha[:12]}..{state.head_sha[:12]} on {state.branch or 'a detached HEAD'}",
        f"since     {state.started_at}, last change {state.updated_at}",
    ]
    lines += [
        f"round {row.round:<3} {row.decision} by {row.judged_by}, {row.blocking} open" for row in state.round_details
    ]
    return [*lines, f"reason    {state.error}"] if state.error else lines
