"""Where a name becomes a backend: built-in, registered by a plugin, or offered by an installed package.

A backend is imported when its name is first asked for. `_registered` is the one piece of module state in loop: a plugin
module can only announce itself by a side effect of being imported.
"""

import importlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from loop_kit.backends.base import Backend, Configurable
from loop_kit.errors import ConfigError
from loop_kit.model.config import BackendSettings
from loop_kit.model.names import did_you_mean

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint, EntryPoints

ENTRY_POINTS = "loop_kit.backends"
_BUILT_IN = {
    "acp": "loop_kit.backends.acp:ACP",
    "claude": "loop_kit.backends.claude:CLAUDE",
    "codex": "loop_kit.backends.codex:CODEX",
    "command": "loop_kit.backends.command:COMMAND",
    "gemini": "loop_kit.backends.gemini:GEMINI",
    "opencode": "loop_kit.backends.opencode:OPENCODE",
    "script": "loop_kit.backends.script:SCRIPT",
}
_registered: dict[str, Backend] = {}
# What importing somebody else's module may raise when the module, and not loop, is at fault.
_IMPORT_FAILURES = (
    *(ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, NameError),
    *(OSError, RuntimeError, SyntaxError, TypeError, ValueError),
)


def find_backend(name: str, settings: BackendSettings) -> Backend:
    """Return the backend that `[backends.NAME]` describes; raise `ConfigError` if it or its settings are wrong."""
    backend = _find(settings.type)
    if backend is None:
        where = f"backends.{name}.type: " if settings.type != name else ""
        meant = did_you_mean(settings.type, known())
        raise ConfigError(
            f"{where}there is no backend '{settings.type}'{meant}", hint=f"known backends: {', '.join(known())}"
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
        except _IMPORT_FAILURES as error:
            raise ConfigError(
                f"plugins: the module '{module}' cannot be imported: {error}",
                hint="install it into the environment that runs loop, or take it out of the config",
            ) from error


def known() -> tuple[str, ...]:
    """Return the names of all backends, built-in or not."""
    return tuple(sorted({*_BUILT_IN, *_registered, *_offered().names}))


def _find(kind: str) -> Backend | None:
    if kind in _BUILT_IN:  # first: installing a package must not change what a known name means
        module, _, attribute = _BUILT_IN[kind].partition(":")
        return _checked(getattr(importlib.import_module(module), attribute), kind)
    if kind in _registered:
        return _registered[kind]
    offered = next(iter(_offered().select(name=kind)), None)
    return _load(offered) if offered is not None else None


def _offered() -> "EntryPoints":
    """Return what installed packages offer; looking for that takes longer than all else that a start does here."""
    from importlib.metadata import entry_points  # noqa: PLC0415  (23 ms, and most runs name built-in backends only)

    return entry_points(group=ENTRY_POINTS)


def _load(entry: "EntryPoint") -> Backend:
    try:
        loaded = entry.load()
        backend = loaded() if isinstance(loaded, type) else loaded
    except _IMPORT_FAILURES as error:
        raise ConfigError(
            f"the backend '{entry.name}' of {entry.value} cannot be loaded: {error}",
            hint="install a working version of its package",
        ) from error
    return _checked(backend, f"the backend '{entry.name}' of {entry.value}")


def _checked(candidate: Any, what: str) -> Backend:
    if isinstance(candidate, type) or not isinstance(candidate, Backend):
        raise ConfigError(f"{what} is no backend", hint="docs/backends.md says what a backend has to offer")
    return candidate
