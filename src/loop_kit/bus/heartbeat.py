"""A sign of life of the process that supervises an agent.

A beat is only news: it is replaced whole but not synced, one that cannot be written is a beat missed, and one that
cannot be read is none.
"""

from contextlib import suppress
from pathlib import Path
from typing import Annotated, ClassVar

from loop_kit.bus import atomic
from loop_kit.bus.document import dump, read_json
from loop_kit.errors import DocumentError, LoopError
from loop_kit.model import documents
from loop_kit.model.kinds import Role, Time
from loop_kit.processes.lineage import Owner
from loop_kit.values import dataclass
from loop_kit.values.annotations import Size

_LIMIT = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat(Owner):
    """A sign that somebody is at work, written again and again while a role's program runs."""

    kind: ClassVar[str] = "heartbeat"

    role: Annotated[Role, "Whose heart beats."]
    dispatch_id: Annotated[str, Size(0, 200), "The dispatch it works for; empty for somebody who works by hand."]
    at: Annotated[Time, "When the heart last beat, UTC, as 2025-01-31T08:00:00.000Z."]


def write(path: Path, beat: Beat) -> bool:
    """Put the beat at `path`; return False when the disk refused, which is no reason to end anything."""
    try:
        atomic.write_bytes(path, dump(beat), durable=False)
    except LoopError:
        return False
    return True


def read(path: Path) -> Beat | None:
    """Return the last beat, or None when there is none that can be understood."""
    try:
        return documents.read(Beat, read_json(path, limit=_LIMIT, follow=False))
    except (FileNotFoundError, DocumentError):
        return None


def remove(path: Path) -> None:
    """Take the last beat away; what cannot be removed will be seen to be old."""
    with suppress(LoopError):
        atomic.remove(path, durable=False)
