"""`loop submit`: a person hands in their work without writing JSON."""

import click

from loop_kit.cli.invocation import Invocation
from loop_kit.cli.main import bus_option
from loop_kit.cli.submission import print_submission
from loop_kit.cli.targets import bus_with_run
from loop_kit.commands.submit import hand_in_work
from loop_kit.errors import UsageError
from loop_kit.model.figures import counted, short_id
from loop_kit.vcs.repository import Repository


@click.command("submit")
@click.argument("task", required=False, default="", metavar="[TASK]")
@click.option("--notes", metavar="TEXT", default="", help="What the reviewer should know.")
@click.option(
    "--test", "tests", metavar="NAME=RESULT", multiple=True, help="A test you ran and how it ended; may be repeated."
)
@click.option("--json", "as_json", is_flag=True, help="The report and what comes next as one JSON object.")
@bus_option
@click.pass_obj
def command(invocation: Invocation, /, task: str, notes: str, tests: tuple[str, ...], as_json: bool) -> int:
    """Hand in what you committed as the work of this round; git tells which commit and files.

    It works while a run waits for you, and before `loop run --resume`. Nothing is written when a round would refuse the
    work: uncommitted changes end with exit code 4, no change with 7, a rewritten history with 11.
    """
    named = [_named(test) for test in tests]
    handed_in = hand_in_work(bus_with_run(invocation, task), Repository.find(invocation.cwd), notes=notes, tests=named)
    document = handed_in.document
    files = counted(len(document["files_changed"]), "file")
    summary = f"the work of round {document['round']}, {short_id(document['head_sha'])}, {files} changed"
    return print_submission(handed_in, summary, as_json=as_json)


def _named(test: str) -> tuple[str, str]:
    name, _, result = test.rpartition("=")
    if not name.strip() or not result.strip():
        raise UsageError(f"--test {test!r:.80} is not NAME=RESULT", hint="an example: --test 'pytest -q=pass'")
    return name.strip(), result.strip()
