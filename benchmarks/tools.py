"""The two tools, each installed as a wheel into a virtual environment of its own: they share a command and a package name."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "build/bench"  # git does not see it
PEER = "agent-task-runner==0.3.1"
OURS, THEIRS = "loop-kit", PEER.replace("==", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool and the environment it is installed in."""

    name: str
    venv: Path

    @property
    def program(self) -> Path:
        return self.venv / "bin/loop"

    @property
    def python(self) -> Path:
        return self.venv / "bin/python"

    @property
    def is_ours(self) -> bool:
        return self.name == OURS


def install() -> tuple[Tool, Tool]:
    """Return this tree's loop, installed anew, and the other tool, installed once."""
    ours, theirs = Tool(name=OURS, venv=FOLDER / "ours"), Tool(name=THEIRS, venv=FOLDER / "theirs")
    wheel = _wheel()
    if not ours.program.exists():
        _make(ours, str(wheel))
    _pip(ours, "install", "--no-deps", "--force-reinstall", str(wheel))
    if not theirs.program.exists():
        _make(theirs, PEER)
    return ours, theirs


def _wheel() -> Path:
    """Build the wheel of this tree with what the development environment brings, so that no network is needed."""
    place = FOLDER / "wheel"
    for old in place.glob("*.whl"):
        old.unlink()
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*build, "--no-build-isolation", "--wheel-dir", str(place), str(ROOT)], check=True)
    return next(place.glob("*.whl"))


def _make(tool: Tool, package: str) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(tool.venv)], check=True)
    _pip(tool, "install", package)


def _pip(tool: Tool, *args: str) -> None:
    subprocess.run([str(tool.python), "-m", "pip", "--quiet", "--disable-pip-version-check", *args], check=True)
