"""One answer: a dispatch decides one thing. What it handed in counts when all that it said in other places agrees with it.

A hook of the tree or a test that the agent runs can write wherever the agent can, and an agent that says no and then yes
has not decided: neither is settled here by an order of precedence.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loop_kit.backends.account import Account
from loop_kit.dispatch.desk import Desk
from loop_kit.dispatch.request import Ask
from loop_kit.engine.context import RunContext
from loop_kit.errors import DocumentError
from loop_kit.model.redaction import Redactor
from loop_kit.model.review import ReviewReport
from loop_kit.model.state import RunState


class TwoAnswersError(DocumentError):
    """What a dispatch said in one place contradicts what it said in another."""


def find_answer(ctx: RunContext, state: RunState, ask: Ask[Any], desk: Desk, last_word: Account | None) -> Any | None:
    """Return what a dispatch handed in, without keys; raise `DocumentError` when it is unreadable or no single answer.

    `last_word` is None for a program that was cut off or failed, because what it said last was a draft.
    """
    redactor = desk.redactor(ctx, state)
    said = None if last_word is None else desk.backend.document(desk.order, last_word.finished, last_word.said)
    said = redactor.clean_document(said)
    document = None
    if desk.formed:
        _check_beside(ctx, ask, desk, said, redactor)
    else:
        document = _handed_in(ctx, ask, desk, redactor)
    document = said if document is None else document
    if ask.kind == ReviewReport.kind and last_word is not None:
        _check_decisions(document, last_word)
    return document


def _handed_in(ctx: RunContext, ask: Ask[Any], desk: Desk, redactor: Redactor) -> dict[str, Any] | None:
    """Return the document in the file that counts; the other one may not say otherwise."""
    paths = ctx.bus.handed_in(desk.dispatch_id, ask.kind)
    if not paths:
        return None
    document: dict[str, Any] = redactor.clean_document(ctx.bus.read_handed_in(paths[0], ask.kind))
    for path in paths[1:]:
        try:
            other = redactor.clean_document(ctx.bus.read_handed_in(path, ask.kind))
        except DocumentError:  # it says nothing
            continue
        if not _agree(document, other):
            raise TwoAnswersError(f"{ctx.bus.name(path)} says otherwise than the file that LOOP_REPORT names")
    return document


def _check_beside(ctx: RunContext, ask: Ask[Any], desk: Desk, form: Any, redactor: Redactor) -> None:
    """Raise for a file that somebody has written beside the form; what an earlier try put on the bus is that form itself."""
    for path in ctx.bus.handed_in(desk.dispatch_id, ask.kind):
        if path == desk.order.report or not _is_form(ctx, ask, path, form, redactor):
            raise TwoAnswersError(f"{ctx.bus.name(path)} was written, and its answer is the form alone")


def _is_form(ctx: RunContext, ask: Ask[Any], path: Path, form: Any, redactor: Redactor) -> bool:
    try:
        return isinstance(form, dict) and _agree(form, redactor.clean_document(ctx.bus.read_handed_in(path, ask.kind)))
    except DocumentError:
        return False


def _agree(document: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two documents say the same, apart from what one of them leaves out: loop fills that in."""
    return all(document[name] == other[name] for name in document.keys() & other.keys())


def _check_decisions(document: Any, last_word: Account) -> None:
    own = document.get("decision") if isinstance(document, dict) else None
    words = last_word.decisions | ({own} if isinstance(own, str) else set())
    if len(words) > 1:
        raise TwoAnswersError(f"it decides {' in one place and '.join(sorted(words))} in another; there is one answer")
