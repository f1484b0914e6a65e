"""Where the pinned programs lie, and how they come there: once for a machine, whoever asks first."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.agents.pins import LOCK, key, locked, manifest, npm
from tests.support.fetching import made_once

# Each command, and where its package keeps what is really run. The launchers of two of them want an install script,
# and none is run here: the binary for this machine is taken instead.
_COMMANDS = {
    "claude": ("@anthropic-ai/claude-code-*/claude",),
    "claude-agent-acp": (".bin/claude-agent-acp",),
    "codex": (".bin/codex",),
    "codex-acp": (".bin/codex-acp",),
    "gemini": (".bin/gemini",),
    "node": ("node-linux-*/bin/node",),
    "opencode": ("opencode-linux-*/bin/opencode", "opencode-darwin-*/bin/opencode"),
}


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Return the folder of what is pinned now, whether or not it is there."""
    cache = environment.get("XDG_CACHE_HOME") or f"{environment.get('HOME', '/tmp')}/.cache"
    return Path(cache) / "loop-kit-agents" / key(environment)


def bin_folder(environment: Mapping[str, str]) -> Path | None:
    """Return the folder with the programs, None when they have not been installed whole."""
    folder = cache_folder(environment)
    return folder / "bin" if (folder / ".whole").exists() else None


def install(environment: Mapping[str, str]) -> Path:
    """Install what is pinned unless it is there, and return the folder with the programs; `OSError` says why it failed."""
    made = made_once(cache_folder(environment), lambda folder: _fetch(folder, environment))
    return made / "bin"


def _fetch(folder: Path, environment: Mapping[str, str]) -> None:
    """Fetch beside and rename: an npm that outlived the run that started it writes to a place that nobody reads."""
    if shutil.which("npm") is None:
        raise OSError("npm is not installed")
    part = folder / f"part-{os.getpid()}"
    part.mkdir()
    (part / "package.json").write_text(manifest(environment), encoding="utf-8")
    if locked(environment):
        shutil.copy(LOCK, part)
    npm(part, environment)
    part.rename(folder / "programs")
    (folder / "bin").mkdir()
    for name, places in _COMMANDS.items():
        (folder / "bin" / name).symlink_to(_program(folder / "programs" / "node_modules", places))


def _program(modules: Path, places: tuple[str, ...]) -> Path:
    """Return the program for this machine; of builds for old and for newer processors the one that it can run."""
    found = sorted(path for place in places for path in modules.glob(place))
    if not found:
        raise OSError(f"npm installed nothing like {places[0]}: is there a build for this machine?")
    plain = [path for path in found if "baseline" not in str(path)]
    newer = not Path("/proc/cpuinfo").exists() or "avx2" in Path("/proc/cpuinfo").read_text(encoding="utf-8")
    return plain[0] if plain and newer else found[-1]
