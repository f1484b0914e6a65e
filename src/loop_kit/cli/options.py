"""The settings of `[run]` as flags, made from the same fields as the config file and the variables."""

from collections.abc import Callable, Mapping
from typing import Any

import click

from loop_kit.cli.settings import split_names
from loop_kit.model.run_settings import flag_of, run_settings
from loop_kit.values.annotations import DocumentField


def settings_options(command: Any) -> Any:
    """Give a command one flag per setting; a flag that is not given is None."""
    for setting in reversed(run_settings()):
        command = _option(setting)(command)
    return command


def given_settings(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that are given on the command line."""
    names = [setting.name for setting in run_settings()]
    return {name: flags[name] for name in names if flags.get(name) is not None}


def _option(setting: DocumentField) -> Callable[[Any], Any]:
    flag, name, default = flag_of(setting), setting.name, setting.default
    if isinstance(default, bool):
        return click.option(f"{flag}/--no-{flag[2:]}", name, default=None, help=setting.help)
    if isinstance(default, tuple):
        return click.option(flag, name, metavar="NAME,...", callback=_names, help=setting.help)
    shown = default if isinstance(default, str) else f"{default:g}"
    return click.option(flag, name, type=type(default), default=None, help=f"{setting.help} [default: {shown}]")


def _names(_context: click.Context, _option: click.Parameter, text: str | None) -> list[str] | None:
    return None if text is None else split_names(text)
