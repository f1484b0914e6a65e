"""Run checks, one after the other, each like any program that loop starts: bounded, and its whole tree ended.

A check that cannot be run is a check that failed; only an interruption raises.
"""

import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from loop_kit.checks.counts import Tally
from loop_kit.checks.junit import find_junit
from loop_kit.checks.memory import Memory
from loop_kit.checks.output import Output
from loop_kit.errors import BackendError
from loop_kit.model.check import CheckCommand, Where
from loop_kit.model.evidence import CheckEnding, CheckResult, Verdict
from loop_kit.model.redaction import Redactor
from loop_kit.processes.signals import Interruption
from loop_kit.processes.spawn import Command
from loop_kit.processes.stream import Cleaning
from loop_kit.processes.supervise import Ended, HowEnded, Limits, Watch, supervise
from loop_kit.values import dataclass, replace

_GRACE = 2.0  # seconds from SIGTERM to SIGKILL after a timeout


@dataclass(frozen=True, slots=True)
class CheckTree:
    """A folder to run checks in, and the id of the git tree that lies there."""

    path: Path
    tree: str


def _never_stop() -> None:
    """Do nothing: only a signal ends the checks."""


def nothing_changed() -> str:
    """Restore nothing and report no changed file."""
    return ""


def _no_listener(_command: CheckCommand, _result: CheckResult | None) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckWorkspace:
    """Where and how checks run.

    `worktree` is loop's own clean tree, `inplace` the person's. `environment` is the whole environment: the agents',
    without any keys. `logs` is a folder, `stem` begins the names of the logs, and `log_root` (by default the folder
    above) is what evidence calls them relative to. `check_stop` is called every second and raises when the run has
    to end. `memory` is what was prepared in the worktree. `settle` restores changed tracked files of the worktree and says
    which. `tell` is called twice for each command: without a result when it starts, and when it has ended.
    """

    worktree: CheckTree
    inplace: CheckTree
    environment: Mapping[str, str]
    logs: Path
    stem: str
    interruption: Interruption
    memory: Memory
    check_stop: Callable[[], None] = _never_stop
    settle: Callable[[], str] = nothing_changed
    tell: Callable[[CheckCommand, CheckResult | None], None] = _no_listener
    log_root: Path | None = None

    def place(self, where: Where) -> CheckTree:
        return self.inplace if where is Where.INPLACE else self.worktree

    def log_name(self, log: str) -> str:
        return (self.logs / log).relative_to(self.log_root or self.logs.parent).as_posix()


def run_checks(
    commands: Sequence[CheckCommand], workspace: CheckWorkspace, *, rerun: bool = True
) -> tuple[CheckResult, ...]:
    """Run the commands in order and return what each showed; with `rerun`, a failure is tried once more.

    Raises what `workspace.check_stop` raises, and the error of an interruption; by then no process of a check is left.
    """
    return tuple(run_check(command, workspace, log=f"_{command.name}.log", rerun=rerun) for command in commands)


def run_check(command: CheckCommand, workspace: CheckWorkspace, *, log: str, rerun: bool) -> CheckResult:
    """Run one command; `log` ends the name of its log."""
    workspace.tell(command, None)
    result = _try(command, workspace, f"{workspace.stem}{log}")
    if rerun and result.failed and result.how is not CheckEnding.NOT_STARTED:
        again = _try(command, workspace, f"{workspace.stem}-again{log}")
        if again.passed:
            reason = f"failed ({result.reason}), and passed when run again"
            result = replace(result, verdict=Verdict.FLAKY, reason=reason)
    workspace.tell(command, result)
    return result


def _try(command: CheckCommand, workspace: CheckWorkspace, log: str) -> CheckResult:
    workspace.check_stop()
    place = workspace.place(command.where)
    junit, tally = find_junit(command.command_line, place.path), Tally()
    with closing(Output(workspace.logs / log)) as output:
        try:
            ended = _supervise(command, workspace, output, tally)
        except BackendError as error:
            reason = f"it cannot be started: {error.message}"
            return CheckResult.without_run(command, place.tree, CheckEnding.NOT_STARTED, reason)
    if ended.how is HowEnded.INTERRUPTED:
        workspace.interruption.raise_if_requested()
    passed = ended.how is HowEnded.EXITED and ended.exit_code in command.expect
    undone = workspace.settle() if command.where is Where.WORKTREE else ""
    reasons = ("" if passed else _why(command, ended), undone, output.failure)
    return CheckResult(
        name=command.name,
        argv=command.command_line,
        where=command.where,
        tree=place.tree,
        verdict=Verdict.PASS if passed else Verdict.FAIL,
        how=CheckEnding.EXITED if ended.how is HowEnded.EXITED else CheckEnding.TIMEOUT,
        exit_code=ended.exit_code,
        seconds=round(ended.seconds, 3),
        counts=(junit.counts() if junit else None) or tally.counts,
        tail=output.tail,
        digest=output.digest,
        log=workspace.log_name(log),
        reason="; ".join(reason for reason in reasons if reason),
    )


def _supervise(command: CheckCommand, workspace: CheckWorkspace, output: Output, tally: Tally) -> Ended:
    def tick() -> bool:
        workspace.check_stop()
        return False

    return supervise(
        Command(argv=command.command_line, env=workspace.environment, cwd=workspace.place(command.where).path),
        limits=Limits(wall=command.timeout, grace=_GRACE),
        watch=Watch(
            on_line=tally.take,
            on_error_line=tally.take,
            tick=tick,
            cleaning=Cleaning.of(Redactor.of(workspace.environment)),
        ),
        interruption=workspace.interruption,
        log=output,
        error_log=output,
    )


def _why(command: CheckCommand, ended: Ended) -> str:
    if ended.how is not HowEnded.EXITED:
        return f"it was ended after {command.timeout:g} s"
    code = ended.exit_code or 0
    return f"exit code {code}" if code >= 0 else f"ended by {_signal_name(-code)}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"
