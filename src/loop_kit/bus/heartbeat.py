"""A sign of life of the process that supervises an agent.

A beat is only news: it is replaced whole but not synced, one that cannot be written is a beat missed, and one that
cannot be read is none.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from loop_kit.bus import atomic
from loop_kit.bus.document import dump, read_json
from loop_kit.errors import DocumentError, LoopError
from loop_kit.processes.lineage import Owner
from loop_kit.values import dataclass

_LIMIT = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """`owner` is the process that beats; `at` is UTC in ISO 8601."""

    role: str
    owner: Owner
    dispatch_id: str
    at: str

    @classmethod
    def from_document(cls, document: Any) -> Self:
        texts = {key: str(document[key]) for key in ("role", "dispatch_id", "at")}
        return cls(owner=Owner.from_document(document), **texts)

    def to_document(self) -> dict[str, Any]:
        return {"role": self.role, **self.owner.to_document(), "dispatch_id": self.dispatch_id, "at": self.at}


def write(path: Path, beat: Beat) -> bool:
    """Put the beat at `path`; return False when the disk refused, which is no reason to end anything."""
    try:
        atomic.write_bytes(path, dump(beat.to_document()), durable=False)
    except LoopError:
        return False
    return True


def read(path: Path) -> Beat | None:
    """Return the last beat, or None when there is none that can be understood."""
    try:
        return Beat.from_document(read_json(path, limit=_LIMIT, follow=False))
    except (FileNotFoundError, DocumentError, KeyError, TypeError, ValueError):
        return None


def remove(path: Path) -> None:
    """Take the last beat away; what cannot be removed will be seen to be old."""
    with suppress(LoopError):
        atomic.remove(path, durable=False)
