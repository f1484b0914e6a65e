"""Which version of its program a dispatch used: asked once for each file, and again when the file has changed."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from loop_kit.backends.base import Backend
from loop_kit.backends.environment import agent_environment
from loop_kit.errors import BackendError
from loop_kit.model.program import Program
from loop_kit.processes.briefly import run_briefly
from loop_kit.processes.spawn import Command

VERSION_SECONDS = 5.0
_VERSION_CHARACTERS = 80


def known_program(backend: Backend, path: str, known: Program | None, environment: Mapping[str, str]) -> Program | None:
    """Return the program at `path` with its version, `known` while its file has not changed; None when there is none."""
    if not backend.programs or not path:
        return known
    stamp = _stamp(path)
    if known is not None and (known.path, known.stamp) == (path, stamp):
        return known
    return Program(path=path, stamp=stamp, version=version_of(backend, path, environment))


def version_of(backend: Backend, program: str, environment: Mapping[str, str]) -> str:
    """Ask a known program for its version, without its keys; a person's own command is not started: nobody knows what it does."""
    if not backend.programs or not program:
        return ""

    with tempfile.TemporaryDirectory(prefix="loop-version-") as nowhere:
        try:
            return ask_version(program, environment, Path(nowhere))
        except BackendError:  # it cannot be started: whoever starts it in earnest says so
            return ""


def ask_version(program: str, environment: Mapping[str, str], cwd: Path) -> str:
    """Return the first line that `program --version` prints, "" when there is none in time."""
    bare = agent_environment(environment, backend_env=(), env_pass=(), env_set={}, role_env={}, loop={})
    done = run_briefly(Command(argv=(program, "--version"), env=bare, cwd=cwd), timeout=VERSION_SECONDS)
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    return lines[0][:_VERSION_CHARACTERS] if lines and done.code == 0 else ""


def _stamp(path: str) -> str:
    try:
        info = Path(path).stat()
    except OSError:
        return ""
    return f"{info.st_size}-{info.st_mtime_ns}"
