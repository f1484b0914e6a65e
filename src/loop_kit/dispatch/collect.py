"""Take in what a dispatch handed in: judge it, keep it, and put it on the bus when it is the document that was asked for."""

import os
from pathlib import Path
from typing import Any, TypeVar

from loop_kit.backends.account import Account
from loop_kit.bus.document import parse
from loop_kit.dispatch.answer import find_answer
from loop_kit.dispatch.desk import Desk
from loop_kit.dispatch.request import Ask, Report
from loop_kit.dispatch.transcript import Transcript
from loop_kit.engine.context import RunContext
from loop_kit.engine.seals import digest, forget
from loop_kit.errors import DocumentError, NeedsPersonError
from loop_kit.model.events import DocumentAccepted, DocumentRefused
from loop_kit.model.redaction import NO_VALUES, Redactor
from loop_kit.model.state import RunState
from loop_kit.model.work import WorkReport

R = TypeVar("R", bound=Report)


def take_in(ctx: RunContext, state: RunState, ask: Ask[R], desk: Desk, last_word: Account | None) -> R | None:
    """Return the report of a dispatch that has ended, installed on the bus; None when nothing was handed in.

    The outbox comes first, then the classic path on the bus if it was written during the dispatch, then the final
    message, see `answer`: `last_word` is None for a program that was cut off or failed.
    Raises `DocumentError` for something that is not the document; it is in the archive then, with the reason.
    """
    name = f"{ask.kind}.json"
    try:
        document = find_answer(ctx, state, ask, desk, last_word)
        if document is None:
            return None
        document = _filled(ctx, state, ask, document)
        report = ask.read(document, state, name=name)
    except DocumentError as error:
        _refuse_handed_in(ctx, state, ask.kind, desk, error.message)
        raise
    ctx.papers[ask.kind] = ctx.bus.install(ask.kind, document)
    ctx.emit(DocumentAccepted(document=name, role=ask.role, round=state.round))
    return report


def _filled(ctx: RunContext, state: RunState, ask: Ask[Any], document: Any) -> Any:
    """Return a document with what it leaves out and loop knows: whose it is, and for work the head and the files that git shows.

    The outbox and the conversation are this dispatch's own. What a document does say is never replaced.
    """
    if not isinstance(document, dict):
        return document
    known: dict[str, Any] = {"task_id": state.task_id, "round": state.round}
    if ask.kind == WorkReport.kind and "head_sha" not in document:
        head = ctx.repository.head().sha
        known["head_sha"] = head
        known["files_changed"] = list(ctx.repository.changed_paths(state.head_sha, head))
    missing = {name: value for name, value in known.items() if name not in document}
    return {**missing, **document} if missing else document


def on_bus(ctx: RunContext, state: RunState, ask: Ask[R]) -> R | None:
    """Return the answer that an earlier, interrupted try had already brought onto the bus: one that the state knows again.

    Raises `NeedsPersonError` when that answer is another one by now; it is in the archive then.
    """
    known = state.digests.get(ask.kind)
    under_way = state.paying == ask.role or ctx.bus.outbox(state.dispatch_name(ask.role)).is_dir()
    if not os.path.lexists(ctx.bus.path(ask.kind)) or (known is None and under_way):
        return None  # what a dispatch handed in that was under way is for `recover` to say
    data, problem = _found(ctx, ask.kind)
    if data is not None and known == digest(data):
        try:
            report = ask.read(parse(data, name=f"{ask.kind}.json"), state, name=f"{ask.kind}.json")
        except DocumentError as error:
            refuse(ctx, state, ask.kind, error.message)
            return None
        ctx.papers[ask.kind] = data
        return report
    refuse(ctx, state, ask.kind, problem if known is None else "it was changed after it was handed in")
    if known is None:
        return None
    raise NeedsPersonError(
        f"{ctx.bus.name(ctx.bus.path(ask.kind))} was changed after it was handed in; it is kept in the archive as refused",
        hint="loop submit or loop review hands in another one, and loop run --resume asks once more",
    )


def _found(ctx: RunContext, kind: str) -> tuple[bytes | None, str]:
    """Return what lies on the bus, None when it cannot be read, and why it is no answer unless somebody handed it in."""
    try:
        return ctx.bus.read_raw(kind), "nobody handed it in"
    except DocumentError as error:
        return None, error.message


def recover(ctx: RunContext, state: RunState, ask: Ask[R]) -> R | None:
    """Return the answer of a dispatch that was under way when loop itself was killed; what it left stays where it is."""
    if not ctx.bus.outbox(state.dispatch_name(ask.role)).is_dir():
        return None
    desk = Desk.at(ctx, state, ask)
    transcript = Transcript(desk.backend)
    transcript.replay(desk.output)
    account = transcript.account
    try:
        return take_in(ctx, state, ask, desk, account if account.finished is not None else None)
    except DocumentError:
        return None


def refuse(ctx: RunContext, state: RunState, kind: str, reason: str) -> RunState:
    """Move a document that is no answer from the bus to the archive, with the reason; return the state after it."""
    _keep_refused(ctx, state, kind, ctx.bus.path(kind), reason)
    ctx.bus.remove(kind)
    if kind in state.digests:
        state = forget(ctx, state, kind)
        ctx.bus.put_state(state)
    return state


def _refuse_handed_in(ctx: RunContext, state: RunState, kind: str, desk: Desk, reason: str) -> None:
    redactor = desk.redactor(ctx, state)
    for path in (desk.order.report, ctx.bus.path(kind)):
        _keep_refused(ctx, state, kind, path, redactor.clean_text(reason), redactor)
    ctx.bus.remove(kind)


def _keep_refused(
    ctx: RunContext, state: RunState, kind: str, path: Path, reason: str, redactor: Redactor = NO_VALUES
) -> None:
    kept = ctx.archive.refuse(state.round, kind, path, reason, redactor=redactor)
    if kept is not None:
        ctx.emit(DocumentRefused(document=f"{kind}.json", round=state.round, reason=reason, kept=kept.name))
