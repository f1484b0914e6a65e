"""`loop` and `python -m loop_kit` are the same command; what it leaves with is its exit code."""

import sys
from pathlib import Path

import pytest

from tests.support.commands import LOOP, loop

SCRIPT = Path(sys.executable).with_name("loop")


@pytest.mark.parametrize("args", [("--version",), ("--help",), ("status",), ("rnu",)])
def test_both_ways_to_call_it_say_the_same(tmp_path: Path, args: tuple[str, ...]):
    if not SCRIPT.exists():
        pytest.skip("this interpreter has loop_kit on its path and not installed")
    assert loop(*args, cwd=tmp_path, program=(SCRIPT,)) == loop(*args, cwd=tmp_path, program=LOOP)


@pytest.mark.parametrize(("args", "code"), [(("--version",), 0), (("rnu",), 2), (("status",), 3)])
def test_the_exit_code_says_how_it_ended(tmp_path: Path, args: tuple[str, ...], code: int):
    assert loop(*args, cwd=tmp_path).code == code


def test_importing_it_runs_nothing(tmp_path: Path):
    done = loop(cwd=tmp_path, program=(sys.executable, "-P", "-E", "-c", "import loop_kit.__main__"))
    assert (done.code, done.out, done.err) == (0, "", "")


def test_nothing_of_the_folder_it_runs_in_is_imported(tmp_path: Path):
    for name in ("click.py", "json.py", "loop_kit.py", "git.py"):
        (tmp_path / name).write_text("raise SystemExit('imported from the folder')\n", encoding="utf-8")
    assert loop("status", cwd=tmp_path).code == 3
