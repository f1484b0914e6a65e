"""Whether a key or a login seems to be there: by the names of variables and files alone. Nothing is opened, no value is read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

from loop_kit.backends.base import Backend


@runtime_checkable
class Credentialed(Protocol):
    """A backend that can say where its program looks for credentials."""

    @property
    def credentials(self) -> tuple[str, ...]:
        """Variables by name; files as `~/PATH` for the person's home or `$NAME/PATH` for a folder that a variable names."""


def find_credentials(backend: Backend, environment: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return which of a backend's credentials are there, as the backend calls them; None when it does not say where to look."""
    if not isinstance(backend, Credentialed):
        return None
    return tuple(name for name in backend.credentials if _is_there(name, environment))


def _is_there(name: str, environment: Mapping[str, str]) -> bool:
    folder, slash, rest = name.partition("/")
    if not slash:
        return bool(environment.get(name))
    known = environment.get("HOME" if folder == "~" else folder.removeprefix("$"), "")
    return Path(known).is_absolute() and Path(known, rest).is_file()
