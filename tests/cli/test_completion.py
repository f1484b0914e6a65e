import subprocess
from pathlib import Path

import pytest

from loop_kit.cli.main import COMMANDS
from tests.support.commands import loop


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_script(tmp_path: Path, shell: str):
    done = loop("completion", shell, cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert f"_LOOP_COMPLETE={shell}_complete" in done.out


def test_bash_reads_its_script_and_completes_with_it(tmp_path: Path):
    script = loop("completion", "bash", cwd=tmp_path).out
    check = subprocess.run(["bash", "-c", f"{script}\ncomplete -p loop"], capture_output=True, text=True, check=False)
    assert (check.returncode, check.stderr) == (0, "")
    assert check.stdout.startswith("complete ")


def test_without_a_shell_it_says_where_the_script_belongs(tmp_path: Path):
    done = loop("completion", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert [line.split()[0] for line in done.out.splitlines()] == ["bash", "zsh", "fish"]


def test_an_unknown_shell_is_refused_by_name(tmp_path: Path):
    done = loop("completion", "tcsh", cwd=tmp_path)
    assert (done.code, "tcsh" in done.err) == (2, True)


def completed(tmp_path: Path, line: str) -> list[str]:
    words = line.split(" ")
    env = {"_LOOP_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    done = loop(cwd=tmp_path, env=env)
    assert (done.code, done.err) == (0, "")
    return [entry.partition(",")[2] for entry in done.out.splitlines()]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("loop sta", ["status"]),
        ("loop --vers", ["--version"]),
        ("loop archive re", ["restore"]),
        ("loop config sh", ["show"]),
        ("loop completion z", ["zsh"]),
        ("loop status --wa", ["--watch"]),
        ("loop archive restore --y", ["--yes"]),
        ("loop xyzzy --vers", ["--version"]),
        ("loop zzz", []),
    ],
)
def test_what_is_begun_is_completed(tmp_path: Path, line: str, offered: list[str]):
    found = completed(tmp_path, line)
    assert [entry for entry in found if entry.startswith(line.rpartition(" ")[2])] == offered


def test_all_commands_are_offered_at_the_start(tmp_path: Path):
    assert completed(tmp_path, "loop ") == list(COMMANDS)
