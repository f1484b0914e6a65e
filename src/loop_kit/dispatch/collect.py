"""Take in what a dispatch handed in: judge it, keep it, and put it on the bus when it is the document that was asked for."""

import os
from pathlib import Path
from typing import Any, TypeVar

from loop_kit.backends.account import Account
from loop_kit.bus.document import parse
from loop_kit.dispatch.answer import find_answer
from loop_kit.dispatch.dispatch import Dispatch
from loop_kit.dispatch.request import DocumentRequest, Report
from loop_kit.engine.run import Run, digest
from loop_kit.errors import DocumentError, NeedsPersonError
from loop_kit.model.events import DocumentAccepted, DocumentRefused
from loop_kit.model.redaction import NO_VALUES, Redactor
from loop_kit.model.work import WorkReport

R = TypeVar("R", bound=Report)


def take_in(run: Run, request: DocumentRequest[R], dispatch: Dispatch, last_word: Account | None) -> R | None:
    """Return the report of a dispatch that has ended, installed on the bus; None when nothing was handed in.

    The outbox comes first, then the classic path on the bus if it was written during the dispatch, then the final
    message, see `answer`: `last_word` is None for a program that was cut off or failed.
    Raises `DocumentError` for something that is not the document; it is in the archive then, with the reason.
    """
    try:
        document = find_answer(run.bus, request, dispatch, last_word)
        if document is None:
            return None
        document = _filled(run, request, document)
        report = request.read(document)
    except DocumentError as error:
        _refuse_handed_in(run, dispatch, error.message)
        raise
    run.papers[request.paper] = run.bus.install(request.paper, document)
    run.emit(DocumentAccepted(document=f"{request.paper}.json", role=request.role, round=dispatch.round))
    return report


def _filled(run: Run, request: DocumentRequest[Any], document: Any) -> Any:
    """Return a document with what it leaves out and loop knows: whose it is, and for work the head and the files that git shows.

    The outbox and the session are this dispatch's own. What a document does say is never replaced.
    """
    if not isinstance(document, dict):
        return document
    known: dict[str, Any] = dict(zip(("task_id", "round"), request.about, strict=True))
    if request.expect is WorkReport and "head_sha" not in document:
        head = run.tree.head().sha
        known["head_sha"] = head
        known["files_changed"] = list(run.tree.changed_paths(request.since, head))
    missing = {name: value for name, value in known.items() if name not in document}
    return {**missing, **document} if missing else document


def under_way(run: Run, role: str) -> str:
    """Return the name of a role's dispatch that was cut off by the death of loop itself, "" when there is none."""
    cut_off = [name for name, whose in run.state.paying.items() if whose == role]
    return cut_off[-1] if cut_off else run.outbox_of(role)


def on_bus(run: Run, request: DocumentRequest[R]) -> R | None:
    """Return the answer that an earlier, interrupted try had already brought onto the bus: one that the state knows again.

    Raises `NeedsPersonError` when that answer is another one by now; it is in the archive then.
    """
    paper = request.paper
    known = run.state.digests.get(paper)
    if not os.path.lexists(run.bus.path(paper)) or (known is None and under_way(run, request.role)):
        return None  # what a dispatch handed in that was under way is for `recover` to say
    data, problem = _found(run, paper)
    report: R | None = None
    if known is not None:
        problem = "it was changed after it was handed in"
        if data is not None and known == digest(data):
            report, problem = _read(request, data)
    if report is not None and data is not None:
        run.papers[paper] = data
        return report
    refuse(run, paper, problem)
    if known is None or (data is not None and known == digest(data)):
        return None
    raise NeedsPersonError(
        f"{run.bus.name(run.bus.path(paper))} was changed after it was handed in; it is kept in the archive as refused",
        hint="loop submit or loop review hands in another one, and loop run --resume asks once more",
    )


def _read(request: DocumentRequest[R], data: bytes) -> tuple[R | None, str]:
    """Return the report in a document, None when it is none, and why."""
    try:
        return request.read(parse(data, name=f"{request.paper}.json")), ""
    except DocumentError as error:
        return None, error.message


def _found(run: Run, paper: str) -> tuple[bytes | None, str]:
    """Return what lies on the bus, None when it cannot be read, and why it is no answer unless somebody handed it in."""
    try:
        return run.bus.read_raw(paper), "nobody handed it in"
    except DocumentError as error:
        return None, error.message


def recover(run: Run, request: DocumentRequest[R]) -> R | None:
    """Return the answer of a dispatch that was under way when loop itself was killed; what it left stays where it is."""
    name = under_way(run, request.role)
    if not name or not run.bus.outbox(name).is_dir():
        return None
    dispatch = Dispatch.again(run, request.role, name)
    account = Account(dispatch.backend)
    account.replay(dispatch.output)
    try:
        return take_in(run, request, dispatch, account if account.finished is not None else None)
    except DocumentError:
        return None


def refuse(run: Run, paper: str, reason: str) -> None:
    """Move a document that is no answer from the bus to the archive, with the reason, and have the state forget it."""
    _keep_refused(run, paper, run.bus.path(paper), reason)
    run.bus.remove(paper)
    if paper in run.state.digests:
        run.forget(paper)
        run.put()


def _refuse_handed_in(run: Run, dispatch: Dispatch, reason: str) -> None:
    redactor = dispatch.redactor
    for path in (dispatch.order.report, run.bus.path(dispatch.paper)):
        _keep_refused(run, dispatch.paper, path, redactor.clean_text(reason), redactor)
    run.bus.remove(dispatch.paper)


def _keep_refused(run: Run, paper: str, path: Path, reason: str, redactor: Redactor = NO_VALUES) -> None:
    kept = run.archive.refuse(run.round, paper, path, reason, redactor=redactor)
    if kept is not None:
        run.emit(DocumentRefused(document=f"{paper}.json", round=run.round, reason=reason, kept=kept.name))
