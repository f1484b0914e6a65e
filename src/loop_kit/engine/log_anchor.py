"""The log has an anchor: each commit point names the last line before it, and git knows that line too.

First the log is synced, then the ref moves, then the state is put. So the ref is never behind the state, and whoever is
killed in between leaves a ref that is ahead of it, with its line in the log: the next start goes on from there. The other
way round a kill would leave a state that is ahead of its ref, as does somebody who sets the ref back.

The ref moves only from where it is known to be, and only when the log still holds the line that it named: a log that
somebody wrote anew is found out before it would be anchored. The end of a run moves the ref alone.
"""

from contextlib import suppress

from loop_kit.bus.bus import Bus
from loop_kit.bus.feed import Feed
from loop_kit.bus.feedlines import anchor_line, read_anchor
from loop_kit.engine.run import Run
from loop_kit.engine.world import utc_now
from loop_kit.errors import LoopError, NeedsPersonError, Outcome
from loop_kit.model.events import Event, Noticed
from loop_kit.model.state import LogAnchor, RunState
from loop_kit.vcs.refs import log_ref
from loop_kit.vcs.repository import Repository


def anchor(run: Run) -> None:
    """Anchor the log, and have the state name its end; to be put next."""
    ref, known = log_ref(run.name), run.state.log
    head = run.feed.sync(known)
    if head is None or head == known:
        return
    blob = run.home.write_blob(anchor_line(head))
    run.home.move(ref, blob, run.pins.get(ref, ""))
    run.pins[ref] = blob
    run.change(log=head)


def check_log(run: Run) -> str:
    """Raise when the log of a run that is taken up again is not as its anchor says, "" when it is.

    Once a person has been told, what is there then counts: it is returned in a sentence.
    """
    try:
        pinned = _pinned(run.home, run.name)[1]
        _check_not_behind(run.state, pinned)
        run.feed.sync(pinned)
    except NeedsPersonError as error:
        if run.state.outcome is not Outcome.NEEDS_PERSON:
            run.end(error.outcome, error=error.message, hint=error.hint)
            run.put()  # so that the next resume knows that it was told
            raise
        return error.message
    return ""


def anchor_again(run: Run, problem: str) -> None:
    """Anchor the log of a run that goes on as it is, and have the state name its end.

    With a `problem` that a person has been told, the anchor that the log contradicts is kept beside the new one.
    """
    if not problem:
        run.change(log=_move(run.feed, run.home, run.name, *_pinned(run.home, run.name)))
        return
    run.emit(Noticed(round=run.round, what=(problem,)))
    head = run.feed.sync()
    if head is not None:
        run.home.pin(log_ref(run.name), run.home.write_blob(anchor_line(head)))
    run.change(log=head)


def anchor_end(feed: Feed, repository: Repository, run_name: str) -> None:
    """Anchor what was told at the very end, or after it."""
    _move(feed, repository, run_name, *_pinned(repository, run_name))


def tell_afterwards(bus: Bus, repository: Repository, state: RunState, event: Event) -> None:
    """Put an event of a run that nobody plays on the log, and anchor it."""
    feed = Feed(bus.feed_path)
    feed.append(event, run_id=state.run_id, now=utc_now())
    with suppress(LoopError):  # what is told of is done; whatever is wrong with the log, `loop fsck` tells it
        anchor_end(feed, repository, state.run_name)


def _pinned(repository: Repository, run_name: str) -> tuple[str, LogAnchor | None]:
    """Return the blob that pins the end of a run's log and what it says; "" and None without one."""
    ref = log_ref(run_name)
    blob, content = repository.blobs(ref).get(ref, ("", b""))
    anchor = read_anchor(content)
    if blob and anchor is None:
        raise NeedsPersonError(
            f"{ref} names something that loop did not write", hint="find out who did; loop run --resume goes on"
        )
    return blob, anchor


def _move(feed: Feed, repository: Repository, run_name: str, blob: str, pinned: LogAnchor | None) -> LogAnchor | None:
    head = feed.sync(pinned)
    if head is not None and head != pinned:
        repository.move(log_ref(run_name), repository.write_blob(anchor_line(head)), blob)
    return head


def _check_not_behind(state: RunState, pinned: LogAnchor | None) -> None:
    if state.log is None or state.log == pinned or (pinned is not None and pinned.seq > state.log.seq):
        return
    where = "nothing" if pinned is None else f"event {pinned.seq}"
    raise NeedsPersonError(
        f"the state relies on event {state.log.seq} of the log, and {log_ref(state.run_name)} names {where}",
        hint="somebody set the ref back or changed the state: find out who; loop run --resume goes on",
    )
