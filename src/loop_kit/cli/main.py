"""All commands of loop, found by name and parsed by click."""

import difflib
import importlib
from collections.abc import Mapping, Sequence
from typing import Any

import click
from click.shell_completion import CompletionItem

from loop_kit import __version__
from loop_kit.cli.invocation import Invocation
from loop_kit.errors import EXIT_CODES, Outcome, UsageError
from loop_kit.values import replace

_MOST_COLUMNS = 100  # longer lines are harder to read

# name -> (module, one line of help). A module is imported when its command is called, so that the help costs nothing.
COMMANDS: Mapping[str, tuple[str, str]] = {
    "init": ("loop_kit.cli.cmd_init", "Make .loop/ with its templates and a commented config.toml."),
    "new": ("loop_kit.cli.cmd_new", "Write a task card, from a few words or from a failing command."),
    "run": ("loop_kit.cli.cmd_run", "Run the review loop until approval or a named limit."),
    "submit": ("loop_kit.cli.cmd_submit", "Hand in your own work as the work of this round."),
    "review": ("loop_kit.cli.cmd_review", "Hand in your own review of this round's change."),
    "heartbeat": ("loop_kit.cli.cmd_heartbeat", "Send heartbeats for a person, so that a run knows they are there."),
    "status": ("loop_kit.cli.cmd_status", "Show where the run stands and what to do next."),
    "health": ("loop_kit.cli.cmd_health", "Check whether the PM and the agents are alive."),
    "log": ("loop_kit.cli.cmd_log", "Print what happened: the event log."),
    "show": ("loop_kit.cli.cmd_show", "Show a run, round by round: asked, done, found, decided."),
    "diff": ("loop_kit.cli.cmd_diff", "Print what a run changed."),
    "list": ("loop_kit.cli.cmd_list", "List every run with its outcome."),
    "archive": ("loop_kit.cli.cmd_archive", "List, show and restore the documents of every round."),
    "accept": ("loop_kit.cli.cmd_accept", "Merge an approved change into a branch."),
    "undo": ("loop_kit.cli.cmd_undo", "Take the branch back to where the last run began."),
    "check": ("loop_kit.cli.cmd_check", "Run the checks at a commit, without a loop."),
    "fsck": ("loop_kit.cli.cmd_fsck", "Compare bus, archive and refs; clean up after dead runs."),
    "validate": ("loop_kit.cli.cmd_validate", "Check documents of the bus against their schemas."),
    "extract-diff": ("loop_kit.cli.cmd_extract_diff", "Print the diff of two commits; no setting of git changes it."),
    "config": ("loop_kit.cli.cmd_config", "Show every setting and where it comes from."),
    "doctor": ("loop_kit.cli.cmd_doctor", "Check whether a run would find what it needs here."),
    "completion": ("loop_kit.cli.cmd_completion", "Print a shell's completion script."),
    "demo": ("loop_kit.cli.cmd_demo", "Run a whole loop in a throwaway repository, without agents or keys."),
}


class LazyGroup(click.Group):
    """A group that lists its commands and their help without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            if ctx.resilient_parsing:  # for the shell's completion
                return None
            close = difflib.get_close_matches(cmd_name, COMMANDS, n=1)
            ctx.fail(f"there is no command {cmd_name!r}" + (f"; did you mean {close[0]!r}?" if close else ""))
        command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  (same)
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_module, text) in COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        named = [(name, text) for name, (_module, text) in COMMANDS.items() if name.startswith(incomplete)]
        flags = click.Command.shell_complete(self, ctx, incomplete)
        return [*(CompletionItem(name, help=text) for name, text in named), *flags]


def _name_bus(ctx: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    invocation: Invocation = ctx.obj
    ctx.obj = replace(invocation, loop_dir=value or invocation.loop_dir)


# Allowed before the command and after it.
bus_option = click.option(
    "--loop-dir",
    metavar="PATH",
    expose_value=False,
    callback=_name_bus,
    help="The bus; else the nearest .loop above this folder.",
)


@click.group(
    cls=LazyGroup,
    help="Run a review loop for coding agents: one works, one reviews, git is the witness.",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": _MOST_COLUMNS},
)
@click.version_option(__version__, prog_name="loop")
@bus_option
@click.pass_context
def loop(ctx: click.Context) -> int:
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
    return EXIT_CODES[Outcome.USAGE]


def run_command(argv: Sequence[str], invocation: Invocation) -> Any:
    """Parse a command line and run its command; raise `UsageError` for a wrong one."""
    try:
        return loop.main(list(argv), prog_name="loop", obj=invocation, standalone_mode=False)
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        where = context.command_path if context is not None else "loop"
        raise UsageError(error.format_message(), hint=f"{where} --help shows how it is used") from None
