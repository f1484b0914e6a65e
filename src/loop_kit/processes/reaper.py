"""A small program below which another program runs, so that the trees of several programs do not mix.

It is a subreaper: whatever the program leaves behind becomes its child, so it can end once it has no child left, and its
own end with status 0 proves that nobody of the tree is left. It reports what happens as lines on a pipe: `started PID`,
`refused ERRNO TEXT`, `ended CODE`. SIGUSR1 makes it end the whole tree at once; it also gets that signal when the process
that started it ends, and then asks first and waits a moment. All other signals are ignored: they are meant for the program.

A bare interpreter reads this file from a descriptor (see `reaped`), so it imports nothing of loop.
"""

import ctypes
import os
import signal
import time
from contextlib import suppress

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
GRACE = 1.0  # seconds from SIGTERM to SIGKILL when the process that started the reaper is gone
PAUSE = 0.01  # seconds between two looks for children to kill, unless one ends before


def run(argv: list[bytes], env: dict[bytes, bytes], *, session: bool, parent: int, script: int, report: int) -> None:
    """Run a program until its tree is empty; `script` and `report` are descriptors that it must not inherit."""
    mask = set(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())))
    prctl = ctypes.CDLL(None).prctl
    zero = ctypes.c_ulong(0)
    for option, value in ((PR_SET_CHILD_SUBREAPER, 1), (PR_SET_PDEATHSIG, signal.SIGUSR1)):
        prctl(option, ctypes.c_ulong(value), zero, zero, zero)
    if os.getppid() != parent:
        os._exit(1)
    for descriptor in (script, report):
        os.set_inheritable(descriptor, False)
    waiting, until_exec = os.pipe()  # neither end is inherited: the second closes when the program begins, or cannot
    program = os.fork()
    if program == 0:
        become(argv, env, mask, session=session, report=report)
    os.close(until_exec)
    os.read(waiting, 1)
    tell(report, f"started {program}")
    while True:
        reap(program, report)
        if signal.sigwait({signal.SIGCHLD, signal.SIGUSR1}) == signal.SIGUSR1:
            end_tree(program, report, grace=GRACE if os.getppid() != parent else 0.0)


def become(argv: list[bytes], env: dict[bytes, bytes], mask: set[int], *, session: bool, report: int) -> None:
    """Replace this process by the program, as `subprocess` does; never return."""
    try:
        if session:
            os.setsid()
        else:
            os.setpgid(0, 0)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores both
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.execvpe(argv[0], argv, env)  # noqa: S606  (the program, without a shell)
    except OSError as error:
        tell(report, f"refused {error.errno} {error.strerror}")
    except ValueError as error:
        tell(report, f"refused 0 {error}")
    finally:
        os._exit(127)


def reap(program: int, report: int) -> None:
    """Collect the exit codes of the dead, and end this process when that was its last child."""
    try:
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            if found[0] == program:
                tell(report, f"ended {os.waitstatus_to_exitcode(found[1])}")
    except ChildProcessError:
        os._exit(0)


def end_tree(program: int, report: int, *, grace: float) -> None:
    """Kill every child, and those that become children by that, until none is left; never return."""
    until = time.monotonic() + grace
    if grace:
        send(signal.SIGTERM)
        send(signal.SIGCONT)  # a stopped process gets SIGTERM only when it continues
    while (left := until - time.monotonic()) > 0:
        reap(program, report)
        signal.sigtimedwait({signal.SIGCHLD}, left)
    while True:
        send(signal.SIGKILL)
        reap(program, report)
        signal.sigtimedwait({signal.SIGCHLD}, PAUSE)


def send(number: signal.Signals) -> None:
    """Signal every child; nobody else gets the pid of a child before it is reaped here."""
    for pid in children():
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def children() -> list[int]:
    me = os.getpid()
    with suppress(FileNotFoundError), open(f"/proc/self/task/{me}/children", "rb") as listed:  # noqa: PTH123  (pathlib takes 9 ms)
        return [int(pid) for pid in listed.read().split()]
    return [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and parent_of(pid) == me]  # noqa: PTH208  (the same)


def parent_of(pid: str) -> int:
    """Return the parent of a process, 0 when it is gone; for a kernel without the `children` files."""
    with suppress(OSError), open(f"/proc/{pid}/stat", "rb") as status:  # noqa: PTH123  (the same)
        return int(status.read().rpartition(b")")[2].split()[1])
    return 0


def tell(report: int, line: str) -> None:
    with suppress(BrokenPipeError):  # the process that started the reaper is gone
        os.write(report, line.encode() + b"\n")
