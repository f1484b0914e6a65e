"""From a command line to an exit code: one error boundary for every command."""

import difflib
import errno
import importlib
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from loop_kit import __version__
from loop_kit.cli.streams import prepare
from loop_kit.errors import EXIT_CODES, LoopError, Outcome, StartError
from loop_kit.values import dataclass, replace

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# name -> (module, one line of help). A command's module is imported when it is called: looking costs nothing.
COMMANDS: Mapping[str, tuple[str, str]] = {
    "init": ("loop_kit.cli.init", "Make .loop/ with its templates and a commented config.toml."),
    "new": ("loop_kit.cli.new", "Write a task card, from a few words or from a failing command."),
    "run": ("loop_kit.cli.run", "Run the review loop until approval or a named limit."),
    "submit": ("loop_kit.cli.submit", "Hand in your own work as the work of this round."),
    "review": ("loop_kit.cli.review", "Hand in your own judgement of this round's change."),
    "heartbeat": ("loop_kit.cli.heartbeat", "Beat for a person, so that a run knows they are there."),
    "status": ("loop_kit.cli.status", "Say where the run stands and what to do next."),
    "health": ("loop_kit.cli.health", "Tell whether the PM and the agents live."),
    "log": ("loop_kit.cli.log", "Print what happened: the events of the feed."),
    "show": ("loop_kit.cli.show", "Tell a run round by round: asked, done, found, decided."),
    "diff": ("loop_kit.cli.diff", "Print what a run changed."),
    "list": ("loop_kit.cli.list_", "List every run with its outcome."),
    "archive": ("loop_kit.cli.archive", "List, show and restore the documents of every round."),
    "accept": ("loop_kit.cli.accept", "Take an approved change over onto a branch."),
    "undo": ("loop_kit.cli.undo", "Take the branch back to where the last run began."),
    "check": ("loop_kit.cli.check", "Run the checks at a commit, without a loop."),
    "fsck": ("loop_kit.cli.fsck", "Compare bus, archive and refs; clear away what dead runs left."),
    "validate": ("loop_kit.cli.validate", "Judge documents of the bus by their schemas."),
    "extract-diff": ("loop_kit.cli.extract_diff", "Print the diff of two commits, whatever git is set to."),
    "config": ("loop_kit.cli.config", "Show every setting and where it came from."),
    "doctor": ("loop_kit.cli.doctor", "Look whether a run would find what it needs here."),
    "completion": ("loop_kit.cli.completion", "Print a shell's completion script."),
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

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            if ctx.resilient_parsing:  # a shell completes a line that is still being typed
                return None
            close = difflib.get_close_matches(cmd_name, COMMANDS, n=1)
            ctx.fail(f"there is no command {cmd_name!r}" + (f"; did you mean {close[0]!r}?" if close else ""))
        command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  (same)
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_module, text) in COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list["CompletionItem"]:
        from click.shell_completion import CompletionItem  # noqa: PLC0415  (only a shell asks)

        named = [(name, text) for name, (_module, text) in COMMANDS.items() if name.startswith(incomplete)]
        flags = click.Command.shell_complete(self, ctx, incomplete)
        return [*(CompletionItem(name, help=text) for name, text in named), *flags]


def _name_bus(ctx: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    edge: Edge = ctx.obj
    ctx.obj = replace(edge, loop_dir=value or edge.loop_dir)


# It may stand before the command and after it.
bus_option = click.option(
    "--loop-dir",
    metavar="PATH",
    expose_value=False,
    callback=_name_bus,
    help="The bus; else the nearest .loop above this folder.",
)


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="loop")
@bus_option
@click.pass_context
def loop(ctx: click.Context) -> int:
    """Run a review loop for coding agents: one works, one reviews, git is the witness."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
    return EXIT_CODES[Outcome.USAGE]


def main(argv: Sequence[str]) -> int:
    """Run one command and return its exit code; everything a person can cause is one sentence on stderr."""
    if sys.platform == "win32":
        return _say("loop needs process groups and flock, which Windows does not have", "use WSL", Outcome.INVALID)
    environment = dict(os.environ)
    _disarm_git()
    prepare()

    def call() -> Any:
        edge = Edge(environment=environment, cwd=_current_folder(), loop_dir=environment.get("LOOP_DIR"))
        return loop.main(list(argv), prog_name="loop", obj=edge, standalone_mode=False)

    return _within_boundary(environment, call)


def _current_folder() -> Path:
    try:
        return Path.cwd()
    except OSError as error:
        raise StartError(f"the current folder cannot be told: {error.strerror}", hint="cd to one that exists") from None


def _within_boundary(environment: Mapping[str, str], call: Callable[[], Any]) -> int:
    try:
        result = call()
    except (click.Abort, KeyboardInterrupt):
        return _say("interrupted", "", Outcome.INTERRUPTED)
    except SystemExit as left:  # how click ends when it has completed a line, or when nobody reads its output any more
        return 0 if left.code == 0 else EXIT_CODES[Outcome.TERMINATED]
    except Exception as error:  # noqa: BLE001  (the one boundary: what `expected` does not know is a bug in loop, kept for a report)
        known = expected(error)
        return _report_bug(environment) if known is None else _say(*known)
    return result if isinstance(result, int) else 0


def expected(error: Exception) -> tuple[str, str, Outcome] | None:
    """Return sentence, hint and outcome of what a person can cause, None for a bug."""
    match error:
        case LoopError():
            return error.message, error.hint, error.outcome
        case click.ClickException():
            context = getattr(error, "ctx", None)
            where = context.command_path if context is not None else "loop"
            return error.format_message(), f"{where} --help shows how it is used", Outcome.USAGE
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return f"{error.filename or 'what the output goes to'} is full", "make room there", Outcome.INVALID
        case _:
            return None


def _disarm_git() -> None:
    """Forget the `GIT_*` of whoever started loop: inside a git hook they point every later git call at the wrong place."""
    for name in [name for name in os.environ if name.startswith("GIT_") and not name.startswith("GIT_CONFIG_")]:
        del os.environ[name]


def _say(message: str, hint: str, outcome: Outcome) -> int:
    from loop_kit.cli.console import printable  # noqa: PLC0415  (only a command that fails needs it)

    with suppress(OSError):  # nobody reads it: the exit code still says what it says
        sys.stderr.write(f"loop: {printable(message)}\n")
        if hint:
            sys.stderr.write(f"  {printable(hint)}\n")
    return EXIT_CODES[outcome]


def _report_bug(environment: Mapping[str, str]) -> int:
    """Write the traceback where it can be found again and say where."""
    import tempfile  # noqa: PLC0415  (only for the rarest of ends)

    text = f"loop {__version__}, Python {sys.version}\n{sys.argv}\n\n{traceback.format_exc()}"
    if "LOOP_RUN_ID" in environment:
        sys.stderr.write(text)  # a round process: the PM keeps its stderr in the run's logs
        return EXIT_CODES[Outcome.BUG]
    last = traceback.format_exc().strip().rpartition("\n")[2]
    try:
        with tempfile.NamedTemporaryFile("w", prefix="loop-bug-", suffix=".log", delete=False, encoding="utf-8") as log:
            log.write(text)
    except OSError:  # no room to keep it: then it is shown
        return _say(f"a bug in loop: {last}", f"please report this:\n{text}", Outcome.BUG)
    return _say(f"a bug in loop: {last}", f"{log.name} has the traceback; please report it", Outcome.BUG)
