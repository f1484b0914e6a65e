"""Check the log: an unbroken chain with every line that a run has anchored."""

import re
from collections.abc import Collection, Iterator

from loop_kit.bus.bus import Bus
from loop_kit.bus.feed import Feed
from loop_kit.bus.feedlines import read_anchor
from loop_kit.fsck.history import REFS
from loop_kit.fsck.problem import Problem
from loop_kit.model.figures import counted
from loop_kit.model.state import LogAnchor, RunState
from loop_kit.vcs.refs import log_ref
from loop_kit.vcs.repository import Repository

_ANCHOR = re.compile(rf"{REFS}/([^/]+)/(older/)?log(-[0-9]+)?")
_BY_HAND = "somebody changed the log by hand, or an agent did"
_NOT_YET = "a run that was killed; the next one that goes on anchors them"


def examine_log(
    bus: Bus, repository: Repository, run_names: Collection[str], state: RunState | None, *, alive: bool
) -> Iterator[Problem]:
    """Yield where the chain is broken, each anchor whose line is missing, and lines that are not anchored yet.

    `state` was read before: a run that is alive syncs the log and moves its ref before it puts a state.
    """
    where = bus.name(bus.feed_path)
    anchors: dict[str, LogAnchor] = {}
    for ref, content in _pinned(repository, {*run_names, *([] if state is None else [state.run_name])}).items():
        anchor = read_anchor(content)
        if anchor is None:
            text = "it names something that loop did not write"
            yield Problem(code="anchor", where=ref, text=text, hint=_BY_HAND, note=_is_older(ref))
        else:
            anchors[ref] = anchor
    if state is not None and state.log is not None:
        yield from _behind(bus, state, state.log, anchors.get(log_ref(state.run_name)))
        anchors[bus.name(bus.state_path)] = state.log
    feed = Feed(bus.feed_path)
    held = feed.holds(anchors.values())
    last = max((anchor.seq for anchor in held), default=0)
    for seq, text in feed.verify(torn=False):
        after = f"after event {last}, the last that is anchored" if seq >= last else f"before event {last} was anchored"
        yield Problem(code="feed", where=where, text=f"{text}, {after}" if last else text, hint=_BY_HAND)
    for name, anchor in anchors.items():
        if anchor not in held:
            yield _missing(where, name, anchor)
    if not alive:
        yield from _notes(feed, where, last)


def _pinned(repository: Repository, run_names: Collection[str]) -> dict[str, bytes]:
    """Return ref -> content for the anchors of these runs; no content for one that is not a blob."""
    found = ((ref, _ANCHOR.fullmatch(ref)) for ref in repository.refs(REFS))
    names = [ref for ref, match in found if match is not None and match[1] in run_names]
    blobs = repository.blobs(*names) if names else {}
    return {name: blobs.get(name, ("", b""))[1] for name in names}


def _behind(bus: Bus, state: RunState, named: LogAnchor, pinned: LogAnchor | None) -> Iterator[Problem]:
    """Yield a problem when the ref is behind the state: a kill does not cause that."""
    if pinned == named or (pinned is not None and pinned.seq > named.seq):
        return
    what = "no event" if pinned is None else f"event {pinned.seq}"
    text = f"it names {what}, and {bus.name(bus.state_path)} relies on event {named.seq} of the log"
    hint = "somebody set the ref back, or changed the state"
    yield Problem(code="anchor", where=log_ref(state.run_name), text=text, hint=hint)


def _is_older(name: str) -> bool:
    """Whether a person resumed the run although its log did not have this anchor: that was reported then."""
    return "/older/" in name


def _missing(where: str, name: str, anchor: LogAnchor) -> Problem:
    text = f"it does not hold event {anchor.seq} as {name} names it: it was changed or cut off"
    if _is_older(name):
        return Problem(code="anchor", where=where, text=f"{text}, and a person went on", note=True)
    return Problem(code="anchor", where=where, text=text, hint=_BY_HAND)


def _notes(feed: Feed, where: str, last: int) -> Iterator[Problem]:
    seq, torn = feed.end()
    if last and seq > last:
        text = f"{counted(seq - last, 'event')} after event {last} not anchored yet"
        yield Problem(code="unanchored", where=where, text=text, hint=_NOT_YET, note=True)
    if torn:
        text = "the last line is torn: its writer was killed, and the next event begins a new one"
        yield Problem(code="torn", where=where, text=text, note=True)
