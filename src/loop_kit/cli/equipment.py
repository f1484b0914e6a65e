"""What a run needs of the machine it is on: looked at without a network, without asking an agent or reading a key."""

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
class Item:
    """One thing that was looked at; `ok` is None when this run does not depend on it."""

    name: str
    ok: bool | None
    text: str

    def to_document(self) -> dict[str, Any]:
        return asdict(self)


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
        said = ask_version("git", environment, Path("/"))
    except BackendError as error:
        return Item(name="git", ok=False, text=error.message)
    return Item(name="git", ok=bool(said), text=said or f"git --version says nothing within {VERSION_SECONDS:g} s")


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
