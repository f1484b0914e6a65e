import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from loop_kit.errors import BackendError
from loop_kit.processes.lineage import descendants
from loop_kit.processes.rawlog import RawLog
from loop_kit.processes.signals import Interruption
from loop_kit.processes.spawn import spawn
from loop_kit.processes.supervise import HowEnded, Limits, Watch, supervise
from tests.processes import stubborn
from tests.processes.conftest import Stage, descriptors, wait_until


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [("pass", 0), ("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 9)", -9)],
    ids=["success", "failure", "signal"],
)
def test_the_exit_code_is_the_programs(stage: Stage, code: str, exit_code: int):
    ended = stage.supervise(code)
    assert (ended.how, ended.exit_code, ended.swept, ended.left) == (HowEnded.EXITED, exit_code, 0, ())


def test_a_failing_programs_last_words_are_kept(stage: Stage):
    ended = stage.supervise("raise ValueError('that went wrong')")
    assert "that went wrong" in ended.err_tail
    assert ended.err_bytes > ended.out_bytes == 0


def test_lines_arrive_in_order_and_only_a_newline_ends_one(stage: Stage):
    assert stage.lines(r"print('a\r\x0b\x0c\x1c\x85\u2028b\n\nc')") == ["a\r\x0b\x0c\x1c\x85\u2028b", "", "c"]


def test_a_last_line_without_newline_is_a_line(stage: Stage):
    assert stage.lines("print('first\\nlast', end='')") == ["first", "last"]


def test_bytes_that_are_not_text_are_shown_and_harm_nothing(stage: Stage):
    assert stage.lines(r"import os; os.write(1, b'\xff\xfe\x00|\xe2\x82\n\xe2\x82\xac\n')") == [
        "\ufffd\ufffd\0|\ufffd",
        "€",
    ]


def test_what_still_lies_in_the_pipe_at_the_end_is_heard(stage: Stage):
    heard: list[str] = []

    def listen_slowly(line: str) -> None:
        heard.append(line)
        if line == "first":
            wait_until(lambda: not stage.survivors(), "the program's end")

    stage.supervise(
        "import time; print('first', flush=True); time.sleep(0.1); print('last')", watch=Watch(on_line=listen_slowly)
    )
    assert heard == ["first", "last"]


def test_both_streams_have_their_own_listener_and_log(stage: Stage):
    out: list[str] = []
    err: list[str] = []
    with RawLog(stage.folder / "out") as out_log, RawLog(stage.folder / "err") as err_log:
        supervise(
            stage.command("import sys; print('to out'); print('to err', file=sys.stderr)"),
            limits=Limits(),
            watch=Watch(on_line=out.append, on_error_line=err.append),
            interruption=Interruption.none(),
            log=out_log,
            error_log=err_log,
        )
    assert (out, err) == (["to out"], ["to err"])
    assert (stage.says("out"), stage.says("err")) == ("to out\n", "to err\n")


def test_a_full_disk_stops_the_log_and_not_the_program(stage: Stage):
    log = RawLog(Path("/dev/full"))
    heard: list[str] = []
    watch = Watch(on_line=heard.append)
    ended = supervise(
        stage.command("print('a'); print('b')"), limits=Limits(), watch=watch, interruption=Interruption.none(), log=log
    )
    assert (ended.exit_code, heard) == (0, ["a", "b"])
    assert "/dev/full stopped growing" in log.failure


def test_the_start_is_announced_with_the_pid(stage: Stage):
    pids: list[int] = []
    ended = stage.supervise("import os; print(os.getpid())", watch=Watch(on_start=pids.append))
    assert ended.out_tail == f"{pids[0]}\n"


def test_a_program_that_cannot_start_is_an_error_and_not_an_ending(stage: Stage):
    with pytest.raises(BackendError, match="was not found"):
        supervise(
            stage.command("", argv=("no-such-program",)),
            limits=Limits(),
            watch=Watch(),
            interruption=Interruption.none(),
        )


# Time


def test_a_program_deaf_to_sigterm_is_killed_after_the_wall_timeout(stage: Stage):
    ended = stage.supervise(stubborn.IGNORE_SIGTERM, wall=0.3, grace=0.1)
    assert (ended.how, ended.exit_code) == (HowEnded.WALL_TIMEOUT, -signal.SIGKILL)
    assert 0.3 <= ended.seconds < 3


def test_the_wall_timeout_comes_in_the_middle_of_a_flood(stage: Stage):
    ended = stage.supervise("while True: print('x' * 1000)", wall=0.3)
    assert ended.how is HowEnded.WALL_TIMEOUT
    assert ended.seconds < 3


def test_a_silent_program_is_ended_by_the_idle_timeout(stage: Stage):
    ended = stage.supervise("import time; print('hello', flush=True); time.sleep(60)", idle=0.3)
    assert (ended.how, ended.out_tail) == (HowEnded.IDLE_TIMEOUT, "hello\n")


def test_a_byte_on_stderr_now_and_then_is_not_silence(stage: Stage):
    code = "import sys, time\nfor _ in range(10): time.sleep(0.08); sys.stderr.write('.'); sys.stderr.flush()"
    assert stage.supervise(code, idle=0.6).how is HowEnded.EXITED


def test_a_slow_listener_is_not_the_programs_silence(stage: Stage):
    code = "import time\nfor _ in range(4): print('x', flush=True); time.sleep(0.1)"
    assert stage.supervise(code, watch=Watch(on_line=lambda _line: time.sleep(0.4)), idle=0.35).how is HowEnded.EXITED


def test_a_stopped_program_times_out_and_hears_sigterm(stage: Stage):
    code = """
import os, signal, sys
signal.signal(signal.SIGTERM, lambda *_: (print("heard", flush=True), sys.exit(7)))
os.kill(os.getpid(), signal.SIGSTOP)
"""
    ended = stage.supervise(code, wall=0.3)
    assert (ended.how, ended.exit_code, ended.out_tail) == (HowEnded.WALL_TIMEOUT, 7, "heard\n")


def test_last_words_are_heard_even_when_they_fill_the_pipe(stage: Stage):
    code = """
import signal, sys, time
def bye(*_):
    print("x" * 1_000_000); print("bye", flush=True); sys.exit(0)
signal.signal(signal.SIGTERM, bye)
print("ready", flush=True)
while True:
    time.sleep(0.02)
"""
    ended = stage.supervise(code, idle=0.3, grace=5)
    assert (ended.exit_code, ended.out_tail[-5:]) == (0, "\nbye\n")


# Whole trees


def test_a_daemon_with_its_own_session_is_ended_with_the_program(stage: Stage):
    ended = stage.supervise(stubborn.daemon())
    assert (ended.how, ended.exit_code, ended.swept) == (HowEnded.EXITED, 0, 1)
    assert not (stage.folder / "late").exists()


def test_a_daemon_of_a_program_that_times_out_is_ended_too(stage: Stage):
    ended = stage.supervise(stubborn.daemon(then="time.sleep(60)"), wall=0.3, grace=0.1)
    assert (ended.how, ended.swept) == (HowEnded.WALL_TIMEOUT, 1)


def test_a_helper_that_holds_stdout_is_not_waited_for(stage: Stage):
    ended = stage.supervise(stubborn.HELPER_HOLDS_STDOUT)
    assert (ended.how, ended.out_tail, ended.swept) == (HowEnded.EXITED, "done\n", 1)
    assert ended.seconds < 5


def test_a_program_that_closes_its_output_and_works_on_is_waited_for(stage: Stage):
    ended = stage.supervise(stubborn.CLOSES_STDOUT_AND_WORKS_ON)
    assert (ended.how, ended.out_tail) == (HowEnded.EXITED, "going quiet\n")
    assert stage.says("finished") == "yes"


def test_a_fork_storm_is_ended(stage: Stage):
    ended = stage.supervise(stubborn.FORK_STORM, idle=0.5, grace=0.1)
    assert stage.says("storm")
    assert ended.left == ()
    assert ended.seconds < 20, "the storm blew over by itself"


def test_what_was_running_before_is_spared(stage: Stage):
    before = spawn(stage.command("import time; time.sleep(60)"))
    try:
        wait_until(
            lambda: stage.survivors() == [before.pid]
        )  # the system shows an environment a little after the start
        supervise(stage.command(stubborn.daemon()), limits=Limits(), watch=Watch(), interruption=Interruption.none())
        assert stage.survivors() == [before.pid]
        assert before.poll() is None
    finally:
        before.kill()
        before.communicate()


def test_the_dead_among_the_orphans_are_buried_while_the_program_runs(stage: Stage):
    code = """
import os, time
for _ in range(20):
    if not os.fork():
        os._exit(0 if os.fork() else 7)
    os.wait()
print("left 20 orphans", flush=True)
time.sleep(60)
"""
    heard: list[str] = []
    children = len(descendants())
    watch = Watch(
        on_line=heard.append, tick=lambda: bool(heard) and len(descendants()) == children + 1, tick_every=0.05
    )
    assert stage.supervise(code, watch=watch, wall=5).how is HowEnded.ASKED


def test_no_zombie_and_no_descriptor_is_left(stage: Stage):
    open_before = descriptors()
    children = descendants()
    stage.supervise(stubborn.daemon())
    stage.supervise(stubborn.HELPER_HOLDS_STDOUT)
    assert (descriptors(), descendants()) == (open_before, children)


# Callbacks


def test_a_tick_can_ask_for_the_end(stage: Stage):
    answers = iter([False, False, True])
    watch = Watch(tick=lambda: next(answers), tick_every=0.05)
    ended = stage.supervise("import time; time.sleep(60)", watch=watch)
    assert (ended.how, list(answers)) == (HowEnded.ASKED, [])


@pytest.mark.parametrize("where", ["on_line", "on_start", "tick"])
def test_a_callback_that_raises_ends_the_tree_first(stage: Stage, where: str):
    def fail(*_: Any) -> Any:
        raise ZeroDivisionError

    watch = Watch(**{"tick_every": 0.1, where: fail})  # type: ignore[arg-type]
    with pytest.raises(ZeroDivisionError):
        stage.supervise(stubborn.daemon(then="print('x', flush=True); time.sleep(60)"), watch=watch, urgent_grace=0.1)
    assert stage.survivors() == []


# Memory


@pytest.mark.parametrize("line", ["os.write(1, block)", "os.write(1, block + b'\\n')"], ids=["endless", "plain"])
def test_memory_stays_bounded_whatever_is_printed(stage: Stage, line: str):
    code = f"import os\nblock = b'x' * 65535\nfor _ in range(1600): {line}"
    said = stage.supervising(code).communicate(timeout=60)[0]
    ended = json.loads(said)
    assert ended["out_bytes"] >= 100_000_000
    assert ended["cut_lines"] == ("block)" in line)
    assert ended["memory_peak"] < 60_000_000
