"""`loop config show`: the settings of a run, and where each comes from."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from loop_kit.bus.bus import Bus
from loop_kit.bus.files import read_bytes
from loop_kit.cli.adopters import check_maker
from loop_kit.cli.console import print_
from loop_kit.cli.invocation import Invocation
from loop_kit.cli.main import bus_option
from loop_kit.cli.options import given_settings, settings_options
from loop_kit.cli.places import bus_root
from loop_kit.cli.printing import print_json
from loop_kit.cli.settings import from_environment, read_config, resolve
from loop_kit.model.run_settings import flag_of, run_settings, variable_of
from loop_kit.values import dataclass
from loop_kit.values.reading import write

_BUILT_IN = "built-in"
_LIMIT = 1 << 20
# Of a longer file, which is parsed once per line, no line numbers are shown: that would take too long.
_MOST_LINES = 1000
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL", re.IGNORECASE)
_HIDDEN = "(hidden)"

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One setting with its value, hidden when its name says that it is a secret, and where it comes from."""

    key: Key
    value: Any
    origin: str

    @property
    def name(self) -> str:
        return ".".join(self.key)


@click.group("config", invoke_without_command=True)
@bus_option
@click.pass_context
def command(ctx: click.Context) -> int:
    """Show the settings of a run."""
    return int(ctx.invoke(show_command)) if ctx.invoked_subcommand is None else 0


@command.command("show")
@settings_options
@click.option("--origin", is_flag=True, help="Show where each value comes from.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object with values and origins.")
@bus_option
@click.pass_obj
def show_command(invocation: Invocation, /, origin: bool = False, as_json: bool = False, **flags: Any) -> int:
    """Print every setting that a run with the same flags would have."""
    bus = Bus(bus_root(invocation))
    check_maker(bus)
    path = bus.config_path
    values = list(_values(path, invocation.environment, given_settings(flags)))
    if as_json:
        print_json({value.name: {"value": value.value, "origin": value.origin} for value in values})
        return 0
    lines = [f"{value.name} = {json.dumps(value.value, ensure_ascii=False)}" for value in values]
    width = max(map(len, lines)) if origin else 0
    print_(
        "\n".join(
            f"{line:{width}}  {value.origin}" if origin else line for line, value in zip(lines, values, strict=True)
        )
    )
    return 0


def _values(path: Path, environment: Mapping[str, str], flags: Mapping[str, Any]) -> Iterator[Value]:
    settings = write(resolve(path, environment, flags))
    lines = find_lines(path)
    in_environment = from_environment(environment)
    origins: dict[Key, str] = {
        ("run", each.name): variable_of(each) for each in run_settings() if each.name in in_environment
    }
    origins |= {("run", each.name): flag_of(each) for each in run_settings() if each.name in flags}
    for key, value in _leaves(settings):
        origin = origins.get(key) or _in_file(path, lines, key)
        secret = "env" in key[:-1] and _SECRET.search(key[-1]) is not None
        yield Value(key=key, value=_HIDDEN if secret else value, origin=origin)


def _in_file(path: Path, lines: Mapping[Key, int | None], key: Key) -> str:
    if key not in lines:
        return _BUILT_IN
    line = lines[key]
    return str(path) if line is None else f"{path} line {line}"


def find_lines(path: Path) -> dict[Key, int | None]:
    """Return for every value in a config file the line that sets it, None in a file that is too long.

    TOML parsers keep no line numbers. But a file cut off between two statements is valid, so a value is set by the statement
    after which it first appears.
    """
    document = read_config(path)
    found: dict[Key, int | None] = dict.fromkeys(key for key, _ in _leaves(document))
    text = read_bytes(path, limit=_LIMIT).decode("utf-8-sig") if found else ""
    lines = text.split("\n")
    begins = 1
    for number in range(1, len(lines) + 1) if len(lines) <= _MOST_LINES else ():
        try:
            known = tomllib.loads("\n".join(lines[:number]))
        except ValueError:
            continue
        for key, _ in _leaves(known):
            if key in found:
                found[key] = found[key] or begins
        begins = number + 1
    return found


def _leaves(document: Mapping[str, Any], above: Key = ()) -> Iterator[tuple[Key, Any]]:
    """Yield every value that is not a table, and every empty table."""
    for name, value in document.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, (*above, name))
        else:
            yield (*above, name), value
