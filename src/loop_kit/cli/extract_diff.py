"""`loop extract-diff`: the diff of any two commits, disarmed as everywhere: no setting of git changes a byte of it."""

import click

from loop_kit.cli.diff import put_diff
from loop_kit.cli.edge import Edge
from loop_kit.vcs.repository import Repository


@click.command("extract-diff")
@click.argument("base")
@click.argument("head")
@click.pass_obj
def command(edge: Edge, base: str, head: str) -> int:
    """Print the diff from commit BASE to commit HEAD."""
    repository = Repository.find(edge.cwd)
    put_diff(repository, repository.named_commit(base), repository.named_commit(head))
    return 0
