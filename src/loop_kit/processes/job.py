"""A program to supervise, how long it may take, who is told what meanwhile, and how it ended."""

from collections.abc import Callable
from enum import StrEnum

from loop_kit.processes.spawn import Command, Process
from loop_kit.processes.stream import Cleaning, Sink, ignore_line, ignore_pause
from loop_kit.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a program may take, and how long to end, in seconds; 0 is no limit for `wall` and `idle`."""

    wall: float = 0.0
    idle: float = 0.0  # without a byte on stdout or stderr
    grace: float = 5.0  # from SIGTERM to SIGKILL
    urgent_grace: float = 1.0  # the same when this process itself was told to end, or the tick asked for it
    gentle: bool = False  # ask only the program at first: it ends its own tree and saves its work


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Who is told what while the program runs. A process that one of these leaves behind is ended."""

    on_line: Callable[[str], None] = ignore_line
    on_error_line: Callable[[str], None] = ignore_line
    on_pause: Callable[[], None] = ignore_pause  # after all lines that came at once
    on_start: Callable[[int], None] | None = None  # with the program's pid
    tick: Callable[[], bool] | None = None  # True asks to end the program
    tick_every: float = 1.0
    cleaning: Cleaning | None = None  # applied to all output before a log, a listener or a tail gets it


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A program to start, or a process that stands by, which can only be supervised alone; the logs get its output."""

    command: Command | Process
    limits: Limits
    watch: Watch
    log: Sink | None = None
    error_log: Sink | None = None


class HowEnded(StrEnum):
    """Why the supervision ended."""

    EXITED = "exited"
    WALL_TIMEOUT = "wall_timeout"
    IDLE_TIMEOUT = "idle_timeout"
    INTERRUPTED = "interrupted"
    ASKED = "asked"  # the tick returned True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How it went. The tails are the last 64 KiB of output."""

    how: HowEnded
    exit_code: int | None  # negative for a signal; None if not even SIGKILL ended it
    seconds: float
    out_tail: str
    err_tail: str
    out_bytes: int
    err_bytes: int
    cut_lines: int  # too long to be handed to a listener
    swept: int  # other processes of its tree that had to be told to end
    left: tuple[int, ...]  # pids that could not be ended: waiting inside the kernel, or another user's
