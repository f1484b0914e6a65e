"""`loop extract-diff`: the diff of any two commits; no setting of git changes a byte of it."""

import click

from loop_kit.cli.cmd_diff import print_diff
from loop_kit.cli.invocation import Invocation
from loop_kit.vcs.repository import Repository


@click.command("extract-diff")
@click.argument("base")
@click.argument("head")
@click.pass_obj
def command(invocation: Invocation, base: str, head: str) -> int:
    """Print the diff from commit BASE to commit HEAD."""
    repository = Repository.find(invocation.cwd)
    print_diff(repository, repository.named_commit(base), repository.named_commit(head))
    return 0
