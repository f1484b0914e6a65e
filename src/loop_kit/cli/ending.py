"""How a run ended: what a person wants to know then, and the commands that come next."""

import shlex
from collections.abc import Iterator, Sequence
from contextlib import suppress

from loop_kit.cli.boundary import expected
from loop_kit.cli.edge import Edge
from loop_kit.cli.places import loop_again
from loop_kit.engine.run import Run
from loop_kit.engine.seals import read_judged
from loop_kit.engine.summary import summarize
from loop_kit.errors import EXIT_CODES, LoopError, Outcome
from loop_kit.model import documents
from loop_kit.model.decision import Decision
from loop_kit.model.evidence import Evidence
from loop_kit.model.review import Issue
from loop_kit.model.summary import MOST_LISTED, CommandEnded, Summary
from loop_kit.values import dataclass
from loop_kit.vcs.quoting import harmless

_ROUNDS_SHOWN = 5
_SELF_REVIEW = "the person who did the work reviewed it too"
_ALLOWED = "allow_tree_settings: the tree may have spoken for its reviewer ({})"
_GROUNDS = {
    None: "approved, unverified (no check is configured)",
    False: "approved, unverified (no check bears it out)",
    True: "approved, and loop's own checks pass",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """One ending, of a run or of the try to begin one.

    `summary` is None when there was no run or its repository cannot be read any more; `checks`
    has a line for each of loop's own checks of the last round; `commands` can be typed as they are.
    """

    outcome: Outcome
    error: str = ""
    hint: str = ""
    run_name: str = ""
    summary: Summary | None
    checks: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        verified = self.summary is not None and self.summary.verified is True
        unverified = self.outcome is Outcome.APPROVED and not verified
        return f"{self.outcome}{', unverified' if unverified else ''}"

    @property
    def why(self) -> str:
        if self.error:
            return self.error
        if self.outcome is not Outcome.APPROVED:
            return "the fix list says what is to be done"
        return _GROUNDS[self.summary.verified] if self.summary is not None else "approved"

    @property
    def event(self) -> CommandEnded:
        return CommandEnded(
            outcome=self.outcome,
            exit_code=EXIT_CODES[self.outcome],
            message=self.why,
            hint=self.hint,
            next=self.commands,
            checks=self.checks,
            summary=self.summary,
        )


def ending_of(error: Exception) -> Ending:
    """Return the ending of a run that never came to be, or that a bug ended."""
    message, hint, outcome = expected(error) or (f"a bug in loop: {error!r}", "", Outcome.BUG)
    return Ending(outcome=outcome, error=message, hint=hint, summary=None)


def read_ending(run: Run, error: LoopError | None, edge: Edge) -> Ending:
    """Return how a run ended; `error` is what ended it, None when it was approved or its single round is over."""
    run.reload()
    state = run.state
    outcome = error.outcome if error is not None else state.outcome or Outcome.CHANGES_REQUIRED
    summary: Summary | None = None
    checks: tuple[str, ...] = ()
    with suppress(LoopError):  # the repository or the archive is what is broken: the error says so
        summary, checks = summarize(run), _checks(run)
    return Ending(
        outcome=outcome,
        error=error.message if error is not None else "",
        hint=error.hint if error is not None else "",
        run_name=state.run_name,
        summary=summary,
        checks=checks,
        commands=_commands(run, outcome, loop_again(edge)),
    )


def _checks(run: Run) -> tuple[str, ...]:
    state = run.state
    if not state.round_details:
        return ()
    document = read_judged(run.archive, state.round_details[-1], Evidence.kind)
    return () if document is None else documents.read(Evidence, document).sentences


def _commands(run: Run, outcome: Outcome, loop: str) -> tuple[str, ...]:
    state = run.state
    look = f"{loop} show {state.run_name}"
    own = run.manifest.tree
    if outcome is Outcome.APPROVED:
        into = f" {state.task_id} --into {run.manifest.into or 'BRANCH'}" if own else ""
        return (f"git diff {state.base_sha[:12]} {state.head_sha[:12]}", f"{loop} accept{into}", look)
    if not state.unfinished:
        return (look,)
    if "--reset" in state.hint and "--resume" not in state.hint:
        return (f"{loop} run --reset{f' --worktree --task {state.task_id}' if own else ''}", look)
    more = f" --max-rounds {run.settings.run.max_rounds + 2}" if outcome is Outcome.ROUND_LIMIT else ""
    stops = run.bus.stop_files() or [run.bus.stop_path]
    away = (f"rm {shlex.join(map(str, stops))}",) if outcome is Outcome.STOPPED else ()
    task = f" --task {state.task_id}" if own else ""
    return (*away, f"{loop} run --resume{task}{more}", look)


def plain_lines(ending: Ending, *, fix_list: str, story: str) -> list[str]:
    """Return the ending as plain lines; why it did not end well is not among them: stderr says that."""
    summary = ending.summary
    if ending.outcome is Outcome.CHANGES_REQUIRED and not ending.error:
        return [f"round {None if summary is None else summary.rounds}: changes required; {fix_list} says which"]
    head = ending.why if ending.outcome is Outcome.APPROVED else str(ending.outcome)
    played = f", after {summary.rounds} round{'' if summary.rounds == 1 else 's'}" if summary is not None else ""
    return [
        f"{ending.run_name}: {head}{played}",
        *(_summary_lines(summary) if summary is not None else ()),
        *_next_lines(ending),
        f"  the story:   {story}",
    ]


def _summary_lines(summary: Summary) -> Iterator[str]:
    yield f"  {_where(summary)}"
    yield from (f"  {word}" for word in _reservations(summary))
    yield from (f"  open:        {_issue(issue)}" for issue in summary.open_issues)
    yield from (f"  noticed:     {told}" for told in summary.noticed)


def _next_lines(ending: Ending) -> list[str]:
    if ending.outcome is Outcome.APPROVED:
        return [f"  look at it:  {ending.commands[0]}"]
    return [f"  next:        {command}" for command in ending.commands]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the panel. `rank` says who is shortened first when there is little room: the highest."""

    label: str
    lines: tuple[str, ...]
    rank: int


def sections(ending: Ending) -> list[Section]:
    """Return what the panel tells, in order; the first line of each says it in short."""
    summary = ending.summary
    last_words = () if _only_repeats(ending) else (ending.hint,)
    found = [Section("why", (ending.why, *_reservations(summary)), 1), Section("hint", last_words, 2)]
    if summary is not None:
        issues = [_issue(issue) for issue in summary.open_issues]
        found += [
            Section("rounds", (_rounds(summary),), 7),
            Section("commits", (f"{_count(summary.commits)}: {_where(summary)}", *summary.commits), 6),
            Section("files", (f"{_count(summary.files)}: {', '.join(map(harmless, summary.files)) or '-'}",), 5),
            Section("checks", (_grounds(summary), *ending.checks), 4),
            Section("open", (f"{len(issues)} issues", *issues) if len(issues) > 1 else (*issues, "none")[:1], 3),
            Section("noticed", summary.noticed, 2),
        ]
    found.append(Section("next", ending.commands, 0))
    return [section for section in found if any(section.lines)]


def _reservations(summary: Summary | None) -> tuple[str, ...]:
    """Return what a person should know before they rely on the review."""
    if summary is None:
        return ()
    allowed = summary.tree_settings_allowed
    return (
        *((_SELF_REVIEW,) if summary.self_review else ()),
        *((_ALLOWED.format(", ".join(allowed)),) if allowed else ()),
    )


def _only_repeats(ending: Ending) -> bool:
    """Whether the hint says no more than the commands do."""
    return ending.hint.startswith("loop run --resume") and ";" not in ending.hint


def _rounds(summary: Summary) -> str:
    decided = [
        "approved" if row.decision is Decision.APPROVE else f"changes required ({row.blocking})"
        for row in summary.round_details[-_ROUNDS_SHOWN:]
    ]
    more = ["…"] if len(summary.round_details) > _ROUNDS_SHOWN else []
    return f"{summary.rounds}: {', '.join(more + decided) or 'none was finished'}"


def _grounds(summary: Summary) -> str:
    if not summary.round_details:
        return "no round was finished"
    said = {None: "none is configured", False: "they do not bear the change out", True: "they pass"}
    return said[summary.verified]


def _count(listed: Sequence[str]) -> str:
    return f"{len(listed)}" if len(listed) < MOST_LISTED else f"{len(listed)} or more"


def _where(summary: Summary) -> str:
    return f"{summary.base_sha[:12]}..{summary.head_sha[:12]} on {summary.branch or 'a detached HEAD'}"


def _issue(issue: Issue) -> str:
    # One line, however many it was written in: none of them can pass for one of loop's.
    return " ".join(f"{issue.severity}: {issue.place or '-'}: {issue.reason}".split())
