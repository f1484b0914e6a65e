"""Open and read files that others may have written: without blocking, with a size limit, with clear errors.

Opening a FIFO waits for its other end, so everything is opened non-blocking and checked before it is read.
"""

import errno
import os
import shlex
import stat
from collections.abc import Iterator
from itertools import chain, count, takewhile
from pathlib import Path

from loop_kit import folders
from loop_kit.errors import DocumentError, LoopError, NeedsPersonError
from loop_kit.values.wording import path_text

_SAFE = os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_CHUNK = 1 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_KINDS = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a FIFO", stat.S_IFLNK: "a symbolic link", stat.S_IFSOCK: "a socket"}
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


def is_folder(path: Path) -> bool:
    """Tell whether a folder is there: a real one, not a link to one."""
    return path.is_dir() and not path.is_symlink()


def free_name(folder: Path, name: str) -> Path:
    """Return a free path in `folder`: `{name}-1`, `{name}-2`, … For the holder of the bus lock."""
    return next(path for k in count(1) if not os.path.lexists(path := folder / f"{name}-{k}"))


def takes(first: Path) -> Iterator[Path]:
    """Yield the paths of the first take of an archived document, the second (`.2`) and so on, there or not."""
    return chain((first,), (first.with_suffix(f".{take}{first.suffix}") for take in count(2)))


def kept_takes(first: Path) -> list[Path]:
    """Return the existing takes, the oldest first.

    Each is looked up by name, because listing an archive takes longer with every round; the numbers have no gap.
    """
    return list(takewhile(os.path.lexists, takes(first)))


def disk_error(action: str, path: Path, error: OSError) -> LoopError:
    """Return the error for a failed disk operation, e.g. `state.json cannot be written: No space left on device`."""
    if isinstance(error, folders.LinkError):
        return linked(error)
    if error.errno in _FULL:
        hint = "make room on the disk, then run the same command again"
    elif error.errno in _FORBIDDEN:
        hint = f"let this user write in {path_text(path.parent)}, then run the same command again"
    else:
        hint = f"look at what is at {path_text(path)} and at the disk it is on"
    return LoopError(f"{path_text(path)} cannot be {action}: {error.strerror}", hint=hint)


def linked(error: folders.LinkError) -> NeedsPersonError:
    """Return the error that ends a run when a link is where loop needs a folder."""
    sentence, hint = link_sentence(Path(error.filename))
    return NeedsPersonError(sentence, hint=hint)


def link_sentence(path: Path) -> tuple[str, str]:
    """Return the sentence and the hint for a link where loop needs a folder."""
    link = shlex.quote(path_text(path))
    return (
        f"{path_text(path)} is a symbolic link: loop writes in folders, never through a link",
        f"see where it leads, remove the link (rm {link}), put the folder back if it was moved, and run the same command again",
    )


def open_regular(path: Path, flags: int = os.O_RDONLY, *, name: str = "", follow: bool = True) -> int:
    """Return a descriptor of a regular file that children do not inherit.

    `FileNotFoundError` is left to the caller; anything else that is not a readable regular file is a `DocumentError`
    which calls the file `name`. With `follow=False` a symbolic link is refused as well, also one on the way to it: that
    is a `NeedsPersonError`.
    """
    said = name or path_text(path)
    try:
        fd = os.open(path, flags | _SAFE, 0o644) if follow else folders.open_file(path, flags | _SAFE)
    except FileNotFoundError:
        raise
    except folders.LinkError as error:
        raise linked(error) from None
    except OSError as error:
        raise _not_opened(path, said, error) from None
    kind = _kind(os.fstat(fd).st_mode)
    if kind:
        os.close(fd)
        raise _not_a_file(said, kind)
    return fd


def read_bytes(path: Path, *, limit: int, name: str = "", follow: bool = True) -> bytes:
    """Return the content of a regular file; raise as `open_regular` does, also when it has more than `limit` bytes."""
    said = name or path_text(path)
    data = _read(open_regular(path, name=said, follow=follow), said, limit + 1)
    if len(data) > limit:
        raise DocumentError(f"{said} is larger than {_size(limit)}", hint="make it shorter")
    return data


def read_beginning(path: Path, *, limit: int) -> bytes:
    """Return up to `limit` bytes of a file, nothing when it cannot be read: for keeping a refused document."""
    try:
        return _read(open_regular(path, follow=False), "", limit)
    except (FileNotFoundError, LoopError):
        return b""


def _read(fd: int, said: str, most: int) -> bytes:
    parts, left = [], most
    try:
        while left > 0 and (part := os.read(fd, min(left, _CHUNK))):
            parts.append(part)
            left -= len(part)
    except OSError as error:
        raise DocumentError(f"{said} cannot be read: {error.strerror}", hint="look at the disk it is on") from None
    finally:
        os.close(fd)
    return b"".join(parts)


def _not_opened(path: Path, said: str, error: OSError) -> DocumentError:
    # The kernel's message depends on what is there: for a link "too many levels", for a socket "no such device".
    try:
        kind = _kind(path.lstat().st_mode)
    except OSError:
        kind = ""
    if kind and error.errno not in _FORBIDDEN:
        return _not_a_file(said, kind)
    return DocumentError(f"{said} cannot be opened: {error.strerror}", hint=f"look at what is at {path_text(path)}")


def _not_a_file(said: str, kind: str) -> DocumentError:
    return DocumentError(f"{said} is {kind}, not a file", hint="put a plain file there or nothing")


def _kind(mode: int) -> str:
    """Return the kind of what is not a regular file, with its article; "" for a regular file."""
    if stat.S_ISREG(mode):
        return ""
    names = {
        stat.S_IFDIR: "a folder",
        stat.S_IFIFO: "a FIFO",
        stat.S_IFLNK: "a symbolic link",
        stat.S_IFSOCK: "a socket",
    }
    return names.get(stat.S_IFMT(mode), "a device")


def _size(count: int) -> str:
    return f"{count >> 20} MiB" if count >= 1 << 20 and count % (1 << 20) == 0 else f"{count} bytes"
