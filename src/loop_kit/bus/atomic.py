"""Whole or absent: how a file gets onto the bus.

The contract:

- A reader sees the whole old content or the whole new one, never a part, and needs no lock.
- When a write returns, the content survives a crash of the machine: file and folder were both synced. A write that
  fails says so by name, and the old content stays.
- A writer that is killed leaves at most one `.{name}.{pid}.{random}.tmp` beside the file. Nobody reads those; the next
  holder of the bus lock removes them with `remove_leftovers`, once no process has that number any more.
- Assumed of the file system: it is local, renaming over a file is atomic, and `fsync` does what it says. Where hard
  links are missing, only the bus lock keeps two creators of one file apart.
"""

import errno
import os
import re
from contextlib import suppress
from pathlib import Path

from loop_kit.bus.files import disk_error
from loop_kit.processes.lineage import ProcessId

_LEFTOVER = r"(?s)\..+\.([0-9]{1,10})\.[0-9a-f]{16}\.tmp"  # compiled when it is needed: few commands clear away
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
_NO_FOLDER_SYNC = (errno.EINVAL, errno.EOPNOTSUPP)


def write_bytes(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Put `data` at `path`, replacing what is there. `durable=False` skips the syncs, for news that may be lost."""
    temp = _beside(path)
    try:
        _write_new(temp, data, durable=durable)
        temp.replace(path)
        if durable:
            sync_folder(path.parent)
    except OSError as error:
        raise disk_error("written", path, error) from None
    finally:
        _discard(temp)


def exclusive_write(path: Path, data: bytes, *, sync_name: bool = True) -> bool:
    """Put `data` at `path` unless something is there; return whether it was put.

    Whoever puts several files into one folder may leave out `sync_name` and call `sync_names` once in the end.
    """
    temp = _beside(path)
    try:
        _write_new(temp, data, durable=True)
        created = _link(temp, path)
        if created and sync_name:
            sync_folder(path.parent)
    except OSError as error:
        raise disk_error("written", path, error) from None
    finally:
        _discard(temp)
    return created


def remove(path: Path, *, durable: bool = True) -> None:
    """Remove a file; one that is not there is fine. `durable=False` is for litter that may come back after a crash."""
    try:
        path.unlink()
        if durable:
            sync_folder(path.parent)
    except FileNotFoundError:
        return
    except OSError as error:
        raise disk_error("removed", path, error) from None


def remove_folder(path: Path) -> None:
    """Remove an empty folder durably."""
    try:
        path.rmdir()
        sync_folder(path.parent)
    except OSError as error:
        raise disk_error("removed", path, error) from None


def move(source: Path, target: Path) -> None:
    """Rename within one file system, durably. The caller has made sure that `target` is free."""
    try:
        source.rename(target)
        sync_folder(target.parent)
        sync_folder(source.parent)
    except OSError as error:
        raise disk_error("moved", source, error) from None


def make_folder(path: Path) -> None:
    """Make a folder and its missing parents; one that is there is fine, and was synced by whoever made it."""
    try:
        if path.is_dir():
            return
        path.mkdir(parents=True, exist_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise disk_error("made", path, error) from None


def find_leftovers(folder: Path) -> list[Path]:
    """Return the temporary files in a folder whose writers are gone."""
    return [folder / name for name in _names(folder) if name.startswith(".") and _left_behind(name)]


def remove_leftovers(folder: Path) -> list[Path]:
    """Remove the temporary files of writers that are gone and return their paths. For the holder of the bus lock."""
    gone = find_leftovers(folder)
    for entry in gone:
        _discard(entry)
    return gone


def sync_names(folder: Path) -> None:
    """Make durable what was put into a folder, or taken out of it, without a sync of its own."""
    try:
        sync_folder(folder)
    except OSError as error:
        raise disk_error("synced", folder, error) from None


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a crash of the machine."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:  # some file systems sync names by themselves and refuse to be asked
            raise
    finally:
        os.close(fd)


def write_all(fd: int, data: bytes) -> None:
    """Write every byte: the system may take a part at a time."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(8).hex()}.tmp")


def _write_new(path: Path, data: bytes, *, durable: bool) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    try:
        write_all(fd, data)
        if durable:
            os.fsync(fd)
    finally:
        os.close(fd)


def _link(temp: Path, path: Path) -> bool:
    try:
        path.hardlink_to(temp)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(path):
            return False
        temp.replace(path)
    return True


def _discard(path: Path) -> None:
    with suppress(OSError):  # it is only litter: the next start tries again
        path.unlink()


def _left_behind(name: str) -> bool:
    match = re.fullmatch(_LEFTOVER, name)
    if match is None:
        return False
    writer = ProcessId.of(int(match[1]))
    return writer is None or not writer.alive()


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208  (an archive has thousands of names, and hardly one is wanted)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise disk_error("listed", folder, error) from None
