"""What a run needs of the machine it is on: looked at without a network, without asking an agent or reading a key."""

import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from loop_kit.backends.base import Backend
from loop_kit.backends.credentials import find_credentials
from loop_kit.backends.environment import Passage, agent_environment, explain_environment
from loop_kit.backends.programs import locate
from loop_kit.backends.registry import find_backend, known
from loop_kit.bus import atomic
from loop_kit.bus.files import open_regular
from loop_kit.bus.lock import try_flock
from loop_kit.errors import BackendError, LoopError, StartError
from loop_kit.model.config import Settings
from loop_kit.model.names import ROLES
from loop_kit.processes.briefly import run_briefly
from loop_kit.processes.spawn import Command

_VERSION_SECONDS = 5.0
_VERSION_CHARACTERS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that was looked at; `ok` is None when this run does not depend on it."""

    name: str
    ok: bool | None
    text: str

    def to_document(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A backend. `roles` are those it is configured for; `credentials` names what was seen, None when it is not known."""

    name: str
    roles: tuple[str, ...]
    ok: bool
    program: str
    version: str
    credentials: tuple[str, ...] | None
    problem: str

    def to_document(self) -> dict[str, Any]:
        return {**asdict(self), "roles": list(self.roles), "credentials": self.credentials and list(self.credentials)}


def look_at_ground(environment: Mapping[str, str], folder: Path) -> Iterator[Item]:
    """Yield what every run stands on; `folder` is where the bus is or would be."""
    version = platform.python_version()
    yield Item(name="python", ok=sys.version_info >= (3, 11), text=f"{version}, {sys.executable}")
    yield _look_at_platform()
    yield _look_at_git(environment)
    existing = next(path for path in (folder, *folder.parents) if path.is_dir())
    yield _look_at_files(existing)


def _look_at_platform() -> Item:
    text = platform.platform(terse=True)
    if sys.platform == "darwin":
        text += ": a program that leaves its process group may outlive its dispatch"
    return Item(name="platform", ok=sys.platform == "darwin" or sys.platform.startswith("linux"), text=text)


def _look_at_git(environment: Mapping[str, str]) -> Item:
    try:
        said = _version("git", environment, Path("/"))
    except BackendError as error:
        return Item(name="git", ok=False, text=error.message)
    return Item(name="git", ok=bool(said), text=said or f"git --version says nothing within {_VERSION_SECONDS:g} s")


def _look_at_files(folder: Path) -> Item:
    """Try on the bus's own file system what the bus relies on: a lock that excludes, and replacing a file whole."""
    try:
        with tempfile.TemporaryDirectory(prefix=".loop-doctor-", dir=folder) as place:
            _try_files(Path(place))
    except LoopError as error:
        return Item(name="files", ok=False, text=error.message)
    except OSError as error:
        return Item(name="files", ok=False, text=f"{folder} cannot be written: {error.strerror}")
    return Item(name="files", ok=True, text=f"{folder}: files can be locked, and replaced whole")


def _try_files(folder: Path) -> None:
    path = folder / "file"
    for content in (b"old", b"new"):
        atomic.write_bytes(path, content)
    first, second = open_regular(path), open_regular(path)
    try:
        locked, refused = try_flock(first, path), not try_flock(second, path)
    finally:
        os.close(first)
        os.close(second)
    if path.read_bytes() != b"new" or not (locked and refused):
        raise StartError(f"the file system of {folder.parent} does not keep a lock", hint="use a local file system")


def look_at_agents(environment: Mapping[str, str], settings: Settings) -> list[Agent]:
    """Return the backends that are known or configured, those of the configured pair first."""
    roles: dict[str, tuple[str, ...]] = {}
    for role in ROLES:
        for name in settings.backend_names(role):
            roles[name] = (*roles.get(name, ()), role)
    names = dict.fromkeys((*roles, *settings.backends, *known()))
    return [_look_at(name, roles.get(name, ()), environment, settings) for name in names]


def _look_at(name: str, roles: tuple[str, ...], environment: Mapping[str, str], settings: Settings) -> Agent:
    own = settings.backend(name)
    program, version, credentials, problem = "", "", None, ""
    try:
        backend = find_backend(name, own)
        credentials = find_credentials(backend, environment)
        home, path = environment.get("HOME", ""), environment.get("PATH", "")
        program = locate(name, backend, own, path=path, home=home)
        version = _agent_version(backend, program, environment)
    except LoopError as error:
        problem = error.message
    return Agent(
        name=name,
        roles=roles,
        ok=not problem,
        program=program,
        version=version,
        credentials=credentials,
        problem=problem,
    )


def _agent_version(backend: Backend, program: str, environment: Mapping[str, str]) -> str:
    """Ask a known program for its version, without its keys; a person's own command is not started: who knows what it does."""
    if not backend.programs or not program:
        return ""
    with tempfile.TemporaryDirectory(prefix="loop-doctor-") as nowhere:
        return _version(program, environment, Path(nowhere))


def _version(program: str, environment: Mapping[str, str], cwd: Path) -> str:
    """Return the first line that `program --version` prints, "" when there is none in time."""
    bare = agent_environment(environment, backend_env=(), env_pass=(), env_set={}, role_env={}, loop={})
    done = run_briefly(Command(argv=(program, "--version"), env=bare, cwd=cwd), timeout=_VERSION_SECONDS)
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    return lines[0][:_VERSION_CHARACTERS] if lines and done.code == 0 else ""


def look_at_environment(environment: Mapping[str, str], settings: Settings, role: str) -> tuple[Passage, ...]:
    """Return which variables would reach a role's preferred program, and why; none when there is no such backend."""
    name = settings.backend_names(role)[0]
    own = settings.backend(name)
    try:
        backend = find_backend(name, own)
    except LoopError:
        return ()
    return explain_environment(environment, backend_env=(*backend.env, *own.env), env_pass=settings.env_pass)
