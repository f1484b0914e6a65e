"""Judge outside documents: the door to jsonschema.

A schema is read once per process and compiled when it is first needed, because importing jsonschema costs more than
most commands take altogether.
"""

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from loop_kit import resources
from loop_kit.errors import DocumentError

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

KINDS = (
    "charter",
    "checks",
    "config",
    "feed_event",
    "fix_list",
    "heartbeat",
    "review_report",
    "review_request",
    "state",
    "summary",
    "task_card",
    "work_report",
)


@cache
def _validator(kind: str) -> "Validator":
    from jsonschema import Draft202012Validator  # noqa: PLC0415  (74 ms that status and health do without)

    schema = json.loads(resources.schema_path(kind).read_text(encoding="utf-8"))
    return Draft202012Validator(schema)


def check(kind: str, document: Any, *, name: str = "") -> None:
    """Raise `DocumentError` naming the field unless `document` satisfies the schema of `kind`.

    `name` is what the person calls the file; without it the kind is named.
    """
    problem = find_problem(kind, document)
    if problem is not None:
        raise DocumentError(f"{name or kind} {problem}", hint=f"the rules are in schemas/{kind}.schema.json")


def find_problem(kind: str, document: Any) -> str | None:
    """Return the first thing wrong with `document` as `field: what`, or None."""
    from jsonschema.exceptions import best_match  # noqa: PLC0415  (as above)

    try:
        error = best_match(_validator(kind).iter_errors(document))
    except RecursionError:
        return "$: it is nested too deeply"
    if error is None:
        return None
    # A rule that jsonschema can only word as "False schema does not allow" carries its own sentence in the schema.
    said = error.schema.get("$comment") if isinstance(error.schema, dict) and error.validator != "required" else None
    return f"{error.json_path}: {_shorten(said or error.message)}"


def _shorten(message: str, limit: int = 300) -> str:
    return message if len(message) <= limit else f"{message[:limit]}…"
