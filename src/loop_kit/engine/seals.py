"""What a round relies on is what it has read or written itself: in memory, and by its digest in the state.

Agents can write wherever loop can, and a check is an agent's code. So what lies on the bus or in the archive by now is
believed only as far as the state knows it again. A digest gets into the state together with what the document means: a
crash between the two leaves a claim that is taken in anew, or what loop can write again.
"""

from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from typing import Any

from loop_kit.bus.archive import Archive
from loop_kit.bus.bus import round_in
from loop_kit.bus.document import parse
from loop_kit.bus.layout import ROUND_KINDS
from loop_kit.engine.context import RunContext
from loop_kit.errors import DocumentError, NeedsPersonError
from loop_kit.model import documents
from loop_kit.model.review import FixList, ReviewReport
from loop_kit.model.state import RoundRow, RunState
from loop_kit.model.work import WorkReport
from loop_kit.values import replace

_HANDED_IN = {WorkReport.kind: "worker", ReviewReport.kind: "reviewer"}
_ANSWERS = (WorkReport.kind, "review_request", ReviewReport.kind)
_SWAPPED = "it is not what loop read or wrote there in this round"
_NOBODYS = "it was there when its dispatch had been cut off, and nothing tells who wrote it"


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


def seal(ctx: RunContext, state: RunState, kind: str) -> RunState:
    """Return the state that knows the document in memory again, once that state is put."""
    return replace(state, digests={**state.digests, kind: digest(ctx.papers[kind])})


def forget(ctx: RunContext, state: RunState, kind: str) -> RunState:
    """Forget a document: it was refused, or somebody is asked for another. It must not come back as an answer."""
    ctx.papers.pop(kind, None)
    return replace(state, digests={name: value for name, value in state.digests.items() if name != kind})


def take_found(ctx: RunContext, state: RunState) -> RunState:
    """Return the state that knows the reports again which lay there when this process began, and while nobody was at work.

    They are a person's, or were handed in before an older loop was stopped. What comes later has to be handed in, and what
    lies there beside a dispatch that was cut off is for that dispatch to answer for: without its outbox it is nobody's.
    """
    for kind, role in _HANDED_IN.items():
        if kind in state.digests:
            continue
        outbox = state.dispatch_name(role)
        under_way = ctx.bus.outbox(outbox).is_dir()
        if under_way or state.paying == role:
            if ctx.by_hand(role) or not under_way:
                _refuse_orphan(ctx, state, kind, outbox)
            continue
        with suppress(DocumentError):  # whoever reads it in earnest says so
            found = ctx.bus.read_raw(kind)
            if found is not None:
                state = replace(state, digests={**state.digests, kind: digest(found)})
    return state


def _refuse_orphan(ctx: RunContext, state: RunState, kind: str, outbox: str) -> None:
    """Keep as refused what lies where the answer of a dispatch would be that was cut off and will not be taken in."""
    if ctx.archive.refuse(state.round, kind, ctx.bus.path(kind), _NOBODYS) is not None:
        ctx.bus.remove(kind)
        ctx.bus.clear_outbox(outbox)


def archive_round(ctx: RunContext, state: RunState) -> None:
    """Archive the round's documents as they were judged; what lies there instead is kept as refused and put right.

    A person's file stays as it is.
    """
    papers = {kind: data for kind, data in ctx.papers.items() if kind in ROUND_KINDS and kind != FixList.kind}
    for kind, data in papers.items():
        if not (ctx.by_hand(_HANDED_IN.get(kind, "")) or _lies_there(ctx, kind, data)):
            ctx.archive.refuse(state.round, kind, ctx.bus.path(kind), _SWAPPED)
            ctx.bus.write_raw(kind, data)
    ctx.archive.put_round(state.round, papers)


def _lies_there(ctx: RunContext, kind: str, data: bytes) -> bool:
    try:
        return ctx.bus.read_raw(kind) == data
    except DocumentError:
        return False


def round_digests(ctx: RunContext) -> dict[str, str]:
    """Return the digests of this round's documents, for its row."""
    return {kind: digest(data) for kind, data in ctx.papers.items() if kind in ROUND_KINDS and kind != FixList.kind}


def between_rounds(state: RunState) -> dict[str, str]:
    """Return the state's digests without those of a round's documents."""
    return {name: value for name, value in state.digests.items() if name not in ROUND_KINDS}


def clear_last_round(ctx: RunContext, state: RunState) -> None:
    """Take the answers of the round before off the bus, so that an old one is never taken for a new one."""
    known: Mapping[str, str] = state.round_details[-1].digests if state.round_details else {}
    gone = []
    for kind in _ANSWERS:
        found = ctx.bus.read_with_bytes(kind)
        if found is None or state.round == 1 or round_in(found[0]) != state.round - 1:
            continue
        if kind not in known:  # an older loop's
            ctx.archive.put(state.round - 1, kind, found[1])
        elif digest(found[1]) != known[kind]:
            ctx.archive.refuse(state.round - 1, kind, ctx.bus.path(kind), "it was changed when its round was over")
        gone.append(kind)
    if gone:
        ctx.bus.remove_all(gone)


def find_fix_list(ctx: RunContext, state: RunState) -> FixList | None:
    """Return what this round has to fix, None in the first round; raise `NeedsPersonError` when only forged ones are left."""
    if state.round <= 1:
        return None
    if FixList.kind not in ctx.papers:
        ctx.papers[FixList.kind] = _fix_list(ctx, state)
    name = ctx.archive.file(state.round, FixList.kind).name
    return documents.read(FixList, parse(ctx.papers[FixList.kind], name=name), name=name)


def _fix_list(ctx: RunContext, state: RunState) -> bytes:
    wanted = state.digests.get(FixList.kind, "")
    found = ctx.archive.find(state.round, FixList.kind, wanted)
    if found is not None:
        return found
    path = ctx.archive.file(state.round, FixList.kind)
    ctx.archive.refuse(state.round, FixList.kind, path, "it is not what loop wrote there")
    with suppress(DocumentError):
        on_bus = ctx.bus.read_raw(FixList.kind)
        if on_bus is not None and digest(on_bus) == wanted:
            ctx.archive.put(state.round, FixList.kind, on_bus)
            return on_bus
    raise NeedsPersonError(
        f"{ctx.bus.name(path)} is not what loop wrote there, or an older loop did, and the one on the bus is no better",
        hint="find out who changed it; loop run --reset archives the run and starts anew from what is checked out",
    )


def read_judged(archive: Archive, row: RoundRow, kind: str) -> Any | None:
    """Return a document of a finished round as it was judged, None when there was none, or when it is lost."""
    if not row.digests:  # an older loop's
        return archive.read(row.round, kind)
    found = archive.find(row.round, kind, row.digests.get(kind, ""))
    return None if found is None else parse(found, name=archive.file(row.round, kind).name)
