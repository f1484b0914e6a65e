"""`loop new`: write a card without writing JSON."""

import sys
from collections.abc import Iterator
from typing import Any

import click

from loop_kit.bus.document import read_json
from loop_kit.cli.card_options import card_options, describes_task, read_sketch
from loop_kit.cli.console import print_
from loop_kit.cli.invocation import Invocation
from loop_kit.cli.main import bus_option
from loop_kit.cli.printing import print_json
from loop_kit.cli.targets import existing_bus
from loop_kit.commands.cards import Sketch, write_card
from loop_kit.errors import UsageError
from loop_kit.processes.signals import listening

_LIMIT = 1 << 20


@click.command("new")
@click.option("--id", "task_id", metavar="ID", help="The task's id. [default: the next free one of T-001, T-002, …]")
@card_options
@click.option("--constraint", "constraints", metavar="TEXT", multiple=True, help="What must not be broken.")
@click.option("--force", is_flag=True, help="Replace a card with this id; the old one is archived.")
@click.option("--json", "as_json", is_flag=True, help="Where the card is, and the card, as one JSON object.")
@bus_option
@click.pass_obj
def command(invocation: Invocation, /, **flags: Any) -> int:
    """Write a task card to .loop/tasks/; without --goal or --from-check it asks for its parts.

    --from-check runs a command and makes the card from its failure: the goal is to make it succeed, the end of its
    output is quoted, and the command becomes a check of the card.
    """
    bus = existing_bus(invocation)
    if describes_task(flags):
        with listening() as interruption:
            sketch = read_sketch(flags, invocation, interruption)
    elif sys.stdin.isatty():
        sketch = _ask(flags["task_id"] or "")
    else:
        raise UsageError(
            "the goal is missing, and standard input is not a terminal", hint="add --goal TEXT, or --from-check CMD"
        )
    path = write_card(bus, sketch, force=flags["force"])
    if flags["as_json"]:
        print_json({"path": str(path), "card": read_json(path, limit=_LIMIT)})
    else:
        print_(f"made {bus.name(path)}")
        print_(f"  next: loop run --task {path.stem}")
    return 0


def _ask(task_id: str) -> Sketch:
    return Sketch(
        task_id=task_id,
        goal=click.prompt("Goal: what must be true at the end", err=True),
        criteria=tuple(_lines("Criterion")),
        scope=tuple(_lines("Path it may touch, as in .gitignore")),
        constraints=tuple(_lines("What must not be broken")),
        checks=tuple(_lines("Command that must succeed")),
    )


def _lines(question: str) -> Iterator[str]:
    while text := click.prompt(f"{question} (empty: no more)", default="", show_default=False, err=True):
        yield text
