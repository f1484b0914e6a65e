"""`loop show`: a run, round by round: asked, done, found, decided."""

from collections.abc import Iterator
from typing import Any

import click

from loop_kit.cli.console import print_
from loop_kit.cli.invocation import Invocation
from loop_kit.cli.main import bus_option
from loop_kit.cli.printing import print_json
from loop_kit.cli.targets import existing_run
from loop_kit.errors import StartError
from loop_kit.model.evidence import CheckResult
from loop_kit.model.names import ROLES
from loop_kit.model.review import Issue
from loop_kit.values.reading import write
from loop_kit.views.event_text import finding_text, git_facts
from loop_kit.views.story import Prompt, RoundStory, prompts, read_story

_LABEL = 9


@click.command("show")
@click.argument("task", required=False, metavar="[TASK]")
@click.option("--round", "number", type=click.IntRange(min=1), metavar="N", help="Only that round.")
@click.option("--prompt", "wants_prompts", is_flag=True, help="The prompts of the agents, word for word.")
@click.option("--role", type=click.Choice(ROLES), help="With --prompt: only this role's.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@bus_option
@click.pass_obj
def command(
    invocation: Invocation, task: str | None, number: int | None, wants_prompts: bool, role: str | None, as_json: bool
) -> int:
    """Show a run, round by round: what was asked, done, found and decided. TASK is T-001, or T-001@2 for its second run."""
    bus, run_name = existing_run(invocation, task or "")
    state = bus.read_state()
    if wants_prompts:
        found = [each for each in prompts(bus, run_name) if number in (None, each.round) and role in (None, each.role)]
        if not found:
            raise StartError(f"{run_name} has no such prompt", hint="people get none; loop show lists the rounds")
        _print_prompts(run_name, found, as_json=as_json)
        return 0
    rounds = [each for each in read_story(bus, run_name, state) if number in (None, each.round)]
    if not rounds:
        raise StartError(f"{run_name} has no round {number}", hint=f"loop show {run_name} shows its rounds")
    if as_json:
        print_json({"run_name": run_name, "rounds": list(map(document_of, rounds))})
    else:
        print_("\n\n".join("\n".join(_lines(run_name, each)) for each in rounds))
    return 0


def document_of(story: RoundStory) -> Any:
    """Return a round as `--json` prints it."""
    work, review = story.work, story.review
    return {
        "round": story.round,
        "asked": {
            "goal": None if story.card is None else story.card.goal,
            "fixes": [] if story.fix_list is None else write(story.fix_list.fixes),
        },
        "done": None
        if work is None
        else {
            "head_sha": work.head_sha,
            "files_changed": list(work.files_changed),
            "notes": work.notes,
            "tests": [{"name": test.name, "result": test.result} for test in work.tests],
        },
        "found": {"verified": None if story.verified is None else write(story.verified), "checks": write(story.checks)},
        "decided": None if review is None else {**write(review), "judged_by": story.judged_by},
        "refused": dict(story.refused),
        "unreadable": list(story.unreadable),
    }


def _print_prompts(run_name: str, found: list[Prompt], *, as_json: bool) -> None:
    if as_json:
        entries = [{"round": each.round, "role": each.role, "file": each.name, "prompt": each.text} for each in found]
        print_json({"run_name": run_name, "prompts": entries})
        return
    for each in found:
        if len(found) > 1:
            print_(f"===== {run_name}, round {each.round}, {each.role}: {each.name}")
        print_(each.text.removesuffix("\n"))


def _lines(run_name: str, story: RoundStory) -> Iterator[str]:
    yield f"{run_name}, round {story.round}"
    yield from _entry("asked", _asked(story))
    yield from _entry("done", _done(story))
    yield from _entry("found", _found(story))
    yield from _entry("decided", _decided(story))
    yield from _entry("refused", [f"{name}: {reason}" for name, reason in story.refused.items()])
    yield from _entry("unread", story.unreadable)


def _entry(label: str, lines: Any) -> Iterator[str]:
    """Yield lines with the label before the first; further lines are indented."""
    head = label
    for line in lines:
        for part in line.split("\n"):
            yield f"  {head:{_LABEL}}{part}".rstrip()
            head = ""


def _asked(story: RoundStory) -> Iterator[str]:
    if story.card is not None:
        yield story.card.goal
        yield from (f"- {criterion.text}" for criterion in story.card.acceptance_criteria)
    if story.fix_list is not None:
        yield from map(_issue, story.fix_list.fixes)


def _done(story: RoundStory) -> Iterator[str]:
    if story.work is None:
        yield "nothing yet"
        return
    if story.work.notes:
        yield story.work.notes.rstrip()
    yield from (f"says of test {test.name}: {test.result}" for test in story.work.tests)


def _found(story: RoundStory) -> Iterator[str]:
    if story.verified is not None:
        yield f"git: {git_facts(story.verified)}"
        yield from map(finding_text, story.verified.findings)
    yield from map(_check, story.checks)


def _check(check: CheckResult) -> str:
    return f"check {check.name}: {check.verdict_text}{f' ({check.reason})' if check.reason else ''}"


def _decided(story: RoundStory) -> Iterator[str]:
    if story.review is None:
        yield "nothing yet"
        return
    if story.judged_by == "loop":
        yield "checks failed, back to the worker"
    else:
        yield f"{'approved' if story.review.approved else 'changes required'} by the reviewer"
    yield from map(_issue, story.review.blocking_issues)
    yield from (f"suggestion: {text}" for text in story.review.non_blocking_suggestions)


def _issue(issue: Issue) -> str:
    required = f" -> {issue.required_change}" if issue.required_change else ""
    return f"- {issue.severity}: {issue.place or '-'}: {issue.reason}{required}"
