"""The settings of `[run]` as flags: made from the one table that the config file and the environment are read by too."""

from collections.abc import Callable, Mapping
from typing import Any

import click

from loop_kit.model.config import RUN_OPTIONS, Option


def settings_options(command: Any) -> Any:
    """Give a command one flag for each setting; a flag that is not given is None."""
    for option in reversed(RUN_OPTIONS):
        command = _option(option)(command)
    return command


def given_settings(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that stand on the command line."""
    return {option.key: flags[option.key] for option in RUN_OPTIONS if flags[option.key] is not None}


def _option(option: Option) -> Callable[[Any], Any]:
    if isinstance(option.default, bool):
        return click.option(f"{option.flag}/--no-{option.flag[2:]}", option.key, default=None, help=option.help)
    default = option.default if isinstance(option.default, str) else f"{option.default:g}"
    shown = f"{option.help} [default: {default}]"
    return click.option(option.flag, option.key, type=type(option.default), default=None, help=shown)
