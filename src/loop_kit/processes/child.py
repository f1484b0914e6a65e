"""A program that this process started directly: its tree is every descendant of this process that was not there before."""

import os
from collections.abc import Collection
from typing import IO, cast

from loop_kit.processes import proc
from loop_kit.processes.lineage import ProcessId, open_pidfd
from loop_kit.processes.spawn import Process
from loop_kit.processes.tree import Children, Patience, Steps, group_ending, terminate


class Started:
    """A process with its two pipes; `fd` becomes readable when there is news of it, None if the system has no such thing."""

    def __init__(self, process: Process, fd: int | None) -> None:
        self.process = process
        self.fd = fd
        self._pipes = [cast("IO[bytes]", pipe) for pipe in (process.stdout, process.stderr)]  # `popen` made both

    @property
    def outputs(self) -> list[int]:
        """The descriptors of stdout and stderr."""
        return [pipe.fileno() for pipe in self._pipes]

    def close(self) -> None:
        for pipe in self._pipes:
            pipe.close()
        if self.fd is not None:
            os.close(self.fd)


class Child(Started):
    """Needs no extra process, but the trees of two at a time could not be told apart."""

    def __init__(self, process: Process, before: Collection[ProcessId]) -> None:
        super().__init__(process, open_pidfd(process.pid))
        self._tree = Children([process], before)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def own_pids(self) -> frozenset[int]:
        """The pids that do not count as other processes of the tree."""
        return frozenset((self.process.pid,))

    def running(self) -> bool:
        return self.process.poll() is None

    def exit_code(self) -> int | None:
        return self.process.poll()

    def hear(self) -> bool:
        return False

    def ask(self) -> None:
        """Ask the program alone to end."""
        if self.running() and (program := ProcessId.of(self.pid)) is not None:
            terminate(program)

    def tidy(self) -> None:
        """Collect the dead among the orphans that this process inherited; a long run can have thousands of them."""
        self._tree.reap()

    def ending(self, patience: Patience) -> Steps:
        return self._tree.ending(patience) if proc.LINUX else group_ending(self.process, patience)
