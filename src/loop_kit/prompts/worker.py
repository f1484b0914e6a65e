"""The worker's prompt: what stays the same in every round first, then this round, then what to submit."""

from loop_kit.model.change import Finding
from loop_kit.model.manifest import PromptTexts
from loop_kit.model.review import FixList
from loop_kit.model.state import RoundRow
from loop_kit.model.task import TaskCard
from loop_kit.prompts.delivery import worker_delivery
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
    section,
)
from loop_kit.prompts.templates import complete, joined
from loop_kit.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerBrief:
    """What a worker's dispatch is about.

    `texts` are the manifest's: `worker_template`, `worker_role`, `agents_md`, `context`. `again` says what was wrong
    with the last report of this round. `snapshot` is the ref of unfinished work that an
    interrupted try left in the working tree. `checks` are what loop will run at the worker's last commit.
    """

    card: TaskCard
    round: int
    base_sha: str
    head_sha: str
    report_path: str
    texts: PromptTexts
    fix_list: FixList | None = None
    history: tuple[RoundRow, ...] = ()
    again: tuple[Finding | str, ...] = ()
    snapshot: str = ""
    checks: tuple[str, ...] = ()


def worker_prompt(brief: WorkerBrief) -> str:
    """Return the whole text for the worker; its size is bounded, whatever the card, report or repository."""
    texts = brief.texts
    values = {
        "task_id": brief.card.task_id,
        "round_num": str(brief.round),
        "agents_md": fenced("AGENTS.md", texts.agents_md, RULES_LIMIT),
        "role_md": fenced("role", texts.worker_role, RULES_LIMIT),
        "task_card_section": card_section(brief.card, brief.checks),
        "prior_context_section": joined(_context(texts.context), _this_round(brief)),
        "work_report_path": one_line(brief.report_path, PATH_LIMIT),
    }
    body = complete(texts.worker_template, values, ("task_card_section", "prior_context_section"))
    delivery = worker_delivery(brief.card.task_id, brief.round, brief.report_path)
    return joined(PREFACE, body, delivery) + "\n"


def _context(context: str) -> str:
    return section("About this project", fenced("context", context, RULES_LIMIT)) if context.strip() else ""


def _this_round(brief: WorkerBrief) -> str:
    return section(
        f"Round {brief.round}",
        f"The run began at commit {brief.base_sha}. The work so far ends at commit {brief.head_sha}.",
        history_part(brief.history),
        fixes_part(brief.fix_list, "What stands in the way of approval. Settle each of these:"),
        _notes(brief.fix_list),
        _interrupted(brief.snapshot),
        again_part(brief.again),
    )


def _notes(fix_list: FixList | None) -> str:
    if fix_list is None:
        return ""
    notes, wishes = fix_list.prior_round_notes, fix_list.prior_review_non_blocking
    said = f"What the last round's worker noted:\n{fenced('notes', notes, NOTES_LIMIT)}"
    wished = f"What the reviewer would like and does not require:\n{fenced_list('suggestions', wishes, LIST_LIMIT)}"
    return joined(said if notes.strip() else "", wished if wishes else "")


def _interrupted(snapshot: str) -> str:
    if not snapshot:
        return ""
    return (
        "An earlier try of this round was cut off. What it had not committed lies in the working tree "
        f"(and is kept as {one_line(snapshot)}). Look at it first, then keep, finish or drop it."
    )
