"""What a run needs of its machine, inspected without network, without calling an agent or reading a key."""

import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from loop_kit.bus import atomic
from loop_kit.bus.files import open_regular
from loop_kit.bus.lock import try_flock
from loop_kit.dispatch.versions import VERSION_SECONDS, ask_version
from loop_kit.errors import BackendError, LoopError, StartError
from loop_kit.values import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Prerequisite:
    """One thing that was inspected; `ok` is None when this run does not depend on it."""

    name: str
    ok: bool | None
    text: str

    def to_document(self) -> dict[str, Any]:
        return asdict(self)


def inspect_host(environment: Mapping[str, str], folder: Path) -> Iterator[Prerequisite]:
    """Yield what every run needs; `folder` is where the bus is or would be."""
    version = platform.python_version()
    yield Prerequisite(name="python", ok=sys.version_info >= (3, 11), text=f"{version}, {sys.executable}")
    yield _inspect_platform()
    yield _inspect_git(environment)
    existing = next(path for path in (folder, *folder.parents) if path.is_dir())
    yield _inspect_files(existing)


def _inspect_platform() -> Prerequisite:
    text = platform.platform(terse=True)
    if sys.platform == "darwin":
        text += ": a program that leaves its process group may outlive its dispatch"
    return Prerequisite(name="platform", ok=sys.platform == "darwin" or sys.platform.startswith("linux"), text=text)


def _inspect_git(environment: Mapping[str, str]) -> Prerequisite:
    try:
        said = ask_version("git", environment, Path("/"))
    except BackendError as error:
        return Prerequisite(name="git", ok=False, text=error.message)
    return Prerequisite(
        name="git", ok=bool(said), text=said or f"git --version printed nothing within {VERSION_SECONDS:g} s"
    )


def _inspect_files(folder: Path) -> Prerequisite:
    """Try on the bus's own file system what the bus relies on: exclusive locks, and atomic replacement of files."""
    try:
        with tempfile.TemporaryDirectory(prefix=".loop-doctor-", dir=folder) as scratch:
            _try_files(Path(scratch))
    except LoopError as error:
        return Prerequisite(name="files", ok=False, text=error.message)
    except OSError as error:
        return Prerequisite(name="files", ok=False, text=f"{folder} cannot be written: {error.strerror}")
    return Prerequisite(name="files", ok=True, text=f"{folder}: files can be locked and replaced atomically")


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
