"""What a next run would take from the bus: by digest, so that what an agent put there is not taken unseen.

Of the archives it is that of this bus: runs on others may go on beside and fill theirs.
"""

import os
from contextlib import suppress
from hashlib import sha256
from itertools import islice
from pathlib import Path

from loop_kit.bus.atomic import listed
from loop_kit.bus.bus import Bus
from loop_kit.bus.files import is_folder, read_bytes
from loop_kit.errors import DocumentError
from loop_kit.model.manifest import digest
from loop_kit.values.wording import path_text

# What is read there; anything may lie beside it, and the folder may be a link to anywhere.
_READ = {"templates": ".txt", "context": ".md", "tasks": ".json"}
_LARGEST = 1 << 20
_MOST = 5000  # entries of a folder that are looked at


def for_next_run(bus: Bus, run_name: str) -> dict[str, str]:
    """Return `bus KEY` -> digest for what a next run may read: config, card, texts, cards, the archive of other runs."""
    files = [bus.config_path, *(path for name in _READ for path in _texts_in(bus.keyed(name), _READ[name]))]
    found = {f"bus {path_text(path.relative_to(bus.default.root))}": _digest(path) for path in files if path.is_file()}
    with suppress(DocumentError):
        found["bus task_card.json"] = digest(bus.read("task_card"))
    for name in listed(bus.archive_root):
        folder = bus.archive_root / name
        if is_folder(folder) and name != run_name:
            found[f"bus archive/{path_text(Path(name))}"] = _looks(folder)
    return found


def _texts_in(folder: Path, suffix: str) -> list[Path]:
    with suppress(OSError), os.scandir(os.fspath(folder)) as entries:
        return sorted(folder / entry.name for entry in islice(entries, _MOST) if entry.name.endswith(suffix))
    return []


def _digest(path: Path) -> str:
    try:
        return sha256(read_bytes(path, limit=_LARGEST)).hexdigest()[:32]
    except (DocumentError, FileNotFoundError):
        return "?"


def _looks(folder: Path) -> str:
    """Return a digest of names, inodes, sizes and times: it changes when a file is written, moved or removed. No file is read."""
    rows = []
    with suppress(OSError), os.scandir(os.fspath(folder)) as entries:
        for entry in entries:
            seen = entry.stat(follow_symlinks=False)
            rows.append(f"{entry.name} {seen.st_ino} {seen.st_size} {seen.st_mtime_ns} {seen.st_ctime_ns}")
    return sha256("\n".join(sorted(rows)).encode("utf-8", "surrogateescape")).hexdigest()[:32]
