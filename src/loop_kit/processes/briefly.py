"""Run a small program, such as `codex --version`, and keep its output."""

from loop_kit.processes.signals import Interruption
from loop_kit.processes.spawn import Command
from loop_kit.processes.supervise import HowEnded, Limits, Watch, supervise
from loop_kit.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefResult:
    """`code` is None when the program did not end by itself in time."""

    code: int | None
    stdout: str
    stderr: str


class _Buffer:
    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._data = bytearray()

    def write(self, data: bytes, /) -> None:
        self._data += data[: self._limit - len(self._data)]

    def text(self) -> str:
        return self._data.decode("utf-8", "replace")


def run_briefly(
    command: Command, *, timeout: float, limit: int = 1024 * 1024, interruption: Interruption | None = None
) -> BriefResult:
    """Run a program to its end, or for `timeout` seconds, and return the first `limit` bytes of either stream."""
    out, err = _Buffer(limit), _Buffer(limit)
    ended = supervise(
        command,
        limits=Limits(wall=timeout, grace=0.5, urgent_grace=0.5),
        watch=Watch(),
        interruption=interruption or Interruption.none(),
        log=out,
        error_log=err,
    )
    code = ended.exit_code if ended.how is HowEnded.EXITED else None
    return BriefResult(code=code, stdout=out.text(), stderr=err.text())
