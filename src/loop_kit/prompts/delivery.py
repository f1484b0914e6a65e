"""Which document an agent has to submit, in which form and where: the end of every prompt, whatever the template says.

Without a path the answer is no file: it is a form that the program fills in, or its last message.

The examples are not valid documents, so that an agent which only echoes its prompt has not reported.
"""

import json
from collections.abc import Iterable
from typing import Any

from loop_kit.model.change import Finding
from loop_kit.prompts.fence import one_line
from loop_kit.prompts.sections import PATH_LIMIT, problem_lines, section

_WORKER_RULES = """\
- Work in the current directory, on what is checked out there. Switch no branch, rewrite no commit that was there,
  push nothing, leave git's configuration and hooks alone.
- Commit all that belongs to the change before you report. Leave nothing uncommitted and no new untracked file behind.
- In `.loop` touch nothing but the report.
- The report is a claim. loop compares it with what git shows."""

_REVIEWER_RULES = """\
- The current directory is a worktree of your own, at the head commit. Read, search and run what you need; change no
  file that git tracks, make no commit.
- `decision` is exactly `approve` or `changes_required`. An approval has an empty `blocking_issues`, `changes_required`
  has at least one. Anything else is no decision.
- Each blocking issue names the file and line, the reason, and the change that would settle it."""


def worker_delivery(task_id: str, round_number: int, report_path: str) -> str:
    """Return the rules of the work and the form of the work report."""
    example = {
        "task_id": task_id,
        "round": round_number,
        "head_sha": "<the full id of your last commit, as `git rev-parse HEAD` prints it>",
        "files_changed": ["<path of a file you changed, from the top of the repository>"],
        "notes": "<what you did and why, what is left open>",
        "tests": [{"name": "<what you ran>", "result": "<pass or fail>"}],
    }
    return section("What you hand in", _WORKER_RULES, _form(example, report_path))


def reviewer_delivery(task_id: str, round_number: int, report_path: str) -> str:
    """Return the rules of the review and the form of the review report."""
    example = {
        "task_id": task_id,
        "round": round_number,
        "decision": "<approve or changes_required>",
        "blocking_issues": [
            {
                "severity": "<high, medium or low>",
                "file": "<path:line>",
                "reason": "<what is wrong and how it shows>",
                "required_change": "<what has to be true instead>",
            }
        ],
        "non_blocking_suggestions": ["<what would be better and need not be>"],
    }
    return section("What you hand in", _REVIEWER_RULES, _form(example, report_path))


def follow_up(kind: str, problems: Iterable[Finding | str], report_path: str) -> str:
    """Return the short text that asks once more for a document of this kind, in the conversation that knows the rest."""
    name = kind.replace("_", " ")
    return (
        f"loop cannot accept your {name}:\n\n{problem_lines(problems)}\n\n"
        "Put right what is named here, do nothing else, and hand in the document again. "
        f"Its form and the rules are those you were given. {_where(report_path)}\n"
    )


def _form(example: dict[str, Any], report_path: str) -> str:
    text = json.dumps(example, indent=2, ensure_ascii=False)
    return f"{_where(report_path)} The document has this form, with your own values in place of `<…>`:\n\n```json\n{text}\n```"


def _where(report_path: str) -> str:
    if not report_path:
        return (
            "Your answer is the document itself, and the last that you say: in the form that your program asks you for, "
            "and in a ```json block when it asks for none. Write it into no file, and say nowhere else what you decide."
        )
    return (
        f"Write the report as one JSON document to this file (`LOOP_REPORT` in your environment is the same path):\n\n"
        f"    {one_line(report_path, PATH_LIMIT)}\n\n"
        "If you cannot write files, end with the document as your last message, in a ```json block."
    )
