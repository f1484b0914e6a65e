"""`loop show`: a run as a story, round by round: asked, done, found, decided."""

from collections.abc import Iterator
from typing import Any

import click

from loop_kit.cli.console import put
from loop_kit.cli.edge import Edge
from loop_kit.cli.looking import put_json, run_to_look_at
from loop_kit.cli.main import bus_option
from loop_kit.errors import StartError
from loop_kit.model.evidence import CheckResult
from loop_kit.model.names import ROLES
from loop_kit.model.review import Issue
from loop_kit.values.reading import write
from loop_kit.views.story import Prompt, Told, prompts, tell_run

_LABEL = 9


@click.command("show")
@click.argument("task", required=False, metavar="[TASK]")
@click.option("--round", "number", type=click.IntRange(min=1), metavar="N", help="Only that round.")
@click.option("--prompt", "wants_prompts", is_flag=True, help="What the agents were told, word for word.")
@click.option("--role", type=click.Choice(ROLES), help="With --prompt: what only this one was told.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@bus_option
@click.pass_obj
def command(
    edge: Edge, task: str | None, number: int | None, wants_prompts: bool, role: str | None, as_json: bool
) -> int:
    """Tell a run round by round: what was asked, done, found and decided. TASK is T-001, or T-001@2 for its second run."""
    bus, run_name = run_to_look_at(edge, task or "")
    state = bus.read_state()
    if wants_prompts:
        found = [each for each in prompts(bus, run_name) if number in (None, each.round) and role in (None, each.role)]
        if not found:
            raise StartError(f"{run_name} has no such prompt", hint="people are asked without one")
        _put_prompts(run_name, found, as_json=as_json)
        return 0
    rounds = [each for each in tell_run(bus, run_name, state) if number in (None, each.round)]
    if not rounds:
        raise StartError(f"{run_name} has no round {number}", hint=f"loop show {run_name} tells all that there are")
    if as_json:
        put_json({"run_name": run_name, "rounds": list(map(document_of, rounds))})
    else:
        put("\n\n".join("\n".join(_story(run_name, each)) for each in rounds))
    return 0


def document_of(told: Told) -> Any:
    """Return a round as `--json` prints it."""
    work, review = told.work, told.review
    return {
        "round": told.round,
        "asked": {
            "goal": None if told.card is None else told.card.goal,
            "fixes": [] if told.fix_list is None else write(told.fix_list.fixes),
        },
        "done": None
        if work is None
        else {
            "head_sha": work.head_sha,
            "files_changed": list(work.files_changed),
            "notes": work.notes,
            "tests": [{"name": test.name, "result": test.result} for test in work.tests],
        },
        "found": {"verified": None if told.seen is None else write(told.seen), "checks": write(told.checks)},
        "decided": None if review is None else {**write(review), "judged_by": told.judged_by},
        "refused": dict(told.refused),
        "unreadable": list(told.unreadable),
    }


def _put_prompts(run_name: str, found: list[Prompt], *, as_json: bool) -> None:
    if as_json:
        entries = [{"round": each.round, "role": each.role, "file": each.name, "prompt": each.text} for each in found]
        put_json({"run_name": run_name, "prompts": entries})
        return
    for each in found:
        if len(found) > 1:
            put(f"===== {run_name}, round {each.round}, {each.role}: {each.name}")
        put(each.text.removesuffix("\n"))


def _story(run_name: str, told: Told) -> Iterator[str]:
    yield f"{run_name}, round {told.round}"
    yield from _entry("asked", _asked(told))
    yield from _entry("done", _done(told))
    yield from _entry("found", _found(told))
    yield from _entry("decided", _decided(told))
    yield from _entry("refused", [f"{name}: {reason}" for name, reason in told.refused.items()])
    yield from _entry("unread", told.unreadable)


def _entry(label: str, lines: Any) -> Iterator[str]:
    """Yield lines with the label before the first; a text of several lines stays together."""
    head = label
    for line in lines:
        for part in line.split("\n"):
            yield f"  {head:{_LABEL}}{part}".rstrip()
            head = ""


def _asked(told: Told) -> Iterator[str]:
    if told.card is not None:
        yield told.card.goal
        yield from (f"- {criterion.text}" for criterion in told.card.acceptance_criteria)
    if told.fix_list is not None:
        yield from map(_issue, told.fix_list.fixes)


def _done(told: Told) -> Iterator[str]:
    if told.work is None:
        yield "nothing yet"
        return
    if told.work.notes:
        yield told.work.notes.rstrip()
    yield from (f"says of test {test.name}: {test.result}" for test in told.work.tests)


def _found(told: Told) -> Iterator[str]:
    if told.seen is not None:
        yield f"git: {told.seen.commits} commits, {told.seen.files} files changed, head {told.seen.head_sha[:12]}"
        yield from (f"{finding.effect}: {finding.text}" for finding in told.seen.findings)
    yield from map(_check, told.checks)


def _check(check: CheckResult) -> str:
    return f"check {check.name}: {check.verdict}{f' ({check.reason})' if check.reason else ''}"


def _decided(told: Told) -> Iterator[str]:
    if told.review is None:
        yield "nothing yet"
        return
    by = "loop itself" if told.judged_by == "loop" else "the reviewer"
    yield f"{'approved' if told.review.approved else 'changes required'} by {by}"
    yield from map(_issue, told.review.blocking_issues)
    yield from (f"suggestion: {text}" for text in told.review.non_blocking_suggestions)


def _issue(issue: Issue) -> str:
    required = f" -> {issue.required_change}" if issue.required_change else ""
    return f"- {issue.severity}: {issue.place or '-'}: {issue.reason}{required}"
