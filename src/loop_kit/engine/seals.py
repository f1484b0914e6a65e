"""Seals: what a round relies on is what it has read or written itself, in memory and by its digest in the state.

Agents can write wherever loop can, and a check is an agent's code. So what lies on the bus or in the archive by now is
believed only as far as the state knows it again. A digest gets into the state together with what the document means: a
crash between the two leaves a claim that is taken in anew, or what loop can write again.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from loop_kit.bus.archive import Archive
from loop_kit.bus.bus import round_in
from loop_kit.bus.document import parse
from loop_kit.bus.layout import ROUND_KINDS, kind_of
from loop_kit.engine.run import Run, digest
from loop_kit.errors import DocumentError, NeedsPersonError
from loop_kit.model import documents
from loop_kit.model.config import Settings
from loop_kit.model.request import ReviewRequest
from loop_kit.model.review import FixList, ReviewReport
from loop_kit.model.roles import WORKER
from loop_kit.model.state import RoundRow
from loop_kit.model.work import WorkReport

_SWAPPED = "it is not what loop read or wrote there in this round"
_NOBODYS = "it was there when its dispatch had been cut off, and nothing tells who wrote it"


def papers_of(settings: Settings) -> dict[str, str]:
    """Return by role the name of the document that it hands in.

    Each of several reviewers has a report of its own, beside the one that loop makes of them.
    """
    alone = len(settings.reviewers) == 1
    reports = {role: ReviewReport.kind if alone else f"{ReviewReport.kind}-{role}" for role in settings.reviewers}
    return {WORKER: WorkReport.kind, **reports}


def open_papers(run: Run) -> FixList | None:
    """Begin a round with its papers: those of the round before leave the bus, and those found there are known again.

    Returns what the round has to fix, None in the first one.
    """
    _clear_last_round(run)
    fix_list = _find_fix_list(run)
    _take_found(run)
    return fix_list


def _take_found(run: Run) -> None:
    """Have the state know the reports again which lay there when this process began, and while nobody was at work.

    They are a person's, or were handed in before an older loop was stopped. What comes later has to be handed in, and what
    lies there beside a dispatch that was cut off is for that dispatch to answer for: without its outbox it is nobody's.
    """
    for role, name in papers_of(run.settings).items():
        if name in run.state.digests:
            continue
        outbox = run.outbox_of(role)
        if outbox or role in run.state.paying.values():
            if run.by_hand(role) or not outbox:
                _refuse_orphan(run, name, outbox)
            continue
        with suppress(DocumentError):  # whoever reads it in earnest says so
            found = run.bus.read_raw(name)
            if found is not None:
                run.know({name: digest(found)})


def _refuse_orphan(run: Run, name: str, outbox: str) -> None:
    """Keep as refused what lies where the answer of a dispatch would be that was cut off and will not be taken in."""
    if run.archive.refuse(run.round, name, run.bus.path(name), _NOBODYS) is not None:
        run.bus.remove(name)
        if outbox:
            run.bus.clear_outbox(outbox)


def archive_round(run: Run) -> None:
    """Archive the round's documents as they were judged; what lies there instead is kept as refused and put right.

    A person's file stays as it is.
    """
    papers = {name: data for name, data in run.papers.items() if _is_of_round(name)}
    authors = {name: role for role, name in papers_of(run.settings).items()}
    for name, data in papers.items():
        if not (run.by_hand(authors.get(name, "")) or _lies_there(run, name, data)):
            run.archive.refuse(run.round, name, run.bus.path(name), _SWAPPED)
            run.bus.write_raw(name, data)
    run.archive.put_round(run.round, papers)


def _is_of_round(name: str) -> bool:
    return kind_of(name) in ROUND_KINDS and name != FixList.kind


def _lies_there(run: Run, name: str, data: bytes) -> bool:
    try:
        return run.bus.read_raw(name) == data
    except DocumentError:
        return False


def round_digests(run: Run) -> dict[str, str]:
    """Return the digests of this round's documents, for its row."""
    return {name: digest(data) for name, data in run.papers.items() if _is_of_round(name)}


def between_rounds(digests: Mapping[str, str]) -> dict[str, str]:
    """Return the state's digests without those of a round's documents."""
    return {name: value for name, value in digests.items() if kind_of(name) not in ROUND_KINDS}


def _clear_last_round(run: Run) -> None:
    """Take the answers of the round before off the bus, so that an old one is never taken for a new one."""
    rows = run.state.round_details
    known: Mapping[str, str] = rows[-1].digests if rows else {}
    before = run.round - 1
    gone = []
    for name in dict.fromkeys((*papers_of(run.settings).values(), ReviewRequest.kind, ReviewReport.kind)):
        found = run.bus.read_with_bytes(name)
        if found is None or before == 0 or round_in(found[0]) != before:
            continue
        if name not in known:  # an older loop's
            run.archive.put(before, name, found[1])
        elif digest(found[1]) != known[name]:
            run.archive.refuse(before, name, run.bus.path(name), "it was changed when its round was over")
        gone.append(name)
    if gone:
        run.bus.remove_all(gone)


def _find_fix_list(run: Run) -> FixList | None:
    """Return what this round has to fix, None in the first round; raise `NeedsPersonError` when only forged ones are left."""
    if run.round <= 1:
        return None
    if FixList.kind not in run.papers:
        run.papers[FixList.kind] = _fix_list(run)
    name = run.archive.file(run.round, FixList.kind).name
    return documents.read(FixList, parse(run.papers[FixList.kind], name=name), name=name)


def _fix_list(run: Run) -> bytes:
    wanted = run.state.digests.get(FixList.kind, "")
    found = run.archive.find(run.round, FixList.kind, wanted)
    if found is not None:
        return found
    path = run.archive.file(run.round, FixList.kind)
    run.archive.refuse(run.round, FixList.kind, path, "it is not what loop wrote there")
    with suppress(DocumentError):
        on_bus = run.bus.read_raw(FixList.kind)
        if on_bus is not None and digest(on_bus) == wanted:
            run.archive.put(run.round, FixList.kind, on_bus)
            return on_bus
    raise NeedsPersonError(
        f"{run.bus.name(path)} is not what loop wrote there, or an older loop did, and the one on the bus is no better",
        hint="find out who changed it; loop run --reset archives the run and starts anew from what is checked out",
    )


def read_judged(archive: Archive, row: RoundRow, kind: str) -> Any | None:
    """Return a document of a finished round as it was judged, None when there was none, or when it is lost."""
    if not row.digests:  # an older loop's
        return archive.read(row.round, kind)
    found = archive.find(row.round, kind, row.digests.get(kind, ""))
    return None if found is None else parse(found, name=archive.file(row.round, kind).name)
