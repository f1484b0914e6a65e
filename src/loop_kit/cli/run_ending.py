"""How a run ended: what a person wants to know, and the commands that come next."""

import shlex
from collections.abc import Iterator, Sequence
from contextlib import suppress

from loop_kit.cli.boundary import expected
from loop_kit.cli.invocation import Invocation
from loop_kit.cli.places import loop_again
from loop_kit.engine.run import Run
from loop_kit.engine.seals import read_judged
from loop_kit.engine.summary import summarize
from loop_kit.errors import EXIT_CODES, LoopError, Outcome
from loop_kit.model import documents
from loop_kit.model.decision import Decision
from loop_kit.model.evidence import Evidence
from loop_kit.model.figures import counted, short_id
from loop_kit.model.review import FixList, Issue
from loop_kit.model.summary import MOST_LISTED, CommandEnded, Summary
from loop_kit.values import dataclass
from loop_kit.vcs.quoting import harmless

_ROUNDS_SHOWN = 5
_SELF_REVIEW = "the person who did the work reviewed it too"
_ALLOWED = "allow_tree_settings: the tree may have influenced its reviewer ({})"
_GROUNDS = {
    None: "approved, unverified (no check is configured)",
    False: "approved, unverified (no check verifies it)",
    True: "approved and verified: loop's own checks pass",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnding:
    """How a run ended, or why none began.

    `summary` is None when there was no run or its repository cannot be read; `checks` has a line for each of loop's own checks
    in the last round; `commands` can be typed as they are. `fix_list` and `summary_path` are the files that a person is
    referred to, "" when there was no run.
    """

    outcome: Outcome
    error: str = ""
    hint: str = ""
    run_name: str = ""
    summary: Summary | None
    checks: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    fix_list: str = ""
    summary_path: str = ""

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
            return "the fix list names the changes"
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


def ending_of_error(error: Exception) -> RunEnding:
    """Return the ending for an error before a run began, or for a bug."""
    message, hint, outcome = expected(error) or (f"a bug in loop: {error!r}", "", Outcome.BUG)
    return RunEnding(outcome=outcome, error=message, hint=hint, summary=None)


def read_ending(run: Run, error: LoopError | None, invocation: Invocation) -> RunEnding:
    """Return how a run ended; `error` ended it, None after an approval or a finished single round."""
    run.reload()
    state = run.state
    outcome = error.outcome if error is not None else state.outcome or Outcome.CHANGES_REQUIRED
    summary: Summary | None = None
    checks: tuple[str, ...] = ()
    with suppress(LoopError):  # the repository or the archive is broken: the error says so
        summary, checks = summarize(run), _checks(run)
    return RunEnding(
        outcome=outcome,
        error=error.message if error is not None else "",
        hint=error.hint if error is not None else "",
        run_name=state.run_name,
        summary=summary,
        checks=checks,
        commands=_commands(run, outcome, loop_again(invocation)),
        fix_list=str(run.bus.path(FixList.kind)),
        summary_path=str(run.bus.path(Summary.kind)),
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
        task = f" {state.task_id}" if own else ""
        return (f"{loop} diff{task}", f"{loop} accept{into}", look)
    if not state.unfinished:
        return (look,)
    if "--reset" in state.hint and "--resume" not in state.hint:
        return (f"{loop} run --reset{f' --worktree --task {state.task_id}' if own else ''}", look)
    more = f" --max-rounds {run.settings.run.max_rounds + 2}" if outcome is Outcome.ROUND_LIMIT else ""
    stops = run.bus.stop_files() or [run.bus.stop_path]
    away = (f"rm {shlex.join(map(str, stops))}",) if outcome is Outcome.STOPPED else ()
    task = f" --task {state.task_id}" if own else ""
    return (*away, f"{loop} run --resume{task}{more}", look)


def plain_lines(ending: RunEnding) -> list[str]:
    """Return the ending as plain lines; the error that ended the run is not among them, because it goes to stderr."""
    summary = ending.summary
    if ending.outcome is Outcome.CHANGES_REQUIRED and not ending.error:
        return [f"round {None if summary is None else summary.rounds}: changes required, see {ending.fix_list}"]
    head = ending.why if ending.outcome is Outcome.APPROVED else str(ending.outcome)
    rounds = f", after {counted(summary.rounds, 'round')}" if summary is not None else ""
    return [
        f"{ending.run_name}: {head}{rounds}",
        *(_summary_lines(summary) if summary is not None else ()),
        *_next_lines(ending),
        f"  summary:     {ending.summary_path}",
    ]


def _summary_lines(summary: Summary) -> Iterator[str]:
    yield f"  {_where(summary)}"
    yield from (f"  {word}" for word in _reservations(summary))
    yield from (f"  open:        {_issue(issue)}" for issue in summary.open_issues)
    yield from (f"  noticed:     {sentence}" for sentence in summary.noticed)


def _next_lines(ending: RunEnding) -> list[str]:
    if ending.outcome is Outcome.APPROVED:
        return [f"  look at it:  {ending.commands[0]}"]
    return [f"  next:        {command}" for command in ending.commands]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the panel. When there is little room, the one with the highest `rank` is shortened first."""

    label: str
    lines: tuple[str, ...]
    rank: int


def sections(ending: RunEnding) -> list[Section]:
    """Return the panel's sections in order; the first line of each is its short form."""
    summary = ending.summary
    hint = () if _only_repeats(ending) else (ending.hint,)
    found = [Section("why", (ending.why, *_reservations(summary)), 1), Section("hint", hint, 2)]
    if summary is not None:
        issues = [_issue(issue) for issue in summary.open_issues]
        found += [
            Section("rounds", (_rounds(summary),), 7),
            Section("commits", (f"{_count(summary.commits)}: {_where(summary)}", *map(_commit, summary.commits)), 6),
            Section("files", (f"{_count(summary.files)}: {', '.join(map(harmless, summary.files)) or '-'}",), 5),
            Section("checks", (_grounds(summary), *ending.checks), 4),
            Section("open", (counted(len(issues), "issue"), *issues) if len(issues) > 1 else (*issues, "none")[:1], 3),
            Section("noticed", summary.noticed, 2),
        ]
    found.append(Section("next", ending.commands, 0))
    return [section for section in found if any(section.lines)]


def _reservations(summary: Summary | None) -> tuple[str, ...]:
    """Return what weakens the review, a sentence each."""
    if summary is None:
        return ()
    allowed = summary.tree_settings_allowed
    return (
        *((_SELF_REVIEW,) if summary.self_review else ()),
        *((_ALLOWED.format(", ".join(allowed)),) if allowed else ()),
    )


def _only_repeats(ending: RunEnding) -> bool:
    """Whether the hint only repeats the commands."""
    return ending.hint.startswith("loop run --resume") and ";" not in ending.hint


def _rounds(summary: Summary) -> str:
    decided = [
        "approved" if row.decision is Decision.APPROVE else f"changes required ({row.blocking})"
        for row in summary.round_details[-_ROUNDS_SHOWN:]
    ]
    more = ["…"] if len(summary.round_details) > _ROUNDS_SHOWN else []
    return f"{summary.rounds}: {', '.join(more + decided) or 'none finished'}"


def _grounds(summary: Summary) -> str:
    if not summary.round_details:
        return "no round finished"
    words = {None: "none is configured", False: "they do not verify the change", True: "they pass"}
    return words[summary.verified]


def _count(listed: Sequence[str]) -> str:
    return f"{len(listed)}" if len(listed) < MOST_LISTED else f"{len(listed)} or more"


def _commit(line: str) -> str:
    """Return a commit of a summary, `id subject`, with a short id."""
    sha, space, subject = line.partition(" ")
    return f"{short_id(sha)}{space}{subject}"


def _where(summary: Summary) -> str:
    return f"{short_id(summary.base_sha)}..{short_id(summary.head_sha)} on {summary.branch or 'a detached HEAD'}"


def _issue(issue: Issue) -> str:
    # Joined to one line: a further line could pass for one of loop's.
    return " ".join(f"{issue.severity}: {issue.place or '-'}: {issue.reason}".split())
