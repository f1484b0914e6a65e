"""The edge as a person meets it: help, slips of the keyboard, odd terminals and odd environments."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from loop_kit import __version__
from loop_kit.cli.main import COMMANDS
from tests.support.commands import LOOP, loop
from tests.support.repos import make_repo


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """Return a repository with a bus and nothing run yet."""
    repo = make_repo(tmp_path / "repo", {"deep/file.txt": "one\n"})
    (repo / ".loop").mkdir()
    return repo


@pytest.mark.parametrize("command", ["", *COMMANDS])
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_is_there_for_every_command(tmp_path: Path, command: str, flag: str):
    done = loop(*command.split(), flag, cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Usage: loop {command}")
    assert "-h, --help" in done.out
    assert list(tmp_path.iterdir()) == []


def test_the_help_names_every_command_with_what_it_does(tmp_path: Path):
    said = " ".join(loop("--help", cwd=tmp_path).out.split())
    for name, (_module, text) in COMMANDS.items():
        assert f" {name} {text}" in said


def test_the_version_is_the_packages(tmp_path: Path):
    assert loop("--version", cwd=tmp_path).out == f"loop, version {__version__}\n"


def test_called_alone_it_shows_its_help_and_fails(tmp_path: Path):
    done = loop(cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("Usage: loop ")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("rnu", "there is no command 'rnu'; did you mean 'run'?"),
        ("statsu", "did you mean 'status'?"),
        ("xyzzy", "there is no command 'xyzzy'\n"),
        ("run --max-roundz 4", "--max-rounds"),
        ("run --max-rounds", "--max-rounds"),
        ("run --max-rounds three", "three"),
        ("run --round 0 --single-round", "--round"),
        ("--loop-dir x run --single-round --round 2 --parent", "--parent"),
        ("run --round 1", "--round needs --single-round"),
        ("run --resume --reset", "contradict"),
        ("run extra", "extra"),
        ("status --jsn", "--json"),
        ("validate", "FILE"),
        ("validate --as card x.json", "task_card"),
        ("--loop-dir", "--loop-dir"),
        ("--verbose status", "--verbose"),
    ],
)
def test_a_slip_gets_one_sentence_and_the_way_to_the_help(repo: Path, line: str, says: str):
    done = loop(*line.split(), cwd=repo)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("loop: ")
    assert says in done.err
    assert len(done.err.splitlines()) == 2 or says.endswith("\n")


@pytest.mark.parametrize("command", ["run", "status"])
def test_the_bus_may_be_named_before_the_command_and_after_it(repo: Path, tmp_path: Path, command: str):
    bus = tmp_path / "other bus"
    before = loop("--loop-dir", bus, command, cwd=repo)
    after = loop(command, "--loop-dir", bus, cwd=repo)
    assert (before.code, before.out, before.err) == (after.code, after.out, after.err)
    assert before.err.startswith(f"loop: {bus} does not exist")


def test_the_later_name_wins_and_the_environment_counts_least(repo: Path, tmp_path: Path):
    for name in ("a", "b", "c"):
        assert loop("init", "--loop-dir", name, cwd=repo).code == 0
    env = {"LOOP_DIR": "a"}
    for args, bus in (((), "a"), (("--loop-dir", "b"), "b")):
        assert f"{repo}/{bus}/task_card.json" in loop(*args, "status", cwd=repo, env=env).out
    assert f"{repo}/c/task_card.json" in loop("--loop-dir", "b", "status", "--loop-dir", "c", cwd=repo, env=env).out


def test_it_runs_from_a_subdirectory(repo: Path):
    assert loop("status", cwd=repo / "deep").out == loop("status", cwd=repo).out


@pytest.mark.parametrize("command", ["status", "--version", "init"])
def test_a_folder_that_is_gone_is_one_sentence(tmp_path: Path, command: str):
    gone = tmp_path / "gone"
    gone.mkdir()
    script = 'rmdir "$PWD"; exec "$@"'
    done = loop(command, cwd=gone, program=("sh", "-c", script, "sh", *LOOP))
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("loop: the current folder is not there: No such file")


def test_without_a_home_or_any_environment_it_works(repo: Path):
    argv = ["env", "-i", *LOOP, "status"]
    done = subprocess.run(argv, cwd=repo, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")


# Terminals


ODD = "\x1b[31mred\x07 \u202e\x9b2J"


@pytest.mark.parametrize(
    "args", [(ODD,), ("run", f"--{ODD}"), ("run", "--max-rounds", ODD), ("--loop-dir", ODD, "status")]
)
def test_what_was_typed_is_shown_and_never_sent_to_the_terminal(tmp_path: Path, args: tuple[str, ...]):
    done = loop(*args, cwd=tmp_path)
    assert done.code in (2, 3)
    assert "\\x1b" in done.err
    assert [char for char in done.err if not char.isprintable() and char != "\n"] == []


def test_a_folder_with_control_characters_in_its_name_is_shown_and_not_sent(tmp_path: Path):
    repo = make_repo(tmp_path / ODD)
    for command in ("init", "init", "status", "run"):
        done = loop(command, cwd=repo)
        assert "\\x1b[31mred" in done.out + done.err
        assert [char for char in done.out + done.err if not char.isprintable() and char != "\n"] == []


@pytest.mark.parametrize(
    "env", [{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"PYTHONIOENCODING": "ascii"}]
)
def test_a_terminal_that_knows_only_ascii_gets_escapes_and_valid_json(tmp_path: Path, env: dict[str, str]):
    repo = make_repo(tmp_path / "répo")
    program = (sys.executable, "-P", "-m", "loop_kit")  # without -E, which would not listen to these variables
    for args in (["init"], ["status"], ["run", "--task", "ü.json"], ["validate", "日.json"]):
        done = loop(*args, cwd=repo, env=env, program=program)
        assert done.code == (0 if args[0] in {"init", "status"} else 3)
        assert (done.raw_out + done.raw_err).isascii()
    done = loop("status", "--json", cwd=repo, env=env, program=program)
    assert "task_card.json" in json.loads(done.raw_out.decode("ascii"))["next_step"]


@pytest.mark.parametrize("env", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}, {"FORCE_COLOR": "1", "NO_COLOR": ""}])
def test_no_markup_reaches_a_terminal(repo: Path, env: dict[str, str]):
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as screen:
        argv = [*LOOP, "status"]
        process = subprocess.Popen(
            argv, cwd=repo, env={**os.environ, "TERM": "xterm", **env}, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        shown = b""
        try:
            while part := screen.read(4096):
                shown += part
        except OSError:  # how Linux says that the other end is closed
            pass
        assert process.wait(timeout=60) == 0
    assert b"no run on this bus yet" in shown
    assert b"\x1b" not in shown


# When something unexpected happens


def test_a_bug_is_one_sentence_and_its_traceback_is_kept_for_a_report(repo: Path, tmp_path: Path):
    probe = (
        "import sys; from loop_kit.cli.main import COMMANDS; from loop_kit.cli.entry import main\n"
        "COMMANDS['list'] = ('no_such_module', '')\n"
        "sys.exit(main(['list']))"
    )
    done = loop(cwd=repo, env={"TMPDIR": str(tmp_path)}, program=(sys.executable, "-P", "-E", "-c", probe))
    assert (done.code, done.out) == (1, "")
    said = re.fullmatch(r"loop: a bug in loop: ModuleNotFoundError: .*\n  (\S+) has the traceback; .*\n", done.err)
    assert said
    log = Path(said[1]).read_text(encoding="utf-8")
    assert f"loop {__version__}, Python {sys.version.split()[0]}" in log
    assert "Traceback" in log
