"""How a report gets from an agent to loop.

Each dispatch has a folder of its own, its outbox, and `report.json` in it is the answer. A file at the classic path on the bus
is accepted too, if it was written during the dispatch: the identity of what was there before is noted beside the outbox, not in
it, so that a later process can compare it and the agent has no reason to touch it.
"""

import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from loop_kit import folders
from loop_kit.bus import atomic
from loop_kit.bus.document import dump, read_json
from loop_kit.bus.files import disk_error, read_beginning
from loop_kit.errors import DocumentError

REPORT = "report.json"
_LIMIT = 1 << 16
_STAMPED = 8 << 20  # bytes: more than any report may have


def open_outbox(outbox: Path, *, classic: Path) -> Path:
    """Make an empty outbox for one dispatch and note what is at the classic path now.

    Neither is synced, because an agent does not sync its report either: `Bus.install` syncs an accepted document.
    """
    atomic.make_folder(outbox.parent)
    clear(outbox)
    atomic.write_bytes(_note(outbox), dump({"before": _stamp(classic)}), durable=False)
    try:
        with folders.opened(outbox.parent) as parent:
            os.mkdir(outbox.name, 0o700, dir_fd=parent)
    except OSError as error:
        raise disk_error("made", outbox, error) from None
    return outbox


def find(outbox: Path, *, classic: Path) -> tuple[Path, ...]:
    """Return the files with an answer, the valid one first: in the outbox, or at the classic path if written in the dispatch."""
    report = outbox / REPORT
    now = _stamp(classic)
    written = now is not None and _written_since(outbox, now)
    return (*([report] if os.path.lexists(report) else []), *([classic] if written else []))


def clear(outbox: Path) -> None:
    """Remove the outbox and the note about it. What cannot be removed stays; nothing reads it."""
    with suppress(OSError):
        folders.remove(outbox)
    atomic.remove(_note(outbox), durable=False)


def parts(outbox: Path) -> tuple[Path, Path]:
    """Return the paths of one dispatch: the outbox and the note about it."""
    return outbox, _note(outbox)


def _note(outbox: Path) -> Path:
    return outbox.with_name(f"{outbox.name}.before.json")


def _written_since(outbox: Path, now: list[int | str]) -> bool:
    try:
        noted = read_json(_note(outbox), limit=_LIMIT, follow=False)
    except (
        FileNotFoundError,
        DocumentError,
    ):  # without the note it cannot be shown to be of this dispatch
        return False
    return isinstance(noted, dict) and "before" in noted and noted["before"] != now


def _stamp(path: Path) -> list[int | str] | None:
    """Return what changes when a file is written and stays when a bus is copied: mtime, size and digest."""
    try:
        seen = path.lstat()
    except OSError:
        return None
    return [seen.st_mtime_ns, seen.st_size, sha256(read_beginning(path, limit=_STAMPED)).hexdigest()]
