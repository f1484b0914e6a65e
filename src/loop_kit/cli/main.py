"""From a command line to an exit code: one error boundary for every command."""

import importlib
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from loop_kit import __version__
from loop_kit.errors import EXIT_CODES, LoopError, Outcome

# name -> (module, one line of help). A command's module is imported when it is called: looking costs nothing.
COMMANDS: Mapping[str, tuple[str, str]] = {
    "init": ("loop_kit.cli.init", "Make .loop/ with its templates and a commented config.toml."),
    "run": ("loop_kit.cli.run", "Run the review loop until approval or a named limit."),
    "status": ("loop_kit.cli.status", "Say where the run stands and what to do next."),
    "validate": ("loop_kit.cli.validate", "Judge documents of the bus by their schemas."),
    "demo": ("loop_kit.cli.demo", "Play a whole loop in a throwaway repository, without agents or keys."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """What every command is handed: the environment as it was, the folder it was called in, and the bus that was named."""

    environment: Mapping[str, str]
    cwd: Path
    loop_dir: str | None


class LazyGroup(click.Group):
    """A group that knows its commands' names and help without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  (click's signature)
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  (same)
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_module, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="loop")
@click.option("--loop-dir", metavar="PATH", help="The bus; else the nearest .loop above this folder.")
@click.pass_context
def loop(ctx: click.Context, loop_dir: str | None) -> None:
    """Run a review loop for coding agents: one works, one reviews, git and loop's own checks decide."""
    given: Edge = ctx.obj
    ctx.obj = Edge(environment=given.environment, cwd=given.cwd, loop_dir=loop_dir or given.loop_dir)


def main(argv: Sequence[str]) -> int:
    """Run one command and return its exit code; everything a person can cause is one sentence on stderr."""
    if sys.platform == "win32":
        return _say("loop needs process groups and flock, which Windows does not have", "use WSL", Outcome.INVALID)
    environment = dict(os.environ)
    _disarm_git()
    _accept_any_text()
    edge = Edge(environment=environment, cwd=Path.cwd(), loop_dir=environment.get("LOOP_DIR"))
    return _within_boundary(
        environment, lambda: loop.main(list(argv), prog_name="loop", obj=edge, standalone_mode=False)
    )


def _within_boundary(environment: Mapping[str, str], call: Callable[[], Any]) -> int:
    try:
        result = call()
    except LoopError as error:
        return _say(error.message, error.hint, error.outcome)
    except click.ClickException as error:
        error.show(sys.stderr)
        return EXIT_CODES[Outcome.USAGE]
    except (click.Abort, KeyboardInterrupt):
        return _say("interrupted", "", Outcome.INTERRUPTED)
    except BrokenPipeError:
        return EXIT_CODES[Outcome.TERMINATED]
    except Exception:  # noqa: BLE001  (the one boundary: anything else is a bug in loop, kept for a report and not shown raw)
        return _report_bug(environment)
    return result if isinstance(result, int) else 0


def _disarm_git() -> None:
    """Forget the `GIT_*` of whoever started loop: inside a git hook they point every later git call at the wrong place."""
    for name in [name for name in os.environ if name.startswith("GIT_") and not name.startswith("GIT_CONFIG_")]:
        del os.environ[name]


def _accept_any_text() -> None:
    """Let any text be printed in any locale: what a terminal cannot show is escaped, never a crash."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _say(message: str, hint: str, outcome: Outcome) -> int:
    from loop_kit.cli.console import printable  # noqa: PLC0415  (only a command that fails needs it)

    try:
        sys.stderr.write(f"loop: {printable(message)}\n")
        if hint:
            sys.stderr.write(f"  {printable(hint)}\n")
    except BrokenPipeError:
        pass
    return EXIT_CODES[outcome]


def _report_bug(environment: Mapping[str, str]) -> int:
    """Write the traceback where it can be found again and say where."""
    import tempfile  # noqa: PLC0415  (only for the rarest of ends)

    text = f"loop {__version__}, Python {sys.version}\n{sys.argv}\n\n{traceback.format_exc()}"
    if "LOOP_RUN_ID" in environment:
        sys.stderr.write(text)  # a round process: the PM keeps its stderr in the run's logs
        return EXIT_CODES[Outcome.BUG]
    with tempfile.NamedTemporaryFile("w", prefix="loop-bug-", suffix=".log", delete=False, encoding="utf-8") as log:
        log.write(text)
    last = traceback.format_exc().strip().rpartition("\n")[2]
    return _say(f"a bug in loop: {last}", f"{log.name} has the traceback; please report it", Outcome.BUG)
