"""`loop accept`: merge an approved change into a branch."""

from typing import Any

import click

from loop_kit.cli.console import print_
from loop_kit.cli.invocation import Invocation
from loop_kit.cli.locks import locked
from loop_kit.cli.main import bus_option
from loop_kit.cli.printing import print_json
from loop_kit.cli.targets import bus_with_run
from loop_kit.commands.accept import Approved, Taken, find_approved, take_over
from loop_kit.engine.log_anchor import tell_afterwards
from loop_kit.errors import UsageError
from loop_kit.model.events import Accepted
from loop_kit.model.figures import counted, short_id
from loop_kit.vcs.repository import Repository

_SHOWN = 20


@click.command("accept")
@click.argument("task", required=False, default="", metavar="[TASK]")
@click.option("--into", metavar="BRANCH", help="Merge the change into this branch. [default: only check and show it]")
@click.option(
    "--merge/--squash", "merge", default=None, help="As a merge commit, or as one new commit. [default: --merge]"
)
@click.option("--message", metavar="TEXT", default="", help="The commit's message. [default: made from the goal]")
@click.option("--json", "as_json", is_flag=True, help="The change and what became of it as one JSON object.")
@bus_option
@click.pass_obj
def command(invocation: Invocation, /, **flags: Any) -> int:
    """Show the approved change, check that nothing moved since, and merge it into the branch you name.

    The commit is made in your name and says how it was approved: Loop-Task, Loop-Rounds, Loop-Tree. Nothing is changed
    when the change is not approved or has moved (exit code 11), or contradicts what the branch holds. No hook runs and
    nothing is pushed.
    """
    if not flags["into"] and (flags["merge"] is not None or flags["message"]):
        raise UsageError("--merge, --squash and --message need --into", hint="name the branch: --into main")
    bus, repository = bus_with_run(invocation, flags["task"]), Repository.find(invocation.cwd)
    with locked(bus, repository, "loop accept"):
        approved = find_approved(bus, repository)
        taken = _take_over(repository, approved, invocation, flags) if flags["into"] else None
        if taken is not None and taken.new:
            accepted = Accepted(into=taken.branch, sha=taken.sha, exact=taken.exact)
            tell_afterwards(bus, repository, approved.state, accepted)
    if flags["as_json"]:
        print_json({**approved.to_document(), "taken": None if taken is None else taken.to_document()})
        return 0
    _print_change(approved)
    _print_result(approved, taken, squash=flags["merge"] is False)
    return 0


def _take_over(repository: Repository, approved: Approved, invocation: Invocation, flags: dict[str, Any]) -> Taken:
    into = flags["into"].removeprefix("refs/heads/")
    if into == approved.state.branch:
        raise UsageError(f"the change is on {into} already", hint="name another branch, or leave out --into")
    return take_over(
        repository,
        approved,
        into,
        squash=flags["merge"] is False,
        message=flags["message"],
        environment=invocation.environment,
    )


def _print_change(approved: Approved) -> None:
    state = approved.state
    rounds, tree = counted(approved.rounds, "round"), short_id(approved.tree)
    print_(f"{state.run_name}: approved after {rounds}, tree {tree}, nothing moved since")
    for commit in approved.commits[-_SHOWN:]:
        print_(f"  {short_id(commit.sha)} {commit.subject}")
    for file in approved.files[:_SHOWN]:
        print_(f"  {file.status} {file.path}  {file.counts}")
    if len(approved.files) > _SHOWN:
        print_(f"  … and {len(approved.files) - _SHOWN} more; loop diff shows all")


def _print_result(approved: Approved, taken: Taken | None, *, squash: bool) -> None:
    where = approved.state.branch or "a detached HEAD"
    if taken is None:
        print_(f"it is on {where}, which stays as it is; loop accept --into BRANCH merges it, loop undo takes it back")
        return
    if not taken.new:
        print_(f"{taken.branch} holds the change already; nothing was done")
        return
    print_(f"{'squashed' if squash else 'merged'} into {taken.branch} as {short_id(taken.sha)}; {where} stays as it is")
    if not taken.exact:
        print_(f"  {taken.branch} has commits of its own: the two together were not reviewed")
