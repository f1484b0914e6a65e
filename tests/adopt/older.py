"""Buses as agent-task-runner 0.3.x leaves them: made by it with stand-in agents, shortened, and free of any machine's paths.

They lie in `tests/adopt/buses/`: `ended` is of 0.3.0, the others of 0.3.1. Commits are made-up ids there, base first; a test that
asks git puts real ones in their place.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.support.repos import commit, git, make_repo

FOLDER = Path(__file__).with_name("buses")
BUSES = ("idle", "awaiting_work", "awaiting_review", "ended", "approved")
COMMITS = ("ba5e" * 10, "a1" * 20, "a2" * 20, "a3" * 20)
MARKS = (".tmp", "lock")  # what comes and goes without a meaning of its own


def put_older_bus(name: str, root: Path, commits: Sequence[str] = ()) -> Path:
    """Put a bus into `root` and return it; the first of its commits are replaced by `commits`."""
    bus = root / ".loop"
    shutil.copytree(FOLDER / name, bus)
    for path in (path for path in bus.rglob("*") if path.is_file()):
        data = path.read_bytes()
        for made_up, real in zip(COMMITS, commits, strict=False):
            data = data.replace(made_up.encode(), real.encode())
        path.write_bytes(data)
    return bus


def make_older_repo(name: str, root: Path) -> tuple[Path, list[str]]:
    """Make a repository with the commits that the runs of that bus made; return it and them, the base first."""
    rounds = {"idle": 0, "approved": 3}.get(name, 1)
    make_repo(root, {"app.txt": "start\n", ".gitignore": ".loop/\n"})
    lines = ["start\n"]
    commits = [git(root, "rev-parse", "HEAD")]
    for number in range(1, rounds + 1):
        lines.append(f"line {number}\n")
        commits.append(commit(root, {"app.txt": "".join(lines)}, message=f"T-1: round {number}"))
    put_older_bus(name, root, commits)
    return root, commits
