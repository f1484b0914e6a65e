"""`loop completion`: the script with which a shell completes commands and flags."""

import click
from click.shell_completion import get_completion_class

from loop_kit.cli.console import print_
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
    """Print the completion script of a shell; without a shell, how to install it."""
    if shell is None:
        print_("\n".join(f"{name:6}{line}" for name, line in _INTO.items()))
        return 0
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"click has no completion for {shell}")
    script = kind(loop, {}, "loop", _VARIABLE)
    # Not script.source(): it would start bash to ask for its version.
    print_((script.source_template % script.source_vars()).strip("\n"))
    return 0
