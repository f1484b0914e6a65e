"""The flags that describe a task: the same for `loop new` and `loop run`."""

from collections.abc import Mapping
from typing import Any

import click

from loop_kit.cli.invocation import Invocation
from loop_kit.commands.cards import Sketch, sketch_from_failure
from loop_kit.errors import UsageError
from loop_kit.processes.signals import Interruption
from loop_kit.vcs.repository import Repository

_OPTIONS = (
    click.option("--goal", metavar="TEXT", help="Make a card with this goal."),
    click.option(
        "--criterion", "criteria", metavar="TEXT", multiple=True, help="For that card: what must be true at the end."
    ),
    click.option("--scope", metavar="GLOB", multiple=True, help="For that card: paths the change may touch."),
    click.option("--check", "checks", metavar="CMD", multiple=True, help="For that card: a command that must succeed."),
    click.option("--from-check", metavar="CMD", help="Run this command and, when it fails, make a card from that."),
)


def card_options(command: Any) -> Any:
    """Give a command the flags that make a card; all may be left out."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def describes_task(flags: Mapping[str, Any]) -> bool:
    """Whether the command line describes a task; raise `UsageError` for a part of one."""
    goal, command = flags["goal"], flags["from_check"]
    if "" in (goal, command):
        raise UsageError("--goal and --from-check need a text", hint="describe what is to be done")
    if goal and command:
        raise UsageError("--goal and --from-check contradict each other", hint="give one of them")
    described = bool(goal or command)
    if not described and (flags["criteria"] or flags["scope"] or flags["checks"]):
        raise UsageError("--criterion, --scope and --check need a card", hint="add --goal TEXT")
    return described


def read_sketch(flags: Mapping[str, Any], invocation: Invocation, interruption: Interruption) -> Sketch:
    """Return the task that the flags describe; --from-check runs its command now."""
    goal, checks = flags["goal"], tuple(flags["checks"])
    if flags["from_check"]:
        root = Repository.find(invocation.cwd).root
        sketch = sketch_from_failure(flags["from_check"], root, dict(invocation.environment), interruption)
        goal, checks = sketch.goal, (*sketch.checks, *checks)
    return Sketch(
        goal=goal,
        task_id=flags.get("task_id") or "",
        criteria=tuple(flags["criteria"]),
        scope=tuple(flags["scope"]),
        constraints=tuple(flags.get("constraints", ())),
        checks=checks,
    )
