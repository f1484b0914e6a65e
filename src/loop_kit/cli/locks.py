"""One command at a time on a bus, and on a working tree."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from loop_kit.bus.bus import Bus
from loop_kit.bus.lock import Lock
from loop_kit.cli.adopters import check_maker
from loop_kit.engine.world import utc_now
from loop_kit.vcs.repository import Repository


@contextmanager
def locked(bus: Bus, repository: Repository | None, purpose: str) -> Iterator[tuple[int, ...]]:
    """Hold both locks inside the `with`; yields their descriptors. Raises `LockedError` naming the holder.

    Without a repository only the bus is locked: a run in a tree of its own leaves the person's tree to others. A bus that is not
    this loop's is refused first, because taking a lock writes into its file. The bus of a task is made if it is missing.
    """
    check_maker(bus)
    if bus.task_id:
        bus.ensure_layout()
    now = utc_now()
    paths = (bus.lock_path, *([] if repository is None else [repository.lock_path]))
    with ExitStack() as held:
        locks = [held.enter_context(Lock.acquire(path, purpose=purpose, now=now)) for path in paths]
        yield tuple(lock.fileno() for lock in locks)
