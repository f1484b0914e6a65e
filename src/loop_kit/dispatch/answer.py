"""One answer: a dispatch decides one thing. What it handed in counts when all that it said in other places agrees with it.

A hook of the tree or a test that the agent runs can write wherever the agent can, and an agent that says no and then yes
has not decided: neither is settled here by an order of precedence.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loop_kit.backends.account import Account
from loop_kit.bus.bus import Bus
from loop_kit.dispatch.dispatch import Dispatch
from loop_kit.dispatch.request import DocumentRequest
from loop_kit.errors import DocumentError
from loop_kit.model.redaction import Redactor
from loop_kit.model.review import ReviewReport


class TwoAnswersError(DocumentError):
    """What a dispatch said in one place contradicts what it said in another."""


def find_answer(bus: Bus, request: DocumentRequest[Any], dispatch: Dispatch, last_word: Account | None) -> Any | None:
    """Return what a dispatch handed in, without keys; raise `DocumentError` when it is unreadable or no single answer.

    `last_word` is None for a program that was cut off or failed, because what it said last was a draft.
    """
    redactor = dispatch.redactor
    said = None
    if last_word is not None:
        said = dispatch.backend.document(dispatch.order, last_word.finished, last_word.said)
    said = redactor.clean_document(said)
    document = None
    if dispatch.formed:
        _check_beside(bus, dispatch, said, redactor)
    else:
        document = _handed_in(bus, dispatch, redactor)
    document = said if document is None else document
    if request.expect is ReviewReport and last_word is not None:
        _check_decisions(document, last_word)
    return document


def _handed_in(bus: Bus, dispatch: Dispatch, redactor: Redactor) -> dict[str, Any] | None:
    """Return the document in the file that counts; the other one may not say otherwise."""
    paths = bus.handed_in(dispatch.name, dispatch.paper)
    if not paths:
        return None
    document: dict[str, Any] = redactor.clean_document(bus.read_handed_in(paths[0], dispatch.paper))
    for path in paths[1:]:
        try:
            other = redactor.clean_document(bus.read_handed_in(path, dispatch.paper))
        except DocumentError:  # it says nothing
            continue
        if not _agree(document, other):
            raise TwoAnswersError(f"{bus.name(path)} says otherwise than the file that LOOP_REPORT names")
    return document


def _check_beside(bus: Bus, dispatch: Dispatch, form: Any, redactor: Redactor) -> None:
    """Raise for a file that somebody has written beside the answer; what an earlier try put on the bus is that answer itself."""
    for path in bus.handed_in(dispatch.name, dispatch.paper):
        if path == dispatch.order.report or not _is_form(bus, dispatch, path, form, redactor):
            raise TwoAnswersError(f"{bus.name(path)} was written, and its answer is no file")


def _is_form(bus: Bus, dispatch: Dispatch, path: Path, form: Any, redactor: Redactor) -> bool:
    try:
        document = redactor.clean_document(bus.read_handed_in(path, dispatch.paper))
    except DocumentError:
        return False
    return isinstance(form, dict) and _agree(form, document)


def _agree(document: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two documents say the same, apart from what one of them leaves out: loop fills that in."""
    return all(document[name] == other[name] for name in document.keys() & other.keys())


def _check_decisions(document: Any, last_word: Account) -> None:
    own = document.get("decision") if isinstance(document, dict) else None
    words = last_word.decisions | ({own} if isinstance(own, str) else set())
    if len(words) > 1:
        raise TwoAnswersError(f"it decides {' in one place and '.join(sorted(words))} in another; there is one answer")
