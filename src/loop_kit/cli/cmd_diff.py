"""`loop diff`: what a run changed, between the commits that loop pinned."""

import re
import tempfile
from pathlib import Path

import click

from loop_kit.cli.console import print_
from loop_kit.cli.invocation import Invocation
from loop_kit.cli.main import bus_option
from loop_kit.cli.printing import print_file, print_json
from loop_kit.cli.targets import existing_run
from loop_kit.errors import StartError
from loop_kit.model.change import FileChange
from loop_kit.model.figures import counted
from loop_kit.values import dataclass
from loop_kit.vcs.repository import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What is compared: two commits of a run, and the round whose head the second one is."""

    run_name: str
    round: int
    base_sha: str
    head_sha: str


@click.command("diff")
@click.argument("task", required=False, metavar="[TASK]")
@click.option(
    "--round", "number", type=click.IntRange(min=1), metavar="N", help="As of that round. [default: the last]"
)
@click.option("--alone", is_flag=True, help="Only what that round added to the one before.")
@click.option("--stat", is_flag=True, help="Only the files and their counts of lines.")
@click.option("--json", "as_json", is_flag=True, help="The commits and the files as one JSON object, without the diff.")
@bus_option
@click.pass_obj
def command(
    invocation: Invocation, task: str | None, number: int | None, alone: bool, stat: bool, as_json: bool
) -> int:
    """Print the diff from a run's base to the head of a round; no setting of git changes it."""
    _, run_name = existing_run(invocation, task or "")
    repository = Repository.find(invocation.cwd)
    span = find_span(repository, run_name, number, alone=alone)
    if as_json:
        files = repository.files(span.base_sha, span.head_sha)
        print_json({**_document(span), "files": [_file_document(file) for file in files]})
    elif stat:
        print_(stat_text(repository.files(span.base_sha, span.head_sha)))
    else:
        print_diff(repository, span.base_sha, span.head_sha)
    return 0


def find_span(repository: Repository, run_name: str, number: int | None, *, alone: bool) -> Span:
    """Return the commits to compare, from loop's own refs; raise `StartError` when a round has no head yet."""
    refs = repository.refs(f"refs/loop/{run_name}")
    heads = {
        int(match[1]): sha
        for ref, sha in refs.items()
        if (match := re.fullmatch(r".*/r([0-9]+)/head", ref)) is not None
    }
    base = refs.get(f"refs/loop/{run_name}/r0/base")
    wanted = number if number is not None else max(heads, default=0)
    if base is None or wanted not in heads:
        what = f"round {wanted} of {run_name}" if number else run_name
        raise StartError(
            f"{what} has no verified change in this repository", hint=f"loop show {run_name} shows its rounds"
        )
    before = heads.get(wanted - 1, base) if alone else base
    return Span(run_name=run_name, round=wanted, base_sha=before, head_sha=heads[wanted])


def print_diff(repository: Repository, base: str, head: str) -> None:
    """Print the whole diff, in constant memory."""
    with tempfile.TemporaryDirectory(prefix="loop-diff-") as folder:
        target = Path(folder) / "diff"
        repository.write_diff(base, head, target)
        print_file(target)


def stat_text(files: tuple[FileChange, ...]) -> str:
    width = max((len(file.path) for file in files), default=0)
    lines = [f"{file.status} {file.path:{width}}  {file.counts}" for file in files]
    added, removed = (sum(count or 0 for count in counts) for counts in _columns(files))
    total = f"{counted(len(files), 'file')} changed, {counted(added, 'line')} added, {removed} removed"
    return "\n".join([*lines, total])


def _columns(files: tuple[FileChange, ...]) -> tuple[list[int | None], list[int | None]]:
    return [file.added for file in files], [file.removed for file in files]


def _document(span: Span) -> dict[str, str | int]:
    return {"run_name": span.run_name, "round": span.round, "base_sha": span.base_sha, "head_sha": span.head_sha}


def _file_document(file: FileChange) -> dict[str, str | int | None]:
    return {"path": file.path, "status": file.status, "added": file.added, "removed": file.removed}
