"""Where a name becomes a backend: built-in, registered by a plugin, or offered by an installed package.

A backend is imported when its name is first asked for. `_registered` is the one piece of module state in loop: a plugin
module can only announce itself by a side effect of being imported.
"""

import importlib
from collections.abc import Iterable
from typing import Any

from loop_kit.backends.base import Backend, Configurable
from loop_kit.entry_points import IMPORT_FAILURES, load, offered
from loop_kit.errors import ConfigError
from loop_kit.model.config import BackendSettings
from loop_kit.values.wording import did_you_mean

ENTRY_POINTS = "loop_kit.backends"
_BUILT_IN = {
    "claude": "loop_kit.backends.claude:CLAUDE",
    "codex": "loop_kit.backends.codex:CODEX",
    "command": "loop_kit.backends.command:COMMAND",
    "gemini": "loop_kit.backends.gemini:GEMINI",
    "opencode": "loop_kit.backends.opencode:OPENCODE",
    "script": "loop_kit.backends.script:SCRIPT",
}
_registered: dict[str, Backend] = {}


def find_backend(name: str, settings: BackendSettings) -> Backend:
    """Return the backend that `[backends.NAME]` describes; raise `ConfigError` if it or its settings are wrong."""
    backend = _find(settings.type)
    if backend is None:
        where = f"backends.{name}.type: " if settings.type != name else ""
        meant = did_you_mean(settings.type, known())
        raise ConfigError(
            f"{where}there is no backend '{settings.type}'{meant}",
            hint=f"known backends: {', '.join(known())}; others come with packages in the environment that runs loop",
        )
    return backend.configured(name, settings) if isinstance(backend, Configurable) else backend


def register_backend(name: str, backend: Backend) -> None:
    """Make a backend known under a name; raise `ConfigError` when the name is taken by another one."""
    taken = name in _BUILT_IN or _registered.get(name, backend) is not backend
    if taken:
        raise ConfigError(f"the backend name '{name}' is taken", hint="register it under another name")
    _registered[name] = _checked(backend, f"the backend registered as '{name}'")


def load_plugins(modules: Iterable[str]) -> None:
    """Import the modules named in `plugins`; raise `ConfigError` naming one that cannot be imported."""
    for module in modules:
        try:
            importlib.import_module(module)
        except IMPORT_FAILURES as error:
            raise ConfigError(
                f"plugins: the module '{module}' cannot be imported: {error}",
                hint="install it into the environment that runs loop, or take it out of the config",
            ) from error


def known() -> tuple[str, ...]:
    """Return the names of all backends, built-in or not."""
    return tuple(sorted({*_BUILT_IN, *_registered, *offered(ENTRY_POINTS).names}))


def _find(kind: str) -> Backend | None:
    if kind in _BUILT_IN:  # first: installing a package must not change what a known name means
        module, _, attribute = _BUILT_IN[kind].partition(":")
        return _checked(getattr(importlib.import_module(module), attribute), kind)
    if kind in _registered:
        return _registered[kind]
    entries = {entry.value: entry for entry in offered(ENTRY_POINTS).select(name=kind)}
    if not entries:
        return None
    if len(entries) > 1:
        raise ConfigError(
            f"more than one package offers a backend '{kind}': {', '.join(sorted(entries))}",
            hint="uninstall all but one",
        )
    ((value, entry),) = entries.items()
    return _checked(load(entry, "backend"), f"the backend '{kind}' of {value}")


def _checked(candidate: Any, what: str) -> Backend:
    if isinstance(candidate, type) or not isinstance(candidate, Backend):
        raise ConfigError(f"{what} is no backend", hint="docs/backends.md says what a backend has to offer")
    return candidate
