"""A review written in the person's editor: a draft in TOML, kept on the bus until it is a valid review."""

import json
import shlex
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loop_kit.bus.atomic import exclusive_write, remove
from loop_kit.bus.bus import Bus
from loop_kit.bus.files import read_bytes
from loop_kit.cli.invocation import Invocation
from loop_kit.commands.submit import HandedIn, Standing, hand_in_review, review_due
from loop_kit.errors import DocumentError, StartError
from loop_kit.model.figures import short_id
from loop_kit.processes.foreground import run_in_terminal
from loop_kit.processes.spawn import Command
from loop_kit.vcs.repository import Repository

_LIMIT = 4 << 20
_SHOWN_FILES = 50
_FORM = """\
# The review of {task_id}, round {round}: {base}..{head}
# Lines that begin with '#' are ignored. Save and leave the editor to hand in the review; with an empty decision nothing
# happens, and the same command opens this draft again.

# "approve" or "changes_required"
decision = ""

# What could be better but does not block the approval, one text per entry.
non_blocking_suggestions = []

# What blocks the approval, one block each; 'file' may end in a line number. Remove the '#'.
#[[blocking_issues]]
#severity = "high"
#file = {file}
#reason = \"\"\"
#\"\"\"
#required_change = ""

# Changed:
{files}
#
# The task:
{goal}
"""


def edit_review(bus: Bus, repository: Repository, invocation: Invocation) -> HandedIn:
    """Let the person write a review and hand it in; raise `DocumentError` and keep the draft when it is not valid."""
    at, request = review_due(bus)
    program = _editor(invocation.environment)
    draft = bus.root / f"review_draft_{at.state.run_name}_r{at.state.round}.toml"
    exclusive_write(draft, _form(at, request).encode())
    code = run_in_terminal(Command(argv=(*program, str(draft)), env=invocation.environment, cwd=invocation.cwd))
    hint = f"your draft is kept as {draft}; loop review --edit opens it again"
    if code != 0:
        raise StartError(f"the editor {program[0]} ended with exit status {code}: nothing was handed in", hint=hint)
    answer = _read(draft, hint)
    try:
        handed_in = hand_in_review(bus, repository, answer, environment=invocation.environment)
    except DocumentError as error:
        raise DocumentError(error.message, hint=hint) from None
    remove(draft)
    return handed_in


def _editor(environment: Mapping[str, str]) -> tuple[str, ...]:
    named = environment.get("VISUAL") or environment.get("EDITOR") or ""
    try:
        words = tuple(shlex.split(named))
    except ValueError as error:
        raise StartError(f"EDITOR or VISUAL cannot be read: {error}", hint="fix its quotes") from None
    if not words:
        raise StartError("neither VISUAL nor EDITOR is set", hint="EDITOR=vi loop review --edit")
    return words


def _form(at: Standing, request: Mapping[str, Any]) -> str:
    changed = [entry["path"] for entry in request.get("changed_files", [])][:_SHOWN_FILES]
    return _FORM.format(
        task_id=at.state.task_id,
        round=at.state.round,
        base=short_id(at.state.base_sha),
        head=short_id(request["head_sha"]),
        file=json.dumps(changed[0] if changed else ""),
        files="\n".join(f"#   {path if path.isprintable() else ascii(path)}" for path in changed),
        goal="\n".join(f"#   {line}" for line in at.manifest.card.goal.splitlines()),
    )


def _read(draft: Path, hint: str) -> dict[str, Any]:
    try:
        answer = tomllib.loads(read_bytes(draft, limit=_LIMIT).decode("utf-8-sig"))
    except FileNotFoundError:
        raise DocumentError(f"{draft} is gone", hint="loop review --edit makes a new draft") from None
    except (ValueError, RecursionError) as error:  # as in `settings`
        raise DocumentError(f"{draft}: {error}", hint=hint) from None
    if answer.get("decision", "") == "":
        raise StartError("the draft has no decision: nothing was handed in", hint=hint)
    return answer
