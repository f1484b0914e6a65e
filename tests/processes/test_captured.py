import os
import sys
from pathlib import Path

import pytest

from loop_kit.processes.captured import begin_captured, run_captured, run_side_by_side
from tests.processes.conftest import descriptors
from tests.support.terminals import Terminal

HALF_A_MEGABYTE = 1 << 19


def test_all_that_it_said_and_its_exit_code_come_back():
    program = (
        f"import os; os.write(1, b'x' * {HALF_A_MEGABYTE}); os.write(2, b'\\xff' * {HALF_A_MEGABYTE}); os._exit(7)"
    )
    code, out, err = run_captured([sys.executable, "-c", program], env={}, stdin=None, pass_fds=())
    assert (code, out, err) == (7, b"x" * HALF_A_MEGABYTE, b"\xff" * HALF_A_MEGABYTE)


def test_it_reads_the_file_it_was_given_or_nothing(tmp_path: Path):
    program = [sys.executable, "-c", "import sys; sys.stdout.write(sys.stdin.read())"]
    (tmp_path / "input").write_text("said", encoding="utf-8")
    with (tmp_path / "input").open("rb") as stdin:
        assert run_captured(program, env={}, stdin=stdin, pass_fds=())[1] == b"said"
    assert run_captured(program, env={}, stdin=None, pass_fds=())[1] == b""


def test_its_environment_is_the_one_it_was_given_and_its_process_group_its_own():
    program = "import os; print(sorted(set(os.environ) - {'LC_CTYPE'}), os.getpgid(0) == os.getpid())"
    out = run_captured([sys.executable, "-c", program], env={"A": "b"}, stdin=None, pass_fds=())[1]
    assert out.decode().strip() == "['A'] True"


def test_where_there_is_a_terminal_it_has_none(tmp_path: Path):
    program = ["sh", "-c", "(: </dev/tty) 2>/dev/null && echo it could ask || echo it cannot ask"]
    starts = f"from loop_kit.processes.captured import run_captured; import os; said = run_captured({program!r}, env="
    starts += "os.environ, stdin=None, pass_fds=()); print(open('/dev/tty').fileno() > 0, said[1].decode())"
    with Terminal([sys.executable, "-c", starts], cwd=tmp_path) as terminal:
        assert terminal.wait() == 0
    assert terminal.text.split("\n")[0] == "True it cannot ask"


def test_one_that_was_begun_is_waited_for_when_its_answer_is_wanted(tmp_path: Path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    answer = begin_captured(["sh", "-c", f"cat {fifo}; echo wrong >&2; exit 4"], env={"PATH": os.environ["PATH"]})
    fifo.write_text("now\n", encoding="utf-8")  # it would wait for ever if that were started only now
    assert answer() == answer() == (4, b"now\n", b"wrong\n")


def test_one_that_cannot_be_begun_says_so_at_once():
    with pytest.raises(FileNotFoundError):
        begin_captured(["/nowhere/git"], env={})


def test_only_descriptors_that_are_named_are_passed(tmp_path: Path):
    fd = os.open(tmp_path, os.O_RDONLY)
    program = [sys.executable, "-c", f"import os; os.fstat({fd})"]
    assert run_captured(program, env={}, stdin=None, pass_fds=(fd,))[0] == 0
    assert run_captured(program, env={}, stdin=None, pass_fds=())[0] == 1
    os.close(fd)


def test_a_program_that_is_not_there_is_an_error_of_the_system():
    with pytest.raises(FileNotFoundError):
        run_captured(["/nowhere/git"], env={}, stdin=None, pass_fds=())


def test_several_run_at_the_same_time_and_answer_in_their_order(tmp_path: Path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    waits = ["sh", "-c", f"cat {fifo}; printf {'x' * 70000} >/dev/null; exit 3"]  # until the other one has begun
    speaks = ["sh", "-c", f"echo now > {fifo}; echo done; echo wrong >&2"]
    env = {"PATH": os.environ["PATH"]}
    assert run_side_by_side([waits, speaks], env=env) == [(3, b"now\n", b""), (0, b"done\n", b"wrong\n")]


def test_more_than_a_pipe_holds_comes_back_from_each():
    program = [sys.executable, "-c", f"import os; os.write(1, b'x' * {HALF_A_MEGABYTE})"]
    assert [len(out) for _, out, _ in run_side_by_side([program] * 3, env={})] == [HALF_A_MEGABYTE] * 3


def test_when_one_cannot_be_started_the_others_have_ended(tmp_path: Path):
    before = descriptors()
    mark = tmp_path / "mark"
    with pytest.raises(FileNotFoundError):
        run_side_by_side([["sh", "-c", f"sleep 0.2; touch {mark}"], ["/nowhere/git"]], env={"PATH": os.environ["PATH"]})
    assert mark.exists()
    assert descriptors() == before
