"""Isolation that fails loudly: no test sees a person's HOME, git configuration, keys or loop settings."""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "CI", "TERM", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT")


@pytest.fixture(scope="session", autouse=True)
def isolation() -> Iterator[Path]:
    """Give the whole test session an empty home and an environment made from nothing."""
    with tempfile.TemporaryDirectory(prefix="loop-tests-") as folder:
        home = Path(folder) / "home"
        for name in ("home/.config", "home/.cache", "home/.local/state", "home/.local/share", "templates"):
            (Path(folder) / name).mkdir(parents=True)
        (Path(folder) / "gitconfig").write_text("", encoding="utf-8")
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        before = dict(os.environ)
        if (
            signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        ):  # started in the background: programs would inherit deafness
            signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.clear()
        os.environ.update(
            kept,
            HOME=str(home),
            XDG_CONFIG_HOME=str(home / ".config"),
            XDG_CACHE_HOME=str(home / ".cache"),
            XDG_STATE_HOME=str(home / ".local/state"),
            XDG_DATA_HOME=str(home / ".local/share"),
            GIT_CONFIG_GLOBAL=str(Path(folder) / "gitconfig"),
            GIT_CONFIG_NOSYSTEM="1",
            GIT_TEMPLATE_DIR=str(Path(folder) / "templates"),
        )
        yield Path(folder)
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(autouse=True)
def _still_isolated(isolation: Path) -> None:
    if not os.environ.get("HOME", "").startswith(str(isolation)):
        pytest.fail("HOME points at a real home: a test must not undo the isolation")
    if not os.environ.get("GIT_CONFIG_GLOBAL", "").startswith(str(isolation)):
        pytest.fail("GIT_CONFIG_GLOBAL points at a real configuration")
