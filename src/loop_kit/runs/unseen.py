"""What was changed on a bus while a run went on: a person is asked once before a new run takes it, on whichever bus that is."""

from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path

from loop_kit.bus.archive import Archive
from loop_kit.bus.bus import Bus
from loop_kit.bus.buses import buses
from loop_kit.bus.lock import Lock
from loop_kit.engine.surroundings import refuse_unseen, was_noted_whole
from loop_kit.errors import DocumentError, LockedError, NeedsPersonError
from loop_kit.model.manifest import Manifest


def refuse_what_was_changed(bus: Bus, card: Path, *, now: str) -> None:
    """Raise `NeedsPersonError` when a new run with that card would take what nobody has looked at yet; it is told once.

    The holder of the lock of `bus` asks. A run that goes on elsewhere is passed over: what it finds at its end is asked then.
    """
    found = list(_found(bus, card, now))
    if found:
        raise NeedsPersonError("; ".join(error.message for error in found), hint=found[0].hint)


def _found(bus: Bus, card: Path, now: str) -> Iterator[NeedsPersonError]:
    for each in {bus.root: bus, **{each.root: each for each in buses(bus)}}.values():
        try:
            with suppress(DocumentError, LockedError):  # then nothing can be compared any more, or not yet
                _ask(each, card, now, mine=each == bus)
        except NeedsPersonError as error:
            yield error


def _ask(bus: Bus, card: Path, now: str, *, mine: bool) -> None:
    state = bus.read_state()
    if state is None or not state.run_name or was_noted_whole(state):
        return
    with nullcontext() if mine else Lock.acquire(bus.lock_path, purpose="loop run", now=now, wait_for_dead=0.0):
        state = bus.read_state() or state  # a run may just have ended there
        manifest = Archive(bus.archive_root / state.run_name).read_manifest(state.digests.get(Manifest.kind, ""))
        refuse_unseen(bus, state, manifest, bus.key(card))
