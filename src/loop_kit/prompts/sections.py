"""The parts of a prompt that both roles are shown: the card, what happened before, what has to be fixed."""

from collections.abc import Iterable, Sequence

from loop_kit.model.change import Finding
from loop_kit.model.review import FixList, Issue
from loop_kit.model.state import KEPT_ROWS, RoundRow
from loop_kit.model.task import Criterion, TaskCard
from loop_kit.prompts.fence import fenced, fenced_list, one_line
from loop_kit.prompts.templates import joined

GOAL_LIMIT = 100_000
LIST_LIMIT = 64_000
FIXES_LIMIT = 128_000
NOTES_LIMIT = 16_000
RULES_LIMIT = 64_000
PATH_LIMIT = 4_096
_LINES_LIMIT = 100
_LINE_WIDTH = 600
_PATHS_LIMIT = 20


def section(heading: str, *parts: str) -> str:
    return joined(f"## {heading}", *parts)


def card_section(card: TaskCard, checks: Sequence[str] = ()) -> str:
    """Return what has to be true at the end. It is the same in every round."""
    return section(
        f"Task {card.task_id}",
        "The card of this task, written by the person who wants it done. No round changes it.",
        fenced("goal", card.goal, GOAL_LIMIT),
        _listed("acceptance criteria", [_criterion(entry) for entry in card.acceptance_criteria]),
        _listed("in scope", card.in_scope) or "In scope: every file.",
        _listed("out of scope", card.out_of_scope),
        _scope_rule(card),
        _listed("constraints", card.constraints),
        _checks(checks),
    )


def history_part(history: Sequence[RoundRow]) -> str:
    """Return one line for each earlier round, or nothing."""
    if not history:
        return ""
    rows = (
        f"- round {row.round}: {one_line(row.decision)}, said by {_judge(row)}, "
        f"{row.blocking} blocking, head {one_line(row.head_sha)}"
        for row in history[-KEPT_ROWS:]
    )
    return "Earlier rounds:\n" + "\n".join(rows)


def fixes_part(fix_list: FixList | None, sentence: str) -> str:
    """Return every required change under `sentence`, or nothing."""
    if fix_list is None or not fix_list.fixes:
        return ""
    quoted = fenced_list("required changes", [_issue(issue) for issue in fix_list.fixes], FIXES_LIMIT)
    return f"{sentence}\n{quoted}"


def again_part(again: Sequence[Finding | str]) -> str:
    """Return why this round's last report was refused, or nothing."""
    return f"Your last report of this round was not accepted:\n{problem_lines(again)}" if again else ""


def problem_lines(problems: Iterable[Finding | str]) -> str:
    """Return loop's own findings, one line each.

    They are quoted although loop wrote them, because they contain file names and words of a report, which an agent chose.
    """
    lines = [_problem(problem) for problem in problems]
    left_out = len(lines) - _LINES_LIMIT
    more = f"\n({left_out:,} more are not shown.)" if left_out > 0 else ""
    shown = "\n".join(f"- {line}" for line in lines[:_LINES_LIMIT])
    return fenced("what loop found", shown, len(shown)) + more


def _listed(title: str, items: Sequence[str]) -> str:
    return fenced_list(title, items, LIST_LIMIT) if items else ""


def _criterion(entry: Criterion) -> str:
    return entry.text if entry.check is None else f"{entry.text} (shown by the check '{entry.check}')"


def _scope_rule(card: TaskCard) -> str:
    if not (card.in_scope or card.out_of_scope):
        return ""
    return "Scope entries that are path patterns bind: loop sends a change back that touches what lies outside."


def _checks(checks: Sequence[str]) -> str:
    sentence = "loop itself runs these at the last commit of the work; one that fails sends it back."
    return f"{sentence}\n{_listed('checks', checks)}" if checks else ""


def _judge(row: RoundRow) -> str:
    return "loop itself" if row.judged_by == "loop" else "the reviewer"


def _issue(issue: Issue) -> str:
    # The required change comes first, so that a long reason cannot displace it.
    where = f" {one_line(issue.place)}" if issue.file else ""
    change = f"\nrequired change: {issue.required_change}" if issue.required_change else ""
    return f"[{issue.severity}]{where}{change}\nreason: {issue.reason}"


def _problem(problem: Finding | str) -> str:
    if isinstance(problem, str):
        return one_line(problem, _LINE_WIDTH)
    paths = ", ".join(f'"{one_line(path)}"' for path in problem.paths[:_PATHS_LIMIT])
    return f"{one_line(problem.text, _LINE_WIDTH)} [{problem.code}]" + (f" ({paths})" if paths else "")
