"""Whether a newer loop was at work on a bus: asked by every command before it reads anything else there."""

from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

from loop_kit.bus.bus import Bus
from loop_kit.bus.document import read_json
from loop_kit.bus.files import kept_takes, read_beginning
from loop_kit.bus.own_folders import check_folders
from loop_kit.errors import DocumentError
from loop_kit.model.names import is_run_name
from loop_kit.model.versions import KNOWN, check_not_newer, names_of

_MANIFEST_LIMIT = 32 << 20


def check_not_newer_bus(bus: Bus) -> dict[str, Any] | None:
    """Raise `NewerError` when a newer loop wrote one of loop's own documents; an unreadable one is ignored here.

    Returns the state as it was read, None when it is absent or cannot be read. Raises `StartError` for a link instead of a
    folder: nothing is read through one.
    """
    check_folders(bus)
    state = None
    with suppress(DocumentError):
        state = bus.read("state")
    if not _begins_as_ours("summary", bus.path("summary")):
        with suppress(DocumentError):
            bus.read("summary")
    run_name = (state or {}).get("run_name")
    if isinstance(run_name, str) and is_run_name(run_name):
        firsts = (bus.archive_root / run_name / f"r0_{name}.json" for name in names_of("manifest"))
        for path in chain.from_iterable(map(kept_takes, firsts)):
            if not _begins_as_ours("manifest", path):
                _check_manifest(path)
    return state


def _begins_as_ours(kind: str, path: Path) -> bool:
    """Tell by its first line that a document is not newer: those of a long run are large, and every command checks."""
    beginning = f'{{\n  "schema_version": {KNOWN[kind]},\n'.encode()
    return read_beginning(path, limit=len(beginning)) == beginning


def _check_manifest(path: Path) -> None:
    """Check the version alone: commands that only look do without the rest of a manifest, and its import."""
    with suppress(DocumentError, FileNotFoundError):
        document = read_json(path, limit=_MANIFEST_LIMIT, follow=False)
        check_not_newer("manifest", document, name=f"{path.parent.name}/{path.name}")
