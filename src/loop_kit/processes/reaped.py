"""A program below a reaper: several such programs run at once, and each tree is ended without touching another.

The reaper is a small process that inherits the orphans of its own program (see `reaper`). If the program kills its
reaper, the orphans come to this process instead, and are ended then.
"""

import os
import signal
import sys
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from loop_kit.processes.child import Started
from loop_kit.processes.lineage import ProcessId, descendants
from loop_kit.processes.spawn import Command, Process, cannot_start, popen
from loop_kit.processes.tree import RUN_VARIABLE, Children, Patience, Steps, ending, kill_each, terminate
from loop_kit.values import replace

# As it is when this process begins: where a run works on loop's own code, a worker may change the file later.
_REAPER = Path(__file__).with_name("reaper.py").read_bytes()
_SLOW = 1.0  # seconds that a reaper gets to kill its tree; one that is stopped again and again would never do it


class ReapedChild(Started):
    """A program and its reaper, whose report is read from `fd`: it has news when the program starts and ends.

    `others` is the list of all programs that run at the same time; it may still grow.
    """

    def __init__(self, command: Command, before: Collection[ProcessId], others: Sequence["ReapedChild"]) -> None:
        fd, report = os.pipe()
        try:
            super().__init__(_start_reaper(command, report), fd)
        except BaseException:
            os.close(fd)
            raise
        finally:
            os.close(report)
        os.set_blocking(fd, False)
        self.reaper = ProcessId.of(self.process.pid) or ProcessId(self.process.pid, "")
        self.pid: int | None = None
        self._command = command
        self._before = before
        self._others = others
        self._report = fd
        self._unread = b""
        self._program: ProcessId | None = None
        self._code: int | None = None
        self._kill_since: float | None = None

    @property
    def own_pids(self) -> frozenset[int]:
        """The pids that do not count as other processes of the tree."""
        return frozenset((self.process.pid, self.pid or 0))

    def running(self) -> bool:
        if self._code is None and self.process.poll() is not None:
            self.hear()  # it may have ended right after it had reported
        return self._code is None and self.process.returncode is None

    def exit_code(self) -> int | None:
        """Return the program's exit code; the reaper's own when it was killed and could not report."""
        return self.process.poll() if self._code is None else self._code

    def hear(self) -> bool:
        """Take in what the reaper reports; raise BackendError when the program could not be started."""
        with suppress(BlockingIOError):
            while chunk := os.read(self._report, 4096):
                *lines, self._unread = (self._unread + chunk).split(b"\n")
                for line in lines:
                    self._take(*line.decode().split(" ", 2))
            return False
        return True

    def _take(self, what: str, number: str, text: str = "") -> None:
        if what == "refused":
            raise cannot_start(self._command, OSError(int(number), text) if int(number) else ValueError(text))
        if what == "started":
            self.pid = int(number)
            self._program = ProcessId.of(self.pid)
        else:
            self._code = int(number)

    def ask(self) -> None:
        """Ask the program alone to end."""
        if self._program is not None:
            terminate(self._program)

    def tidy(self) -> None:
        """Wake a reaper that its program has stopped: it could not report the program's end."""
        if self.reaper.stopped():
            self.reaper.signal(signal.SIGCONT)

    def ending(self, patience: Patience) -> Steps:
        return ending(self._look, self._kill, patience)

    def _look(self) -> list[ProcessId]:
        if self.process.poll() is None:
            return [self.reaper, *descendants(self.reaper.pid)]
        return self._orphans().look() if self.process.returncode else []  # with status 0 it proved that nobody is left

    def _kill(self, tree: list[ProcessId]) -> set[int]:
        if self.process.poll() is not None:
            return self._orphans().kill() | kill_each(tree)
        now = time.monotonic()
        alive = {process.pid for process in tree if process.alive()}
        if self._kill_since is None:
            self._kill_since = now
            self.process.send_signal(signal.SIGUSR1)
            self.process.send_signal(signal.SIGCONT)
        elif now >= self._kill_since + _SLOW:
            self.process.kill()
        return alive

    def _orphans(self) -> Children:
        """Return the trees of reapers that were killed: with two of them, nobody can tell whose is whose, and all have to end."""
        return Children((), [*self._before, *(other.reaper for other in self._others)])


def _start_reaper(command: Command, report: int) -> Process:
    """Start a reaper with the command's streams, folder and descriptors, and hand it code and order as one script."""
    try:
        argv = [os.fsencode(word) for word in command.argv]
        env = {os.fsencode(name): os.fsencode(value) for name, value in command.env.items()}
        with open(os.memfd_create("reaper"), "wb") as script:  # noqa: PTH123  (a file without a path)
            numbers = f"session={command.session}, parent={os.getpid()}, script={script.fileno()}, report={report}"
            script.write(_REAPER + f"\n\nrun({argv!r}, {env!r}, {numbers})\n".encode())
            script.flush()
            reaper = replace(
                command,
                argv=(sys.executable, "-I", "-S", f"/proc/self/fd/{script.fileno()}", "reaper", command.argv[0]),
                env={name: value for name, value in command.env.items() if not _names_program(name)},
                pass_fds=(script.fileno(), report, *command.pass_fds),
            )
            return popen(reaper)
    except (OSError, ValueError) as error:
        raise cannot_start(command, error) from error


def _names_program(variable: str) -> bool:
    """Return whether views look for a program by this variable: they must not find its reaper instead."""
    return variable.startswith("LOOP_") and variable != RUN_VARIABLE
