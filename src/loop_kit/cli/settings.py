"""Resolve the settings of a run: flags, then `LOOP_*`, then config.toml, then the built-in values."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loop_kit.bus.files import read_bytes
from loop_kit.errors import ConfigError
from loop_kit.model.config import BackendSettings, Settings
from loop_kit.model.names import ROLES
from loop_kit.model.roles import people_after
from loop_kit.model.run_settings import run_settings, variable_of
from loop_kit.values import replace
from loop_kit.values.annotations import DocumentField

_LIMIT = 1 << 20
_TRUE = ("1", "true", "yes", "on")
_FALSE = ("0", "false", "no", "off")


def resolve(config_path: Path, environment: Mapping[str, str], flags: Mapping[str, Any]) -> Settings:
    """Return the settings of a run; raise `ConfigError` naming the source and the field that is wrong."""
    settings = Settings.from_document(read_config(config_path), name=str(config_path))
    settings = settings.having(from_environment(environment), source="the LOOP_* environment")
    settings = settings.having(flags, source="the command line")
    settings.check_roles()
    return replace(
        settings, backends={name: _anchored(entry, config_path.parent) for name, entry in settings.backends.items()}
    )


def find_people(config_path: Path, environment: Mapping[str, str], flags: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the roles that people have: those for which no source names a program. The settings are known to be valid."""
    document = read_config(config_path)
    tables = {role: document.get("roles", {}).get(role) or document.get(role, {}) for role in ROLES}
    named = {f"{role}_backend": table["backend"] for role, table in tables.items() if "backend" in table}
    people: tuple[str, ...] = ROLES
    for source in ({**document.get("run", {}), **named}, from_environment(environment), flags):
        people = people_after(people, source)
    return people


def _anchored(entry: BackendSettings, folder: Path) -> BackendSettings:
    """Make a script's path, relative to the config file, absolute."""
    return replace(entry, script=str(folder / entry.script)) if entry.script else entry


def read_config(path: Path) -> dict[str, Any]:
    """Return the config document, empty when there is no file."""
    try:
        return tomllib.loads(read_bytes(path, limit=_LIMIT).decode("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError) as error:  # not UTF-8, not TOML, or a number of thousands of digits
        raise ConfigError(f"{path}: {error}", hint="correct it; docs/config.md shows every setting") from None


def from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the `[run]` settings that `LOOP_*` variables set; other variables of that form are ignored."""
    return {
        setting.name: _read(setting, environment[variable_of(setting)])
        for setting in run_settings()
        if environment.get(variable_of(setting))
    }


def split_names(text: str) -> list[str]:
    """Return the names of a list as a flag or a variable gives it, with commas between them."""
    return [name.strip() for name in text.split(",")]


def _read(setting: DocumentField, text: str) -> Any:
    kind = type(setting.default)
    if kind is tuple:
        return split_names(text)
    if kind is bool:
        if text.lower() in (*_TRUE, *_FALSE):
            return text.lower() in _TRUE
        raise ConfigError(f"{variable_of(setting)}: {text!r:.80} is neither true nor false", hint="set it to 1 or 0")
    try:
        return kind(text)
    except ValueError:
        raise ConfigError(f"{variable_of(setting)}: {text!r:.80} is not a number", hint="set it to a number") from None
