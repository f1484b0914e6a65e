"""`loop check`: run the checks at a commit, without a run."""

import sys
from collections.abc import Iterator

import click

from loop_kit.bus.bus import Bus
from loop_kit.checks.gather import CheckTarget
from loop_kit.cli.console import print_
from loop_kit.cli.host import host_of
from loop_kit.cli.invocation import Invocation
from loop_kit.cli.main import bus_option
from loop_kit.cli.printing import print_json
from loop_kit.cli.settings import resolve
from loop_kit.cli.targets import existing_bus
from loop_kit.commands.cards import find_card
from loop_kit.commands.check import plan_without_run, spot_check
from loop_kit.errors import (
    EXIT_CODES,
    InterruptedRunError,
    Outcome,
    TerminatedRunError,
    error_for,
)
from loop_kit.model import documents
from loop_kit.model.events import Event
from loop_kit.model.evidence import CheckResult, Evidence
from loop_kit.model.figures import short_id
from loop_kit.model.shown_events import Check
from loop_kit.processes.signals import listening
from loop_kit.vcs.repository import Repository

_SHOWN = 20  # last lines of what a failed check printed


@click.command("check")
@click.option("--at", "rev", metavar="REV", default="HEAD", help="The commit to check. [default: HEAD]")
@click.option(
    "--task", metavar="CARD", help="A card's path, or its id in .loop/tasks/. [default: .loop/task_card.json, if any]"
)
@click.option("--json", "as_json", is_flag=True, help="The evidence as one JSON object.")
@bus_option
@click.pass_obj
def command(invocation: Invocation, rev: str, task: str | None, as_json: bool) -> int:
    """Run the checks of the config and the card at a commit, exactly as a run would: in a clean worktree, without keys.

    Exit 0 when they pass, 10 when one fails, 11 when they could not run or none passed. It may run beside a loop.
    """
    bus, repository = existing_bus(invocation), Repository.find(invocation.cwd)
    settings = resolve(bus.config_path, invocation.environment, {})
    plan, card = plan_without_run(bus, find_card(bus, task, invocation.cwd) if task else None, settings)
    target = CheckTarget(task_id=card.task_id if card else "", round=0, head_sha=repository.named_commit(rev))
    if rev == "HEAD" and repository.dirty():
        print_("uncommitted changes are not checked", err=True)
    with listening() as interruption:
        host = host_of(invocation, interruption, _print_start)
        try:
            evidence = spot_check(host, bus, repository, settings, plan, target)
        except (InterruptedRunError, TerminatedRunError) as error:
            raise error_for(error.outcome, "the checks were stopped", hint="loop check runs them again") from None
    if as_json:
        print_json(documents.write(evidence))
    else:
        print_("\n".join(_lines(bus, evidence)))
    return EXIT_CODES[_outcome(evidence)]


def _print_start(event: Event) -> None:
    if isinstance(event, Check) and not event.result and sys.stderr.isatty():
        print_(f"{event.name} ({event.command}) …", err=True)


def _lines(bus: Bus, evidence: Evidence) -> Iterator[str]:
    results = [result for result in (evidence.prepared, *evidence.results) if result is not None]
    for result in results:
        yield result.sentence
        if result.failed or result.flaky:
            yield from _ending(bus, result)
    if evidence.refused:
        yield f"checks could not run: {evidence.refused}"
    yield f"{short_id(evidence.head_sha)}: {_VERDICTS[_outcome(evidence)]}"


def _ending(bus: Bus, result: CheckResult) -> Iterator[str]:
    yield from (f"  | {line}" for line in result.tail.strip().splitlines()[-_SHOWN:])
    if result.log:
        yield f"  full output: {bus.root / result.log}"


_VERDICTS = {
    Outcome.APPROVED: "the checks pass",
    Outcome.CHANGES_REQUIRED: "a check fails",
    Outcome.NEEDS_PERSON: "not verified",
}


def _outcome(evidence: Evidence) -> Outcome:
    if any(result.failed for result in (evidence.prepared, *evidence.results) if result is not None):
        return Outcome.CHANGES_REQUIRED
    return Outcome.APPROVED if evidence.verified else Outcome.NEEDS_PERSON
