"""One command at a time on a bus, and on a working tree."""

from collections.abc import Iterator
from contextlib import contextmanager

from loop_kit.bus.bus import Bus
from loop_kit.bus.lock import Lock
from loop_kit.cli.adopters import check_maker
from loop_kit.engine.world import utc_now
from loop_kit.vcs.repository import Repository


@contextmanager
def locked(bus: Bus, repository: Repository, purpose: str) -> Iterator[tuple[int, ...]]:
    """Hold both locks while inside; gives their descriptors. Raises `LockedError` naming who holds one.

    A bus that is not this loop's is refused before the first lock writes into its file.
    """
    check_maker(bus)
    now = utc_now()
    with (
        Lock.acquire(bus.lock_path, purpose=purpose, now=now) as on_bus,
        Lock.acquire(repository.git_dir / "loop.lock", purpose=purpose, now=now) as on_tree,
    ):
        yield on_bus.fileno(), on_tree.fileno()
