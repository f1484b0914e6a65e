"""An environment made from nothing: no test sees a person's HOME, git configuration, keys or loop settings."""

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "CI", "TERM", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT")


@contextmanager
def isolated() -> Iterator[Path]:
    """Have an empty home and an environment made from nothing while inside; gives the folder that holds them."""
    with tempfile.TemporaryDirectory(prefix="loop-tests-") as folder:
        home = Path(folder) / "home"
        for name in ("home/.config", "home/.cache", "home/.local/state", "home/.local/share", "templates"):
            (Path(folder) / name).mkdir(parents=True)
        (Path(folder) / "gitconfig").write_text("", encoding="utf-8")
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        before = dict(os.environ)
        _hear_ctrl_c()
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


def _hear_ctrl_c() -> None:
    """Be no longer deaf, when this was started in the background: programs would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
