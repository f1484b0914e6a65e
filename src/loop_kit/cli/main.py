"""Every command of loop, found by its name and read by click."""

import difflib
import importlib
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from loop_kit import __version__
from loop_kit.cli.edge import Edge
from loop_kit.cli.front import ABOUT, BUS_OPTION, COMMANDS, MOST_COLUMNS, columns, help_text
from loop_kit.errors import EXIT_CODES, Outcome, UsageError
from loop_kit.values import replace

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


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

    def get_help(self, ctx: click.Context) -> str:  # noqa: ARG002  (click's signature)
        return help_text(columns(os.environ))

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
    BUS_OPTION[0].partition(" ")[0],
    metavar=BUS_OPTION[0].partition(" ")[2],
    expose_value=False,
    callback=_name_bus,
    help=BUS_OPTION[1],
)


@click.group(
    cls=LazyGroup,
    help=ABOUT,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": MOST_COLUMNS},
)
@click.version_option(__version__, prog_name="loop")
@bus_option
@click.pass_context
def loop(ctx: click.Context) -> int:
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
    return EXIT_CODES[Outcome.USAGE]


def run_command(argv: Sequence[str], edge: Edge) -> Any:
    """Run the command that the parser finds in a command line; raise `UsageError` for what it cannot read."""
    try:
        return loop.main(list(argv), prog_name="loop", obj=edge, standalone_mode=False)
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        where = context.command_path if context is not None else "loop"
        raise UsageError(error.format_message(), hint=f"{where} --help shows how it is used") from None
