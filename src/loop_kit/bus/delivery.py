"""How a report gets from an agent to loop.

Each dispatch has a folder of its own, and what lies there as `report.json` is the answer. A file at the classic path
on the bus is taken too, if it was written while the dispatch lived: what lay there before is noted beside the outbox,
not in it, so that a later process can still tell and the agent has no reason to touch it.
"""

import os
from contextlib import suppress
from pathlib import Path

from loop_kit.bus import atomic
from loop_kit.bus.document import dump, read_json
from loop_kit.bus.files import disk_error, is_folder, read_beginning
from loop_kit.digests import sha256
from loop_kit.errors import DocumentError

REPORT = "report.json"
_LIMIT = 1 << 16
_STAMPED = 8 << 20  # bytes: more than any report may have


def open_outbox(outbox: Path, *, classic: Path) -> Path:
    """Make an empty folder for one dispatch and note what lies at the classic path now.

    Neither is made durable, for no agent makes durable what it hands in: `Bus.install` does, once it is taken.
    """
    atomic.make_folder(outbox.parent)
    clear(outbox)
    atomic.write_bytes(_note(outbox), dump({"before": _stamp(classic)}), durable=False)
    try:
        outbox.mkdir(mode=0o700)
    except OSError as error:
        raise disk_error("made", outbox, error) from None
    return outbox


def find(outbox: Path, *, classic: Path) -> tuple[Path, ...]:
    """Return where answers lie, the one that counts first: in the outbox, at the classic path if written in the dispatch."""
    report = outbox / REPORT
    now = _stamp(classic)
    written = now is not None and _written_since(outbox, now)
    return (*([report] if os.path.lexists(report) else []), *([classic] if written else []))


def clear(outbox: Path) -> None:
    """Remove the outbox and the note about it. What cannot be removed stays: it is litter and nothing reads it."""
    if is_folder(outbox):
        _remove_folder(outbox)
    else:
        atomic.remove(outbox, durable=False)
    atomic.remove(_note(outbox), durable=False)


def parts(outbox: Path) -> tuple[Path, Path]:
    """Return all that belongs to one dispatch: the outbox and the note about it."""
    return outbox, _note(outbox)


def _remove_folder(outbox: Path) -> None:
    try:
        (outbox / REPORT).unlink(missing_ok=True)
        outbox.rmdir()
    except OSError:
        import shutil  # noqa: PLC0415  (2 ms that the usual outbox does without: it holds a report and nothing else)

        _open_up(outbox)
        shutil.rmtree(outbox, ignore_errors=True)


def _open_up(folder: Path) -> None:
    """Let this user delete in every folder below: caches are often made read-only by the programs that keep them."""
    with suppress(OSError):
        folder.chmod(0o700)
    for parent, names, _ in os.walk(folder):
        for child in (Path(parent, name) for name in names):
            if not child.is_symlink():
                with suppress(OSError):
                    child.chmod(0o700)


def _note(outbox: Path) -> Path:
    return outbox.with_name(f"{outbox.name}.before.json")


def _written_since(outbox: Path, now: list[int | str]) -> bool:
    try:
        noted = read_json(_note(outbox), limit=_LIMIT, follow=False)
    except (
        FileNotFoundError,
        DocumentError,
    ):  # without the note nothing shows that it was written during this dispatch
        return False
    return isinstance(noted, dict) and "before" in noted and noted["before"] != now


def _stamp(path: Path) -> list[int | str] | None:
    """Return what changes when a file is written anew and stays when a bus is copied: its time and its content."""
    try:
        seen = path.lstat()
    except OSError:
        return None
    return [seen.st_mtime_ns, seen.st_size, sha256(read_beginning(path, limit=_STAMPED)).hexdigest()]
