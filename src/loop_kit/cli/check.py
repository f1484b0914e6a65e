"""`loop check`: the checks of a run, without the run."""

import sys
from collections.abc import Iterator

import click

from loop_kit.bus.bus import Bus
from loop_kit.checks.gather import CheckTarget
from loop_kit.cli.console import put
from loop_kit.cli.edge import Edge
from loop_kit.cli.looking import bus_to_look_at, put_json
from loop_kit.cli.main import bus_option
from loop_kit.cli.settings import resolve
from loop_kit.cli.world import world_of
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
from loop_kit.model.shown_events import Check
from loop_kit.processes.signals import listening
from loop_kit.vcs.repository import Repository

_SHOWN = 20  # last lines of what a failed check printed


@click.command("check")
@click.option("--at", "rev", metavar="REV", default="HEAD", help="The commit to try. [default: HEAD]")
@click.option(
    "--task", metavar="CARD", help="A card's path, or its id in .loop/tasks/. [default: .loop/task_card.json, if any]"
)
@click.option("--json", "as_json", is_flag=True, help="The evidence as one JSON object.")
@bus_option
@click.pass_obj
def command(edge: Edge, rev: str, task: str | None, as_json: bool) -> int:
    """Run the checks of the config and the card at a commit, exactly as a run would: in a clean worktree, without keys.

    Exit 0 when they bear the commit out, 10 when one fails, 11 when they prove nothing. It may run beside a loop.
    """
    bus, repository = bus_to_look_at(edge), Repository.find(edge.cwd)
    settings = resolve(bus.config_path, edge.environment, {})
    plan, card = plan_without_run(bus, find_card(bus, task, edge.cwd) if task else None, settings)
    target = CheckTarget(task_id=card.task_id if card else "", round=0, head_sha=repository.named_commit(rev))
    if rev == "HEAD" and repository.dirty():
        put("changes that are not committed are not part of what is checked", err=True)
    with listening() as interruption:
        world = world_of(edge, interruption, _say_what_starts)
        try:
            evidence = spot_check(world, bus, repository, settings, plan, target)
        except (InterruptedRunError, TerminatedRunError) as error:
            raise error_for(error.outcome, "the checks were stopped", hint="loop check begins anew") from None
    if as_json:
        put_json(documents.write(evidence))
    else:
        put("\n".join(_lines(bus, evidence)))
    return EXIT_CODES[_outcome(evidence)]


def _say_what_starts(event: Event) -> None:
    if isinstance(event, Check) and not event.result and sys.stderr.isatty():
        put(f"{event.name} ({event.command}) …", err=True)


def _lines(bus: Bus, evidence: Evidence) -> Iterator[str]:
    results = [result for result in (evidence.prepared, *evidence.results) if result is not None]
    for result in results:
        yield result.sentence
        if result.failed or result.flaky:
            yield from _ending(bus, result)
    if evidence.refused:
        yield f"no evidence: {evidence.refused}"
    yield f"{evidence.head_sha[:12]}: {_VERDICTS[_outcome(evidence)]}"


def _ending(bus: Bus, result: CheckResult) -> Iterator[str]:
    yield from (f"  | {line}" for line in result.tail.strip().splitlines()[-_SHOWN:])
    if result.log:
        yield f"  all of it: {bus.root / result.log}"


_VERDICTS = {
    Outcome.APPROVED: "the checks pass",
    Outcome.CHANGES_REQUIRED: "a check fails",
    Outcome.NEEDS_PERSON: "the checks prove nothing",
}


def _outcome(evidence: Evidence) -> Outcome:
    if any(result.failed for result in (evidence.prepared, *evidence.results) if result is not None):
        return Outcome.CHANGES_REQUIRED
    return Outcome.APPROVED if evidence.verified else Outcome.NEEDS_PERSON
