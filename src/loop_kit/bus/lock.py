"""One run at a time: `flock` on a file that is never removed.

The kernel holds the lock, the file only tells people who has it; so a dead owner's file blocks nobody. The lock
belongs to the open file: a descriptor handed to a child is the same lock, and it is free when the last copy is closed.
Therefore nothing here ever unlocks: closing is enough, and unlocking would take the lock from the child as well.
"""

import errno
import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from loop_kit.bus.atomic import write_all
from loop_kit.bus.document import dump, parse
from loop_kit.bus.files import disk_error, open_regular, read_beginning
from loop_kit.errors import DocumentError, LockedError, StartError
from loop_kit.model import documents
from loop_kit.processes.lineage import Owner
from loop_kit.values import asdict, dataclass
from loop_kit.values.wording import path_text

_POLL_SECONDS = 0.05
_RECORD_LIMIT = 1 << 16
_HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder(Owner):
    """The last holder that wrote into a lock file, with purpose and start. Only the kernel knows whether it is still held."""

    kind: ClassVar[str] = "lock"

    purpose: str
    run: str
    since: str


class Lock:
    """A held lock; made by `acquire` or, from a descriptor that came from the parent process, by `adopt`."""

    def __init__(self, path: Path, fd: int, *, adopted: bool) -> None:
        self.path = path
        self._fd = fd
        self._adopted = adopted

    @classmethod
    def acquire(
        cls, path: Path, *, purpose: str, now: str, run: str = "", wait: float = 0.0, wait_for_dead: float = 10.0
    ) -> Self:
        """Take the lock and write the holder into it.

        Waits up to `wait` seconds, or up to `wait_for_dead` while the last holder is proven dead: then a child of
        it has the lock and is about to end. Raises `LockedError` naming the holder.
        """
        fd = _open(path)
        try:
            _wait_for(fd, path, wait=wait, wait_for_dead=max(wait, wait_for_dead))
            _write(fd, path, Holder(**asdict(Owner.me()), purpose=purpose, run=run, since=now))
        except BaseException:
            os.close(fd)
            raise
        return cls(path, fd, adopted=False)

    @classmethod
    def adopt(cls, fd: int, path: Path) -> Self:
        """Adopt the lock from an inherited descriptor; raise `StartError` when it is not the lock on `path`."""
        try:
            same = os.path.samestat(os.fstat(fd), path.stat())
            os.set_inheritable(fd, False)
        except OSError as error:
            raise _no_lock_came(fd, path, str(error.strerror)) from None
        if not same:
            raise _no_lock_came(fd, path, "it is another file")
        # On the same open file this changes nothing; a descriptor without the lock gets it now or is refused.
        if not try_flock(fd, path):
            raise _held(path)
        return cls(path, fd, adopted=True)

    def fileno(self) -> int:
        """Return the descriptor, for a child that is to hold the same lock."""
        return self._fd

    def close(self) -> None:
        """Release the lock. The process that acquired it also clears the record: an empty file has no holder."""
        if self._fd < 0:
            return
        fd, self._fd = self._fd, -1
        try:
            if not self._adopted:
                with suppress(OSError):  # a disk error: the record is only for people, the kernel decides
                    os.ftruncate(fd, 0)
        finally:
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_holder(path: Path) -> Holder | None:
    """Return the recorded holder; None when there is none or the record cannot be read. Takes no lock."""
    try:
        return documents.read(Holder, parse(read_beginning(path, limit=_RECORD_LIMIT)))
    except DocumentError:
        return None


def try_flock(fd: int, path: Path) -> bool:
    """Take an exclusive lock without waiting; False when it is held. Raises `StartError` where there is no flock."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            return False
        raise StartError(
            f"{path_text(path)} is on a file system where files cannot be locked: {error.strerror}",
            hint="put the repository on a local file system, or name a folder on one with --loop-dir",
        ) from None
    return True


def _open(path: Path) -> int:
    try:
        return open_regular(path, os.O_RDWR | os.O_CREAT, follow=False)
    except FileNotFoundError as error:
        raise disk_error("made", path, error) from None


def _wait_for(fd: int, path: Path, *, wait: float, wait_for_dead: float) -> None:
    began = time.monotonic()
    while not try_flock(fd, path):
        holder = read_holder(path)
        dead = holder is not None and holder.alive() is False
        if time.monotonic() - began >= (wait_for_dead if dead else wait):
            raise _held(path)
        time.sleep(_POLL_SECONDS)


def _write(fd: int, path: Path, holder: Holder) -> None:
    try:
        os.ftruncate(fd, 0)
        write_all(fd, dump(holder))
    except OSError as error:
        raise disk_error("written", path, error) from None


def _held(path: Path) -> LockedError:
    holder = read_holder(path)
    if holder is None:
        return LockedError(f"another loop process holds {path_text(path)}", hint="wait until it has ended")
    who = f"another loop process (pid {holder.pid} on {holder.host}, {holder.purpose}, since {holder.since})"
    if holder.alive() is False:
        return LockedError(
            f"{who} holds {path_text(path)}: it has ended, but a program it started has not",
            hint=f"find that program with: fuser {path_text(path)}",
        )
    return LockedError(f"{who} holds {path_text(path)}", hint=f"wait until it has ended, or end it: kill {holder.pid}")


def _no_lock_came(fd: int, path: Path, why: str) -> StartError:
    return StartError(
        f"descriptor {fd} is not the lock on {path_text(path)}: {why}",
        hint="a single round is started by loop run, or by hand without a descriptor",
    )
