"""Folders that loop writes are folders: opened, made, listed and emptied by descriptor, never through a link.

Agents run as the same user and can put a link wherever loop writes, at any moment. So the way to a folder is gone step by
step from the top of the file system, and no step follows a link; what is then done is done relative to the descriptor
that was reached. A folder that is swapped for a link meanwhile is still the folder that was reached, or the step fails.

Paths are absolute and free of links: who takes one from a person resolves it once, with `real`. Every function raises
`OSError`, as the system does; a link on the way is a `LinkError`. Nothing else in loop removes folders or lists those
that it writes in.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# To pass through a folder takes no right to read it; where the system has no word for that, it has to be readable.
_BY_PATH: int = getattr(os, "O_PATH", 0)
_ENTER = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_SYNC = (errno.EINVAL, errno.EOPNOTSUPP)
_ALONE = 0o700
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class LinkError(OSError):
    """`filename` is a symbolic link where a folder has to be."""


def real(path: Path) -> Path:
    """Return a path that a person named, without links on the way to it; its last part stays as it is."""
    return Path(os.path.realpath(path.parent), path.name)


@contextmanager
def opened(folder: Path) -> Iterator[int]:
    """Give a descriptor of a folder: to list and to sync, and to do things in it by `dir_fd`."""
    fd = _reach(folder, os.O_RDONLY)
    try:
        yield fd
    finally:
        os.close(fd)


def open_file(path: Path, flags: int, mode: int = 0o644) -> int:
    """Open a file that children do not inherit; neither it nor a folder on the way may be a link.

    A file that is to be written in place must have no second name: that could lie anywhere. Nobody waits for the other
    end of a pipe.
    """
    parent = _reach(path.parent, _BY_PATH)
    try:
        fd = os.open(path.name, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, mode, dir_fd=parent)
    finally:
        os.close(parent)
    seen = os.fstat(fd)
    problem = (
        (errno.EINVAL, "it is a pipe")
        if stat.S_ISFIFO(seen.st_mode)
        else (errno.EMLINK, "the file has a second name, which could lie anywhere")
        if flags & (os.O_WRONLY | os.O_RDWR) and seen.st_nlink > 1
        else None
    )
    if problem:
        os.close(fd)
        raise OSError(*problem, os.fspath(path))
    return fd


def read(path: Path) -> bytes:
    """Return the content of a file, opened as `open_file` does: of no link, and nobody waits for a pipe."""
    with os.fdopen(open_file(path, os.O_RDONLY), "rb") as file:
        return file.read()


def make(folder: Path, mode: int = 0o777, *, durable: bool = True) -> None:
    """Make a folder and what is missing on the way, by default durably; one that is there is fine."""
    try:
        os.close(_reach(folder, _BY_PATH))
    except NotADirectoryError as error:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), error.filename) from None
    except FileNotFoundError:
        make(folder.parent, mode, durable=durable)
        with opened(folder.parent) as parent:
            with suppress(FileExistsError):  # somebody else was faster, and what it is shows at the next look
                os.mkdir(folder.name, mode, dir_fd=parent)
            if durable:
                sync(parent)
        os.close(_reach(folder, _BY_PATH))


def make_private(folder: Path) -> None:
    """Make a folder in which nobody else can put anything, not durably; raise `PermissionError` for one that is not so."""
    make(folder, _ALONE, durable=False)
    with opened(folder) as fd:
        seen = os.fstat(fd)
    if seen.st_uid != os.geteuid():
        raise PermissionError(errno.EACCES, "it belongs to another user", os.fspath(folder))
    if seen.st_mode & _OTHERS_WRITE:
        raise PermissionError(errno.EACCES, "other users may write in it", os.fspath(folder))


def names(folder: Path) -> list[str]:
    """Return the names in a folder, sorted; none when there is no folder."""
    try:
        with opened(folder) as fd:
            return sorted(os.listdir(fd))  # noqa: PTH208  (pathlib cannot list a descriptor)
    except (FileNotFoundError, NotADirectoryError):
        return []


def remove(path: Path) -> None:
    """Remove what is there: a file, a link itself, a folder with all that is in it. Nothing there is fine."""
    with suppress(FileNotFoundError), opened(path.parent) as parent:
        remove_in(parent, path.name)


def remove_in(parent: int, name: str) -> None:
    """Remove what has that name in an open folder, as `remove` does."""
    try:
        os.unlink(name, dir_fd=parent)
    except FileNotFoundError:
        return
    except (IsADirectoryError, PermissionError):
        if not stat.S_ISDIR(os.lstat(name, dir_fd=parent).st_mode):
            raise
        _remove_folder(parent, name)


def sync(fd: int) -> None:
    """Make the names in an open folder survive a crash of the machine."""
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in _NO_SYNC:  # some file systems sync names by themselves and refuse to be asked
            raise


def _reach(folder: Path, access: int) -> int:
    """Go to a folder without following a link, and return a descriptor of it opened with `access`."""
    here, way = Path(folder.anchor or "."), folder.relative_to(folder.anchor).parts
    fd = os.open(here, (_BY_PATH if way else access) | _ENTER)
    for left, name in enumerate(way, start=1 - len(way)):
        outer, here = fd, here / name
        try:
            fd = os.open(name, (_BY_PATH if left else access) | _ENTER, dir_fd=outer)
        except OSError as error:
            raise _not_reached(error, here, outer, name) from None
        finally:
            os.close(outer)
    return fd


def _not_reached(error: OSError, here: Path, outer: int, name: str) -> OSError:
    # What the system says of a link depends on which system it is, so it is looked at.
    with suppress(OSError):
        if stat.S_ISLNK(os.lstat(name, dir_fd=outer).st_mode):
            return LinkError(errno.ELOOP, "it is a symbolic link", os.fspath(here))
    return OSError(error.errno, error.strerror, os.fspath(here))


def _remove_folder(parent: int, name: str) -> None:
    import shutil  # noqa: PLC0415  (2 ms, and whoever only looks removes nothing)

    try:
        try:
            shutil.rmtree(name, dir_fd=parent)
        except PermissionError:
            _open_up(parent, name)
            shutil.rmtree(name, dir_fd=parent)
    except RecursionError:
        raise OSError(errno.ENAMETOOLONG, "its folders are nested too deeply", name) from None


def _open_up(parent: int, name: str) -> None:
    """Let this user delete in every folder below: build tools leave read-only ones, and what is in those would stay."""
    _let_in(parent, name)
    for _, inner, _, fd in os.fwalk(name, dir_fd=parent):
        for each in inner:
            _let_in(fd, each)


def _let_in(parent: int, name: str) -> None:
    if not _BY_PATH:
        os.chmod(name, _ALONE, dir_fd=parent, follow_symlinks=False)
        return
    with suppress(OSError):  # a link to a folder: it is only removed itself
        fd = os.open(name, _BY_PATH | _ENTER, dir_fd=parent)
        try:
            os.chmod(f"/proc/self/fd/{fd}", _ALONE)  # noqa: PTH101  (the folder that was reached, whatever has its name now)
        finally:
            os.close(fd)
