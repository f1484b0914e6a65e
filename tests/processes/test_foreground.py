import os
import signal
import sys
from pathlib import Path

import pytest

from loop_kit.errors import StartError
from loop_kit.processes.foreground import run_in_terminal
from loop_kit.processes.spawn import Command


def command(tmp_path: Path, *argv: str) -> Command:
    return Command(argv=argv, env=dict(os.environ), cwd=tmp_path)


def test_the_exit_code_of_the_program_comes_back(tmp_path: Path):
    assert run_in_terminal(command(tmp_path, "sh", "-c", "exit 3")) == 3


def test_ctrl_c_is_for_the_program_alone(tmp_path: Path):
    before = signal.getsignal(signal.SIGINT)
    assert run_in_terminal(command(tmp_path, "sh", "-c", f"kill -INT {os.getpid()}; exit 4")) == 4
    assert signal.getsignal(signal.SIGINT) == before
    ignored = "import signal, sys; sys.exit(signal.getsignal(signal.SIGINT) == signal.SIG_IGN)"
    assert run_in_terminal(command(tmp_path, sys.executable, "-c", ignored)) == 0


def test_a_program_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(StartError, match="'/no/such/editor' cannot be started"):
        run_in_terminal(command(tmp_path, "/no/such/editor"))
