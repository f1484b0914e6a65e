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

from loop_kit import folders
from loop_kit.bus.files import disk_error
from loop_kit.errors import LoopError
from loop_kit.processes.lineage import ProcessId

_LEFTOVER = r"(?s)\..+\.([0-9]{1,10})\.[0-9a-f]{16}\.tmp"  # compiled on first use: few commands remove leftovers
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


def write_bytes(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Put `data` at `path`, replacing what is there. `durable=False` skips the syncs, for content that may be lost."""
    temp = _beside(path.name)
    try:
        with folders.opened(path.parent) as folder:
            try:
                _write_new(folder, temp, data, durable=durable)
                os.rename(temp, path.name, src_dir_fd=folder, dst_dir_fd=folder)
                if durable:
                    folders.sync(folder)
            finally:
                _discard(folder, temp)
    except OSError as error:
        raise disk_error("written", path, error) from None


def exclusive_write(path: Path, data: bytes, *, sync_name: bool = True) -> bool:
    """Put `data` at `path` unless something is there; return whether it was put.

    A caller that writes several files into one folder may pass `sync_name=False` and call `sync_names` once.
    """
    temp = _beside(path.name)
    try:
        with folders.opened(path.parent) as folder:
            try:
                _write_new(folder, temp, data, durable=True)
                created = _link(folder, temp, path.name)
                if created and sync_name:
                    folders.sync(folder)
            finally:
                _discard(folder, temp)
    except OSError as error:
        raise disk_error("written", path, error) from None
    return created


def remove(path: Path, *, durable: bool = True) -> None:
    """Remove a file; one that is not there is fine. `durable=False` is for a file that may come back after a crash."""
    try:
        with folders.opened(path.parent) as folder:
            os.unlink(path.name, dir_fd=folder)
            if durable:
                folders.sync(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise disk_error("removed", path, error) from None


def remove_folder(path: Path) -> None:
    """Remove an empty folder durably."""
    try:
        with folders.opened(path.parent) as folder:
            os.rmdir(path.name, dir_fd=folder)
            folders.sync(folder)
    except OSError as error:
        raise disk_error("removed", path, error) from None


def move(source: Path, target: Path) -> None:
    """Rename within one file system, durably. The caller has made sure that `target` is free."""
    try:
        with folders.opened(source.parent) as origin, folders.opened(target.parent) as place:
            os.rename(source.name, target.name, src_dir_fd=origin, dst_dir_fd=place)
            folders.sync(place)
            folders.sync(origin)
    except OSError as error:
        raise disk_error("moved", source, error) from None


def make_folder(path: Path) -> None:
    """Make a folder and its missing parents; an existing one is fine and was synced when it was made."""
    try:
        folders.make(path)
    except OSError as error:
        raise disk_error("made", path, error) from None


def find_leftovers(folder: Path) -> list[Path]:
    """Return the temporary files in a folder whose writers are gone."""
    return [folder / name for name in listed(folder) if name.startswith(".") and _left_behind(name)]


def remove_leftovers(folder: Path) -> list[Path]:
    """Remove the temporary files of writers that are gone and return their paths. For the holder of the bus lock."""
    gone = find_leftovers(folder)
    for entry in gone:
        with suppress(LoopError):  # the next start tries again
            remove(entry, durable=False)
    return gone


def listed(folder: Path) -> list[str]:
    """Return the names in a folder that loop writes in, sorted; none when there is no folder."""
    try:
        return folders.names(folder)
    except OSError as error:
        raise disk_error("listed", folder, error) from None


def sync_names(folder: Path) -> None:
    """Make earlier changes of a folder's entries durable that were not synced one by one."""
    try:
        with folders.opened(folder) as fd:
            folders.sync(fd)
    except OSError as error:
        raise disk_error("synced", folder, error) from None


def write_all(fd: int, data: bytes) -> None:
    """Write every byte: the system may take a part at a time."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _beside(name: str) -> str:
    return f".{name}.{os.getpid()}.{os.urandom(8).hex()}.tmp"


def _write_new(folder: int, name: str, data: bytes, *, durable: bool) -> None:
    fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644, dir_fd=folder)
    try:
        write_all(fd, data)
        if durable:
            os.fsync(fd)
    finally:
        os.close(fd)


def _link(folder: int, temp: str, name: str) -> bool:
    try:
        os.link(temp, name, src_dir_fd=folder, dst_dir_fd=folder)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        with suppress(FileNotFoundError):
            os.lstat(name, dir_fd=folder)
            return False
        os.rename(temp, name, src_dir_fd=folder, dst_dir_fd=folder)
    return True


def _discard(folder: int, name: str) -> None:
    with suppress(OSError):  # the next start tries again
        os.unlink(name, dir_fd=folder)


def _left_behind(name: str) -> bool:
    match = re.fullmatch(_LEFTOVER, name)
    if match is None:
        return False
    writer = ProcessId.of(int(match[1]))
    return writer is None or not writer.alive()
