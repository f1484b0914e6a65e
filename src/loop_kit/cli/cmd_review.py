"""`loop review`: a person reviews a change without writing JSON."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import click

from loop_kit.cli.editing import edit_review
from loop_kit.cli.invocation import Invocation
from loop_kit.cli.main import bus_option
from loop_kit.cli.submission import print_submission
from loop_kit.cli.targets import bus_with_run
from loop_kit.commands.submit import hand_in_review, split_line
from loop_kit.errors import UsageError
from loop_kit.model.figures import counted
from loop_kit.vcs.repository import Repository

_ORDER = "loop_kit.order"
# The flags that belong to one issue -> the field they fill.
_FIELDS = {"change": "file", "reason": "reason", "required": "required_change", "severity": "severity"}


class _Ordered(click.Command):
    """A command that keeps the order of its flags: a reason belongs to the file named before it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not ctx.resilient_parsing:
            _, _, order = self.make_parser(ctx).parse_args(args=list(args))
            ctx.meta[_ORDER] = [parameter.name for parameter in order]
        return super().parse_args(ctx, args)


@click.command("review", cls=_Ordered)
@click.argument("task", required=False, default="", metavar="[TASK]")
@click.option("--approve", is_flag=True, help="The change is good as it is.")
@click.option("--change", metavar="FILE[:LINE]", multiple=True, help="Where something must change; '' for no file.")
@click.option("--reason", metavar="TEXT", multiple=True, help="What is wrong there; each --change needs one.")
@click.option("--required", metavar="TEXT", multiple=True, help="What must be true instead.")
@click.option("--severity", metavar="WORD", multiple=True, help="How bad it is: high, medium, low. [default: high]")
@click.option("--suggest", metavar="TEXT", multiple=True, help="What could be better but does not block the approval.")
@click.option("--edit", is_flag=True, help="Write the review in $VISUAL or $EDITOR.")
@click.option("--json", "as_json", is_flag=True, help="The review and what comes next as one JSON object.")
@bus_option
@click.pass_context
def command(ctx: click.Context, /, **flags: Any) -> int:
    """Hand in your review of this round's change: --approve, or --change for each blocking issue, or --edit.

    --reason, --required and --severity belong to the --change before them. The request is in .loop/review_request.json,
    and `loop diff` shows the change. It works while a run waits for you, and before `loop run --resume`. A review of your
    own work is recorded as such.
    """
    invocation: Invocation = ctx.obj
    _check_flags(flags)
    bus, repository = bus_with_run(invocation, flags["task"]), Repository.find(invocation.cwd)
    if flags["edit"]:
        handed_in = edit_review(bus, repository, invocation)
    else:
        answer = _answer(flags, ctx.meta[_ORDER])
        handed_in = hand_in_review(bus, repository, answer, environment=invocation.environment)
    document = handed_in.document
    approved = document["decision"] == "approve"
    decision = "approved" if approved else f"{counted(len(document['blocking_issues']), 'change')} required"
    own = ", by the person who did the work" if document["self_review"] else ""
    return print_submission(handed_in, f"round {document['round']}: {decision}{own}", as_json=flags["as_json"])


def _check_flags(flags: Mapping[str, Any]) -> None:
    chosen = [name for name in ("approve", "change", "edit") if flags[name]]
    if len(chosen) > 1:
        raise UsageError(f"--{chosen[0]} and --{chosen[1]} contradict each other", hint="give one of them")
    details = any(flags[name] for name in (*_FIELDS, "suggest"))
    if (not chosen and not details) or (flags["edit"] and details):
        raise UsageError(
            "a review is --approve, or --change with --reason, or --edit alone", hint="loop diff shows the change"
        )


def _answer(flags: Mapping[str, Any], order: Iterable[str]) -> dict[str, Any]:
    issues = list(_issues(flags, order))
    if flags["approve"] and issues:
        raise UsageError(
            "--approve and --reason contradict each other", hint="--suggest TEXT is for what does not block"
        )
    return {
        "decision": "approve" if flags["approve"] else "changes_required",
        "blocking_issues": issues,
        "non_blocking_suggestions": list(flags["suggest"]),
    }


def _issues(flags: Mapping[str, Any], order: Iterable[str]) -> Iterator[dict[str, str]]:
    """Yield one issue for each --change, with the flags that belong to it."""
    values = {name: iter(flags[name]) for name in _FIELDS}
    issue: dict[str, str] | None = None
    for name in order:
        if name not in _FIELDS:
            continue
        value = next(values[name])
        if name == "change":
            if issue is not None:
                yield _whole(issue)
            issue = {"file": value}
        elif issue is None:
            raise UsageError(f"--{name} comes before any --change", hint="name the file first: --change FILE:LINE")
        elif _FIELDS[name] in issue:
            raise UsageError(f"--{name} is given twice for --change {issue['file']}", hint="give it once")
        else:
            issue[_FIELDS[name]] = value
    if issue is not None:
        yield _whole(issue)


def _whole(issue: dict[str, str]) -> dict[str, str]:
    if not issue.get("reason", "").strip():
        raise UsageError(f"--change {issue['file']} has no --reason", hint="add what is wrong there: --reason TEXT")
    path, line = split_line(issue["file"])
    file = f"{path.removeprefix('./')}:{line}" if line else path.removeprefix("./")
    return {"severity": "high", "required_change": "", **issue, "file": file}
