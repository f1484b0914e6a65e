"""`loop completion`: the script that lets a shell complete commands and flags."""

import click
from click.shell_completion import get_completion_class

from loop_kit.cli.console import put
from loop_kit.cli.main import loop

_VARIABLE = "_LOOP_COMPLETE"
_INTO = {
    "bash": 'eval "$(loop completion bash)"        in ~/.bashrc (bash 4.4 or newer)',
    "zsh": 'eval "$(loop completion zsh)"         in ~/.zshrc, after compinit',
    "fish": "loop completion fish | source         in ~/.config/fish/config.fish",
}


@click.command("completion")
@click.argument("shell", required=False, type=click.Choice(tuple(_INTO)))
def command(shell: str | None) -> int:
    """Print the completion script of a shell; without a shell, where it belongs."""
    if shell is None:
        put("\n".join(f"{name:6}{line}" for name, line in _INTO.items()))
        return 0
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"click has no completion for {shell}")
    script = kind(loop, {}, "loop", _VARIABLE)
    # Not script.source(): for bash that would start one to ask for its version.
    put((script.source_template % script.source_vars()).strip("\n"))
    return 0
