"""`loop undo`: take the branch back to where the last run began."""

import sys

import click

from loop_kit.cli.console import print_, printable
from loop_kit.cli.invocation import Invocation
from loop_kit.cli.locks import locked
from loop_kit.cli.main import bus_option
from loop_kit.cli.printing import print_json
from loop_kit.cli.targets import bus_with_run
from loop_kit.commands.undo import Undoing, plan_undo, undo
from loop_kit.engine.log_anchor import tell_afterwards
from loop_kit.errors import UsageError
from loop_kit.model.events import Undone
from loop_kit.model.figures import counted, short_id
from loop_kit.vcs.repository import Repository

_SHOWN = 20


@click.command("undo")
@click.argument("task", required=False, default="", metavar="[TASK]")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="What was taken off the branch as one JSON object.")
@bus_option
@click.pass_obj
def command(invocation: Invocation, /, *, task: str, yes: bool, as_json: bool) -> int:
    """Take the branch back to the base of the last run; every commit stays reachable under refs/loop/.

    It refuses when tracked files have uncommitted changes (exit code 4). Untracked files stay where they are.
    """
    bus, repository = bus_with_run(invocation, task), Repository.find(invocation.cwd)
    with locked(bus, repository, "loop undo"):
        undoing = plan_undo(bus, repository)
        base = short_id(undoing.state.base_sha)
        if undoing.tip == undoing.state.base_sha:
            print_(
                f"{undoing.state.branch or 'HEAD'} is at {base}, where {undoing.state.run_name} began: nothing to undo"
            )
            return 0
        if not yes:
            _ask(undoing)
        undo(repository, undoing)
        tell_afterwards(bus, repository, undoing.state, Undone(sha=undoing.tip, ref=undoing.ref))
    if as_json:
        print_json(undoing.to_document())
        return 0
    print_(f"{undoing.state.branch or 'HEAD'} is back at {base}; {short_id(undoing.tip)} is kept as {undoing.ref}")
    print_(f"  get it back:  git merge --ff-only {undoing.ref}")
    return 0


def _ask(undoing: Undoing) -> None:
    """Show what would leave the branch and ask; without a terminal the answer is no."""
    for commit in undoing.commits[-_SHOWN:]:
        print_(f"  {short_id(commit.sha)} {commit.subject}", err=True)
    where = f"{undoing.state.branch or 'HEAD'} back to {short_id(undoing.state.base_sha)}"
    if not sys.stdin.isatty():
        raise UsageError(
            f"this takes {where}, {counted(len(undoing.commits), 'commit')} less, and standard input is not a terminal",
            hint="loop undo --yes does it",
        )
    click.confirm(printable(f"Take {where}, {counted(len(undoing.commits), 'commit')} less?"), abort=True, err=True)
