import hashlib
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from loop_kit.checks.run import run_checks
from loop_kit.errors import StoppedError, TerminatedRunError
from loop_kit.model.check import CheckCommand, Where
from loop_kit.model.evidence import CheckEnding, Counts, Verdict
from loop_kit.processes.signals import listening
from tests.checks.workspaces import TREE, make_workspace, python, shell

UNITTEST = "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): self.assertTrue({})\n"


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_command_that_ends_as_expected_has_passed_with_all_its_evidence(tmp_path: Path):
    (result,) = run_checks([shell("printf 'one\\ntwo\\n'; printf three >&2")], make_workspace(tmp_path))
    assert (result.verdict, result.how, result.exit_code, result.reason) == (Verdict.PASS, CheckEnding.EXITED, 0, "")
    assert (result.where, result.tree, result.log) == (Where.WORKTREE, TREE, "logs/r1_checks_tests.log")
    whole = (tmp_path / result.log).read_bytes()
    assert sorted(whole) == sorted(b"one\ntwo\nthree")
    assert result.digest == hashlib.sha256(whole).hexdigest()
    assert result.tail == whole.decode().strip("\n")
    assert 0 <= result.seconds < 30


def test_a_command_that_ends_otherwise_has_failed_with_the_reason(tmp_path: Path):
    exits, killed = run_checks(
        [shell("exit 3", name="exits"), shell("kill -SEGV $$", name="killed")], make_workspace(tmp_path)
    )
    assert (exits.verdict, exits.exit_code, exits.reason) == (Verdict.FAIL, 3, "exit code 3")
    assert (killed.verdict, killed.exit_code, killed.reason) == (Verdict.FAIL, -11, "ended by SIGSEGV")


def test_what_counts_as_success_is_the_checks_own_matter(tmp_path: Path):
    five, zero = run_checks([shell("exit 5", expect=(0, 5)), shell("exit 0", expect=(5,))], make_workspace(tmp_path))
    assert (five.passed, zero.passed) == (True, False)


def test_a_program_that_is_not_there_is_a_failure_and_not_tried_again(tmp_path: Path):
    (result,) = run_checks([CheckCommand(name="tests", argv=("no-such-program",))], make_workspace(tmp_path))
    assert (result.verdict, result.how, result.exit_code) == (Verdict.FAIL, CheckEnding.NOT_STARTED, None)
    assert result.reason.startswith("it cannot be started: the program 'no-such-program' was not found")
    assert not list((tmp_path / "logs").glob("*-again*"))


def test_a_check_that_takes_too_long_is_ended_with_its_whole_tree(tmp_path: Path):
    line = "sleep 600 & echo $! > child; wait"
    (result,) = run_checks([shell(line, timeout=0.3)], make_workspace(tmp_path), rerun=False)
    assert (result.verdict, result.how) == (Verdict.FAIL, CheckEnding.TIMEOUT)
    assert result.reason == "it was ended after 0.3 s"
    assert result.seconds < 2.5
    assert not alive(int((tmp_path / "tree/child").read_text(encoding="ascii")))


def test_whatever_a_check_leaves_running_is_ended(tmp_path: Path):
    (result,) = run_checks([shell("setsid sleep 600 & echo $! > child")], make_workspace(tmp_path))
    assert result.passed
    assert not alive(int((tmp_path / "tree/child").read_text(encoding="ascii")))


def test_a_failure_that_passes_the_second_time_is_flaky_and_keeps_what_failed(tmp_path: Path):
    line = "test -e second && echo fine || { touch second; echo bad; exit 1; }"
    (result,) = run_checks([shell(line)], make_workspace(tmp_path))
    assert (result.verdict, result.exit_code, result.tail) == (Verdict.FLAKY, 1, "bad")
    assert (result.passed, result.failed, result.flaky) == (False, False, True)
    assert result.reason == "failed (exit code 1), and passed when run again"
    assert (tmp_path / "logs/r1_checks-again_tests.log").read_bytes() == b"fine\n"


def test_without_a_second_try_a_failure_is_a_failure(tmp_path: Path):
    (result,) = run_checks([shell("test -e x || { touch x; exit 1; }")], make_workspace(tmp_path), rerun=False)
    assert result.verdict is Verdict.FAIL


def test_a_check_reads_nothing_and_leads_a_session_of_its_own(tmp_path: Path):
    code = "import os, sys; print(repr(sys.stdin.read()), os.getsid(0) == os.getpid())"
    (result,) = run_checks([python(code)], make_workspace(tmp_path))
    assert result.tail == "'' True"


def test_a_check_gets_exactly_the_environment_of_its_workspace(tmp_path: Path):
    workspace = make_workspace(tmp_path, environment={"PATH": os.environ["PATH"], "MODE": "check"})
    (result,) = run_checks([python("import os; print(sorted(set(os.environ) - {'LC_CTYPE'}))")], workspace)
    assert result.tail == "['MODE', 'PATH']"


def test_a_check_runs_in_the_tree_it_asks_for_and_says_which(tmp_path: Path):
    commands = [shell("pwd", name="apart"), shell("pwd", name="inplace", where=Where.INPLACE)]
    apart, inplace = run_checks(commands, make_workspace(tmp_path))
    assert (apart.tail, inplace.tail) == (str(tmp_path / "tree"), str(tmp_path / "project"))
    assert (apart.tree[0], inplace.tree[0]) == ("a", "b")


def test_a_log_of_a_try_that_was_cut_off_is_replaced(tmp_path: Path):
    workspace = make_workspace(tmp_path)
    for name in ("r1_checks_tests.log", "r1_checks_tests.log.1"):
        (tmp_path / "logs" / name).write_bytes(b"old\n")
    run_checks([shell("echo new")], workspace)
    assert [path.read_bytes() for path in (tmp_path / "logs").iterdir()] == [b"new\n"]


def test_a_flood_of_output_is_digested_whole_and_kept_in_bounds(tmp_path: Path):
    code = "import sys\nfor _ in range(320): sys.stdout.write('x' * 65535 + '\\n')\nprint('1 passed in 0.01s')"
    (result,) = run_checks([python(code)], make_workspace(tmp_path))
    whole = (b"x" * 65535 + b"\n") * 320 + b"1 passed in 0.01s\n"
    assert result.digest == hashlib.sha256(whole).hexdigest()
    assert result.counts == Counts(run=1, failed=0, skipped=0)
    assert len(result.tail) <= 4096
    assert sum(path.stat().st_size for path in (tmp_path / "logs").iterdir()) <= 2 * 8 * 1024 * 1024


def test_a_log_is_called_as_seen_from_where_people_look(tmp_path: Path):
    (tmp_path / "logs/T-001").mkdir(parents=True)
    workspace = make_workspace(tmp_path, logs=tmp_path / "logs/T-001", log_root=tmp_path)
    assert run_checks([shell("true")], workspace)[0].log == "logs/T-001/r1_checks_tests.log"


def test_a_log_that_cannot_be_written_does_not_stop_the_check(tmp_path: Path):
    workspace = make_workspace(tmp_path, logs=tmp_path / "nowhere")
    (result,) = run_checks([shell("echo fine")], workspace)
    assert (result.passed, result.tail) == (True, "fine")
    assert "stopped growing" in result.reason


def test_tests_are_counted_from_real_output(tmp_path: Path):
    workspace = make_workspace(tmp_path)
    (tmp_path / "tree/test_a.py").write_text(UNITTEST.format("False"), encoding="utf-8")
    command = CheckCommand(name="tests", argv=(sys.executable, "-m", "unittest"))
    (result,) = run_checks([command], workspace)
    assert (result.failed, result.counts) == (True, Counts(run=1, failed=1, skipped=0))


def test_a_junit_file_that_the_command_writes_outweighs_its_words(tmp_path: Path):
    xml = '<testsuite tests="5" failures="1" errors="1" skipped="2"/>'
    line = f"echo '{xml}' > out.xml; echo '9 passed in 1.00s'; : --junitxml=out.xml"
    (result,) = run_checks([shell(line)], make_workspace(tmp_path))
    assert result.counts == Counts(run=3, failed=2, skipped=2)


def test_a_junit_file_from_before_is_not_this_commands(tmp_path: Path):
    workspace = make_workspace(tmp_path)
    (tmp_path / "tree/out.xml").write_text('<testsuite tests="5"/>', encoding="utf-8")
    (result,) = run_checks([shell(": --junitxml=out.xml")], workspace)
    assert result.counts is None


def test_a_signal_ends_the_check_and_raises(tmp_path: Path):
    # A thread of the test plays the person who sends the signal, once the check shows that it runs.
    def send_when_running() -> None:
        until = time.monotonic() + 10
        while not (tmp_path / "tree/child").exists() and time.monotonic() < until:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    with listening() as interruption:
        workspace = make_workspace(tmp_path, interruption=interruption)
        sender = threading.Thread(target=send_when_running)
        sender.start()
        with pytest.raises(TerminatedRunError):
            run_checks([shell("echo $$ > child.new; mv child.new child; sleep 600")], workspace)
        sender.join()
    assert not alive(int((tmp_path / "tree/child").read_text(encoding="ascii")))


def test_whoever_may_stop_the_run_is_asked_while_a_check_runs(tmp_path: Path):
    def check_stop() -> None:
        if (tmp_path / "tree/child").exists():
            raise StoppedError("asked to stop")

    workspace = make_workspace(tmp_path, check_stop=check_stop)
    with pytest.raises(StoppedError):
        run_checks([shell("echo $$ > child.new; mv child.new child; sleep 600"), shell("touch late")], workspace)
    assert not alive(int((tmp_path / "tree/child").read_text(encoding="ascii")))
    assert not (tmp_path / "tree/late").exists()


def test_what_a_check_changed_is_put_back_and_said(tmp_path: Path):
    said = iter(["it changed a.py, which was put back", ""])
    commands = [shell("true", name="formats"), shell("true", name="tests"), shell("true", where=Where.INPLACE)]
    formats, tests, inplace = run_checks(commands, make_workspace(tmp_path, settle=lambda: next(said)))
    assert (formats.reason, tests.reason, inplace.reason) == ("it changed a.py, which was put back", "", "")


def test_each_check_is_told_of_when_it_starts_and_when_it_has_ended(tmp_path: Path):
    heard: list[str] = []
    workspace = make_workspace(
        tmp_path, tell=lambda command, result: heard.append(f"{command.name} {result and result.verdict}")
    )
    run_checks([shell("true", name="one"), shell("false", name="two")], workspace)
    assert heard == ["one None", "one pass", "two None", "two fail"]
