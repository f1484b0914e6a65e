"""Where the repository is loop's own, the next round runs the new code: it has to start."""

import sys
from pathlib import Path

import loop_kit
from loop_kit.model.change import Effect, Finding
from loop_kit.processes.spawn import Command
from loop_kit.rounds.context import RunContext

_SECONDS = 60.0
# What a PM, a round process and the end of a run import, each of them by itself.
_NEEDED = (
    *("loop_kit.cli.run", "loop_kit.cli.console", "loop_kit.cli.settings"),
    *("loop_kit.cli.stand_by", "loop_kit.cli.round_process", "loop_kit.rounds.round", "loop_kit.cli.ending"),
)


def find_broken_loop(ctx: RunContext) -> tuple[Finding, ...]:
    """Return a finding when loop runs from this repository and its code, as it lies there now, cannot be imported.

    It is asked within the round, by a process of its own, while the old code is still loaded here: the worker can mend it.
    """
    if not Path(loop_kit.__file__).resolve().is_relative_to(ctx.repository.root.resolve()):
        return ()
    from loop_kit.processes.briefly import run_briefly  # noqa: PLC0415  (most repositories are not loop's own)

    probe = f"import {', '.join(_NEEDED)}"
    command = Command(
        argv=(sys.executable, "-P", "-E", "-c", probe), env=ctx.world.environment, cwd=ctx.repository.root
    )
    done = run_briefly(command, timeout=_SECONDS, interruption=ctx.world.interruption)
    if done.code == 0:
        return ()
    last = done.stderr.strip().rpartition("\n")[2]
    text = f"loop itself runs from this repository, and at this head it cannot be imported: {last}"
    return (Finding(effect=Effect.ASK_AGAIN, code="loop_does_not_start", text=text),)
