"""What a set-up step fetches from the package index, with the settings of the person's own pip.

Without a network such a test is skipped, and says so; where CI is set it fails, and so it does wherever what comes is
not what was pinned.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

# Imported while tests are collected, before the isolation of tests/conftest.py: pip may need its settings and its cache.
_PERSON = {name: value for name, value in os.environ.items() if not name.startswith(("LOOP_", "GIT_", "PYTHON"))}
_OTHER_CONTENT = "DO NOT MATCH THE HASHES"  # a network there was


def pip(*args: str | Path) -> None:
    """Run pip; end the test when it fails."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pip", "--quiet", "--disable-pip-version-check", *args],
        env=_PERSON,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode == 0:
        return
    reason = f"pip {args[0]} failed, is there a network? {done.stderr.strip()[-1000:]}"
    if os.environ.get("CI") or _OTHER_CONTENT in done.stderr:
        pytest.fail(reason)
    pytest.skip(reason)


def download(name: str, requirements: str, *options: str) -> Path:
    """Return a folder with all files of pinned `requirements`, each with its hash; fetched once for an environment."""

    def fetch(folder: Path) -> None:
        pinned = folder / "requirements.txt"
        pinned.write_text(requirements, encoding="utf-8")
        pip("download", "--no-deps", "--require-hashes", *options, "--dest", folder, "-r", pinned)

    digest = sha256(requirements.encode()).hexdigest()
    return made_once(Path(sys.prefix) / ".cache" / f"{name}-{digest[:12]}", fetch)


def made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """Return `folder`, which the first process that wants it makes; the others wait for it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        whole = folder / ".whole"
        if not whole.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            whole.touch()
    return folder


def session_folder(factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all workers of this test session share."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
