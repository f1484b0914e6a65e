"""Check that every document on the bus and in the archive is readable and valid."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from loop_kit.bus.archive import Archive, Filed
from loop_kit.bus.bus import Bus
from loop_kit.bus.document import read_json
from loop_kit.bus.layout import LIMITS
from loop_kit.errors import LoopError
from loop_kit.fsck.problem import Problem
from loop_kit.model import schema
from loop_kit.model.versions import current, kind_of

_LIMIT = 64 << 20
_ON_BUS = "it is read again at the next start; loop run --reset archives what lies on the bus and starts anew"
_KEPT = "it stays as it is: the archive is never rewritten"


def examine_bus(bus: Bus) -> Iterator[Problem]:
    """Yield what is wrong with the documents on the bus; an absent one is fine."""
    for kind in LIMITS:
        path = bus.path(kind)
        problem = _fault(path, kind, follow=kind == "task_card")
        if problem:
            yield Problem(code="bad_document", where=bus.name(path), text=problem, hint=_ON_BUS)


def examine_archive(bus: Bus, archive: Archive) -> Iterator[Problem]:
    """Yield what is wrong with the documents of one run. A refused document may be anything."""
    for filed in archive.documents():
        problem = _fault(filed.path, kind_of(filed.name)) if _is_document(filed) else ""
        if problem:
            yield Problem(code="bad_archive", where=bus.name(filed.path), text=problem, hint=_KEPT)


def _is_document(filed: Filed) -> bool:
    return kind_of(filed.name) in schema.KINDS and filed.path.suffix == ".json"


def _fault(path: Path, kind: str, *, follow: bool = False) -> str:
    """Return what is wrong with a document, "" when it is valid or absent."""
    try:
        document: Any = current(kind, read_json(path, limit=_LIMIT, follow=follow, name="it"), name="it")
    except FileNotFoundError:
        return ""
    except LoopError as error:
        return error.message
    return schema.find_problem(kind, document) or ""
