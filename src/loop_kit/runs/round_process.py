"""Each round is a fresh process: it runs the code as it is now, and takes its memory with it when it ends.

Nothing of the person's repository is importable in it (`-P -E`). It is given the locks, so that they are held until
its agent has ended even when the PM is killed, and it tells what happens as JSON lines on its standard output.
"""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path

from loop_kit.bus.atomic import make_folder
from loop_kit.engine.run import Run
from loop_kit.errors import (
    EXIT_CODES,
    BackendError,
    CrashError,
    LoopError,
    NeedsPersonError,
    Outcome,
    TerminatedRunError,
    TimeLimitError,
    error_for,
)
from loop_kit.model.events import Event, OtherEvent
from loop_kit.model.feed_event import read
from loop_kit.model.shown_events import RoundFailed
from loop_kit.processes.rawlog import RawLog
from loop_kit.processes.spawn import Command, Process
from loop_kit.processes.supervise import Ended, HowEnded, Limits, Watch, supervise
from loop_kit.runs.stand_by import Reserve

# An agent is given 1 s to end when the run is interrupted; the round needs that, and a moment to pin what the agent left.
_ROUND_GRACE = 15.0
_PLAYED = (EXIT_CODES[Outcome.APPROVED], EXIT_CODES[Outcome.CHANGES_REQUIRED])
STAND_BY = "--stand-by"


class Rounds:
    """The rounds of one run. The process of the next one starts and reads the code while this round goes on.

    It does nothing until it is called, and sees to it that the code it has read is still the code by then. It is started
    before this round's process is supervised, so it is no part of the tree that is ended with this round.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._next: Reserve | None = None

    def play(self) -> None:
        """Let a fresh process play the round, and take the state that it left; raise the `LoopError` that ended it."""
        run = self._run
        told: list[str] = []
        failed: list[LoopError] = []

        def on_line(line: str) -> None:
            event = _told(line)
            told[:] = [line]
            match event:
                case RoundFailed() | OtherEvent(name=RoundFailed.kind):
                    failed.append(_named(event))
                case Event():
                    run.world.listener(event)

        def tick() -> bool:
            run.world.tick()
            return False

        number = run.round
        errors = _log(run)
        make_folder(errors.parent)
        with RawLog(errors) as log:
            program = self._called() or _command(run, number)
            if number < run.settings.run.max_rounds:
                self._prepare_for(number + 1)
            ended = supervise(
                program,
                limits=Limits(wall=_wall(run), grace=_ROUND_GRACE, urgent_grace=_ROUND_GRACE, gentle=True),
                error_log=log,
                watch=Watch(on_line=on_line, tick=tick),
                interruption=run.world.interruption,
            )
        run.world.interruption.raise_if_requested()
        if ended.how is HowEnded.WALL_TIMEOUT:
            raise TimeLimitError(
                f"the run took longer than --timeout {run.settings.run.timeout:g} s", hint="loop run --resume goes on"
            )
        if failed:
            raise failed[0]
        if ended.exit_code in _PLAYED:
            _read_back(run)
            return
        raise _unexplained(run, ended, started=bool(told))

    def close(self) -> None:
        """Send the process that got ready away: there is no further round."""
        if self._next is not None:
            self._next.dismiss()
            self._next = None

    def _prepare_for(self, number: int) -> None:
        with suppress(BackendError):  # no room for another process now: the next round is started when its turn comes
            self._next = Reserve(_command(self._run, number, STAND_BY))

    def _called(self) -> Process | None:
        """Return the process that got ready, called; None when there is none, or none any more."""
        waiting, self._next = self._next, None
        return None if waiting is None else waiting.call()


def _wall(run: Run) -> float:
    left = run.seconds_left()
    return 0.0 if left is None else max(left, 0.01)  # 0 would be no limit


def _command(run: Run, number: int, *more: str) -> Command:
    locks = ",".join(str(descriptor) for descriptor in run.locks)
    argv = (
        *(sys.executable, "-P", "-E", "-m", "loop_kit", "--loop-dir", str(run.bus.root)),
        *("run", "--single-round", "--round", str(number)),
        *("--git-dir", str(run.home.git_dir), "--common-dir", str(run.home.common_dir)),
        *("--locks", locks, "--parent", str(os.getpid())),
        *more,
    )
    environment = {**run.world.environment, "LOOP_RUN_ID": run.manifest.run_id}
    return Command(argv=argv, env=environment, cwd=run.home.root, pass_fds=run.locks, session=False)


def _told(line: str) -> Event | None:
    """Return the event that a line of the round process tells, None for any other line."""
    try:
        match json.loads(line):
            case {"event": str(name), "data": dict(data)}:
                return read(name, data)
    except ValueError:
        pass
    return None


def _named(event: RoundFailed | OtherEvent) -> LoopError:
    """Return the ending that a round process told; one with an unknown name came from code newer than this process."""
    if isinstance(event, RoundFailed):
        return error_for(event.outcome, event.message, hint=event.hint)
    return CrashError(
        f"the round ended in a way this loop does not know: {event.data!r:.300}", hint="loop run --resume goes on"
    )


def _read_back(run: Run) -> None:
    """Take the state that the round left; raise `NeedsPersonError` when it is not one that this round can have left."""
    before, state = run.state, run.bus.read_state()
    if (
        state is None
        or (state.run_id, state.base_sha) != (before.run_id, before.base_sha)
        or state.round < before.round
    ):
        raise NeedsPersonError(
            f"{run.bus.state_path} was changed by somebody else during round {before.round}",
            hint="find out by whom; loop run --resume goes on",
        )
    run.take(state)


def _log(run: Run) -> Path:
    return run.bus.logs / run.name / f"r{run.round}_round.err.log"


def _unexplained(run: Run, ended: Ended, *, started: bool) -> LoopError:
    last = ended.err_tail.strip().rpartition("\n")[2]
    log = _log(run)
    if (ended.exit_code or 0) < 0:
        return TerminatedRunError(
            f"the process of round {run.round} was killed by signal {-(ended.exit_code or 0)}",
            hint="loop run --resume goes on from here",
        )
    if not started:
        return NeedsPersonError(
            f"the process of round {run.round} could not start: {last}",
            hint=f"see {log}; when the repository is loop's own, its code at HEAD is what could not be run",
        )
    return CrashError(
        f"the process of round {run.round} failed with exit status {ended.exit_code}: {last}",
        hint=f"this is a bug in loop; {log} has the traceback; loop run --resume goes on",
    )
