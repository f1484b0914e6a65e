"""The reviewer's prompt: the task before the change, what git shows before what the worker says, and the diff last."""

from collections.abc import Sequence

from loop_kit.model.change import Change, FileChange, Finding
from loop_kit.model.manifest import PromptTexts
from loop_kit.model.review import FixList
from loop_kit.model.state import RoundRow
from loop_kit.model.task import TaskCard
from loop_kit.model.work import WorkReport
from loop_kit.prompts.delivery import reviewer_delivery
from loop_kit.prompts.fence import PREFACE, fenced, fenced_list, one_line
from loop_kit.prompts.sections import (
    LIST_LIMIT,
    NOTES_LIMIT,
    PATH_LIMIT,
    RULES_LIMIT,
    again_part,
    card_section,
    fixes_part,
    history_part,
    problem_lines,
    section,
)
from loop_kit.prompts.templates import complete, joined
from loop_kit.values import dataclass

DIFF_LIMIT = 160_000
EVIDENCE_LIMIT = 32_000
ROWS_LIMIT = 150
_ROW_WIDTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewerBrief:
    """What a reviewer's dispatch is about.

    `texts` are the manifest's: `reviewer_template`, `reviewer_role`. `diff` is None when it is too large and lies at
    `diff_path` only. `findings` are those left to the reviewer's judgement. `fix_list` is what this round's worker was
    asked to do. `evidence` is what loop's own checks showed.
    """

    card: TaskCard
    round: int
    change: Change
    report_path: str
    texts: PromptTexts
    work: WorkReport
    diff: str | None
    diff_path: str = ""
    findings: tuple[Finding, ...] = ()
    fix_list: FixList | None = None
    history: tuple[RoundRow, ...] = ()
    evidence: tuple[str, ...] = ()
    again: tuple[Finding | str, ...] = ()


def reviewer_prompt(brief: ReviewerBrief) -> str:
    """Return the whole text for the reviewer; its size is bounded, whatever the card, change or report."""
    values = {
        "task_id": brief.card.task_id,
        "round_num": str(brief.round),
        "role_md": fenced("role", brief.texts.reviewer_role, RULES_LIMIT),
        "task_card_section": card_section(brief.card),
        "prior_context_section": _this_round(brief),
        "change_section": _change_section(brief),
        "review_report_path": one_line(brief.report_path, PATH_LIMIT) or "no file: it is your last message.",
    }
    must = ("task_card_section", "prior_context_section", "change_section")
    body = complete(brief.texts.reviewer_template, values, must)
    delivery = reviewer_delivery(brief.card.task_id, brief.round, brief.report_path)
    return joined(PREFACE, body, delivery) + "\n"


def _this_round(brief: ReviewerBrief) -> str:
    return section(
        f"Round {brief.round}",
        history_part(brief.history) or "No round went before this one.",
        fixes_part(brief.fix_list, "What this round was asked to settle. See for yourself whether it is settled:"),
        again_part(brief.again),
    )


def _change_section(brief: ReviewerBrief) -> str:
    change = brief.change
    return section(
        "The change",
        f"Base commit: {change.base_sha}\nHead commit: {change.head_sha}\nTree of the head: {change.tree}\n"
        f"You judge all that `git diff {change.base_sha} {change.head_sha}` shows, whichever round it is from.",
        _rows("commits, oldest first", [f"{commit.sha} {commit.subject}" for commit in change.commits]),
        _rows("changed files", [_file_row(file) for file in change.files]),
        _findings(brief.findings),
        _evidence(brief.evidence),
        _claims(brief.work),
        _diff(brief),
    )


def _rows(title: str, rows: Sequence[str]) -> str:
    """Quote the first `ROWS_LIMIT` of `rows`, a line each: a prompt does not grow with the number of files."""
    if not rows:
        return f"There are no {title}."
    shown = "\n".join(one_line(row, _ROW_WIDTH) for row in rows[:ROWS_LIMIT])
    left_out = len(rows) - ROWS_LIMIT
    more = f"\n({left_out:,} more are not shown.)" if left_out > 0 else ""
    return fenced(title, shown, len(shown)) + more


def _file_row(file: FileChange) -> str:
    return f"{file.status} {file.counts} {file.path}"


def _findings(findings: Sequence[Finding]) -> str:
    if not findings:
        return ""
    return (
        "loop noticed this about the change and leaves it to you. Answer each: make it a blocking issue, or say in the "
        f"suggestions why it may stand.\n{problem_lines(findings)}"
    )


def _evidence(evidence: Sequence[str]) -> str:
    if not evidence:
        return "loop itself ran no checks: nothing but your own look stands behind an approval."
    return f"What loop itself ran at the head, and how it ended:\n{fenced_list('evidence', evidence, EVIDENCE_LIMIT)}"


def _claims(work: WorkReport) -> str:
    """Return what the worker says, after the facts and labelled as claims."""
    tests = [f"{test.name}: {test.result}" for test in work.tests]
    notes = fenced("worker's notes", work.notes, NOTES_LIMIT) if work.notes.strip() else ""
    listed = fenced_list("worker's tests", tests, LIST_LIMIT) if tests else ""
    sentence = "What the worker says about it. These are claims; nobody has checked them:"
    return joined(sentence, notes, listed) if notes or listed else ""


def _diff(brief: ReviewerBrief) -> str:
    where = f" The whole diff is in the file {one_line(brief.diff_path, PATH_LIMIT)}" if brief.diff_path else ""
    if brief.diff is None:
        return f"The diff is too large for this page.{where}"
    return f"The diff from base to head.{where}\n{fenced('diff', brief.diff, DIFF_LIMIT)}"
