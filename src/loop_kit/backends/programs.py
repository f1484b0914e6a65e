"""Find an agent program: on PATH, then where such programs are usually installed.

Empty and relative parts of PATH are passed over: they would find a program of the repository that is being worked on.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from loop_kit.backends.base import Backend
from loop_kit.errors import BackendError, ConfigError
from loop_kit.model.config import BackendSettings

_IN_HOME = (".local/bin", ".npm-global/bin", ".bun/bin")
_ON_THE_MACHINE = ("/opt/homebrew/bin", "/usr/local/bin")


def locate(name: str, backend: Backend, settings: BackendSettings, *, path: str, home: str) -> str:
    """Return the absolute path of a backend's program, empty when the backend brings its own.

    Raise `BackendError` when it is missing, `ConfigError` when the config names it by a relative path.
    """
    names = backend.programs or settings.argv[:1]
    override = settings.path
    for field, given in (("path", override), ("argv[0]", settings.argv[0] if settings.argv else "")):
        if "/" in given and not given.startswith(("/", "~/")):
            raise ConfigError(
                f"backends.{name}.{field}: '{given}' is a relative path",
                hint="write an absolute path or a name on PATH",
            )
    if not names and not override:
        return ""
    found = find_program(names, path=path, home=home, override=override)
    if found is None:
        raise missing(name, (override,) if override else names)
    return found


def locate_program(environment: Mapping[str, str], name: str, backend: Backend, settings: BackendSettings) -> str:
    """Return the absolute path of a backend's program as the person's environment finds it, "" when it brings its own."""
    return locate(name, backend, settings, path=environment.get("PATH", ""), home=environment.get("HOME", ""))


def find_program(names: Iterable[str], *, path: str, home: str, override: str = "") -> str | None:
    """Return the absolute path of the first program found, or None; `override`, a path or a name, replaces `names`."""
    wanted = (override,) if override else tuple(names)
    for name in wanted:
        if "/" in name:
            program = Path(home, name[2:]) if name.startswith("~/") else Path(name)
            if program.is_absolute() and _runs(program):
                return str(program)
            continue
        for folder in _folders(path, home):
            if _runs(folder / name):
                return str(folder / name)
    return None


def missing(name: str, names: Iterable[str]) -> BackendError:
    """Return the error for a backend whose program was not found."""
    wanted = " or ".join(f"'{program}'" for program in names)
    return BackendError(
        f"the backend '{name}' needs the program {wanted}, which is neither on PATH nor in the usual places",
        hint=f'install it, or say where it is: path = "/…" under [backends.{name}] in .loop/config.toml',
    )


def _folders(path: str, home: str) -> Iterator[Path]:
    yield from (Path(part) for part in path.split(os.pathsep) if part.startswith("/"))
    if home:
        yield from (Path(home, part) for part in _IN_HOME)
        yield from sorted(Path(home, ".nvm/versions/node").glob("*/bin"), key=_version, reverse=True)
    yield from (Path(part) for part in _ON_THE_MACHINE)


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", folder.parent.name)[:3])


def _runs(program: Path) -> bool:
    return program.is_file() and os.access(program, os.X_OK)
