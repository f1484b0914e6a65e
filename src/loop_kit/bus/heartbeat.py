"""A sign of life of the process that supervises an agent.

A beat may be lost: it is replaced atomically but not synced, one that cannot be written counts as missed, and one that cannot be
read as absent.
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
    """A sign of life, written again and again while a role's program runs."""

    kind: ClassVar[str] = "heartbeat"

    role: Annotated[Role, "The role that is at work."]
    dispatch_id: Annotated[str, Size(0, 200), "The dispatch it works for; empty for a person who works by hand."]
    at: Annotated[Time, "When it last beat, UTC, as 2025-01-31T08:00:00.000Z."]


def write(path: Path, beat: Beat) -> bool:
    """Write the beat to `path`; return False when that failed, which ends nothing."""
    try:
        atomic.write_bytes(path, dump(beat), durable=False)
    except LoopError:
        return False
    return True


def read(path: Path) -> Beat | None:
    """Return the last beat, or None when there is none or it cannot be read."""
    try:
        return documents.read(Beat, read_json(path, limit=_LIMIT, follow=False))
    except (FileNotFoundError, DocumentError):
        return None


def remove(path: Path) -> None:
    """Remove the last beat; one that cannot be removed is recognised by its age."""
    with suppress(LoopError):
        atomic.remove(path, durable=False)
