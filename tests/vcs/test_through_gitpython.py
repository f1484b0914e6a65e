"""Both ways to start git give the same answers."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from loop_kit.errors import StartError
from loop_kit.vcs.git import Git
from loop_kit.vcs.through_gitpython import run_through_gitpython
from tests.support.repos import make_repo


@pytest.mark.parametrize(
    ("args", "stdin"),
    [
        (("rev-parse", "HEAD"), b""),
        (("status", "--porcelain=v2", "-z"), b""),
        (("show", "HEAD:odd.bin"), b""),
        (("cat-file", "-e", "nothing"), b""),
        (("hash-object", "--stdin"), b"\0\xff" * 70_000),
        (("no-such-command",), b""),
    ],
)
def test_the_answer_is_the_same(tmp_path: Path, args: tuple[str, ...], stdin: bytes):
    git = Git(make_repo(tmp_path / "repo", {"odd.bin": b"\0\xfe\xff\r\n", "empty": b""}))
    assert replace(git, run=run_through_gitpython).ask(*args, stdin=stdin) == git.ask(*args, stdin=stdin)


def test_a_machine_without_git_gets_the_same_sentence(tmp_path: Path):
    program = f"""
import sys
from dataclasses import replace
from pathlib import Path
from loop_kit.vcs.git import Git
from loop_kit.vcs.through_gitpython import run_through_gitpython
replace(Git(Path({str(tmp_path)!r})), run=run_through_gitpython).ask("status")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert f"{StartError.__name__}: git cannot be started: no working git on PATH" in done.stderr
