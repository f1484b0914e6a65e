"""`loop extract-diff`: the diff of any two commits, disarmed as everywhere: no setting of git changes a byte of it."""

import click

from loop_kit.cli.diff import put_diff
from loop_kit.cli.main import Edge
from loop_kit.errors import StartError
from loop_kit.vcs.repository import Repository


@click.command("extract-diff")
@click.argument("base")
@click.argument("head")
@click.pass_obj
def command(edge: Edge, base: str, head: str) -> int:
    """Print the diff from commit BASE to commit HEAD."""
    repository = Repository.find(edge.cwd)
    put_diff(repository, _commit(repository, base), _commit(repository, head))
    return 0


def _commit(repository: Repository, name: str) -> str:
    sha = repository.commit_id(name)
    if sha is None:
        raise StartError(f"{name!r:.100} names no commit of {repository.root}", hint="git log shows the commits")
    return sha
