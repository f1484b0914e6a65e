"""Real git repositories for tests."""

import os
import subprocess
from collections.abc import Mapping
from hashlib import sha1
from pathlib import Path

IDENTITY = {
    "GIT_AUTHOR_NAME": "Test Author",
    "GIT_AUTHOR_EMAIL": "author@example.invalid",
    "GIT_COMMITTER_NAME": "Test Committer",
    "GIT_COMMITTER_EMAIL": "committer@example.invalid",
}


def git(path: Path, *args: str, input: bytes | None = None, ok: tuple[int, ...] = (0,)) -> str:  # noqa: A002  (as in subprocess)
    """Run git in `path` and return its output; an unexpected exit code fails the test with what git said."""
    assert "GIT_CONFIG_GLOBAL" in os.environ, "a test ran git outside the isolation of tests/conftest.py"
    done = subprocess.run(
        ["git", *args], cwd=path, env={**os.environ, **IDENTITY}, input=input, capture_output=True, check=False
    )
    assert done.returncode in ok, f"git {' '.join(args)}: {done.stderr.decode(errors='replace')}"
    return done.stdout.decode(errors="surrogateescape").strip("\n")


def make_repo(path: Path, files: Mapping[str, str | bytes] | None = None, *, branch: str = "main") -> Path:
    """Make a repository with one commit of `files` and an identity of its own."""
    path.mkdir(parents=True, exist_ok=True)
    git(path, "init", "--quiet", "--initial-branch", branch)
    git(path, "config", "user.name", "Repo Owner")
    git(path, "config", "user.email", "owner@example.invalid")
    commit(path, {"README.md": "A repository for tests.\n"} if files is None else files, message="Start")
    return path


def commit(path: Path, files: Mapping[str, str | bytes], *, message: str = "Change") -> str:
    """Write `files`, commit everything and return the new head."""
    for name, content in files.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
    git(path, "add", "--all")
    git(path, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(path, "rev-parse", "HEAD")


def forge_index(index: Path, staged: str, told: str) -> None:
    """Let an index tell that a file which was staged as one object is another one; git has no doubt about it."""
    raw = index.read_bytes()[:-20].replace(bytes.fromhex(staged), bytes.fromhex(told))
    index.write_bytes(raw + sha1(raw, usedforsecurity=False).digest())


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, empty folders as names with a slash."""
    return {
        path.relative_to(folder).as_posix() + "/" * path.is_dir(): b"" if path.is_dir() else path.read_bytes()
        for path in folder.rglob("*")
        if not path.is_dir() or not any(path.iterdir())
    }
