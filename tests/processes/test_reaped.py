"""A program below a reaper is like one without, whatever it does to its reaper."""

import math
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

import loop_kit
from loop_kit.errors import BackendError
from loop_kit.processes.lineage import children
from loop_kit.processes.rawlog import RawLog
from loop_kit.processes.signals import Interruption
from loop_kit.processes.spawn import spawn
from loop_kit.processes.supervise import HowEnded, Job, Limits, Watch, supervise_all
from tests.processes import stubborn
from tests.processes.conftest import PATIENCE, Stage, descriptors

MEETS = """
import os, sys, time
me, other = sys.argv[1:]
open(me, "w").close()
until = time.monotonic() + 10
while not os.path.exists(other) and time.monotonic() < until:
    time.sleep(0.005)
print(me, "met" if os.path.exists(other) else "did not meet", other)
"""


def meeting(stage: Stage) -> list[Job]:
    commands = (stage.command(MEETS, "first", "second"), stage.command(MEETS, "second", "first"))
    return [Job(command=command, limits=Limits(), watch=Watch()) for command in commands]


def test_they_run_at_the_same_time_and_are_returned_in_order(stage: Stage):
    ended = stage.supervise_all(*meeting(stage))
    assert [each.out_tail for each in ended] == ["first met second\n", "second met first\n"]


def test_without_reapers_they_run_at_the_same_time_too(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("loop_kit.processes.proc.LINUX", False)  # what a system without /proc says
    ended = supervise_all(meeting(stage), interruption=Interruption.none())
    assert [each.out_tail for each in ended] == ["first met second\n", "second met first\n"]


def test_nobody_at_all_has_ended_at_once():
    assert supervise_all([], interruption=Interruption.none()) == []


def test_exit_codes_and_signals_are_the_programs(stage: Stage):
    codes = ("raise SystemExit(3)", "import os; os.kill(os.getpid(), 9)", "pass")
    ended = stage.supervise_all(*map(stage.job, codes))
    assert [(each.how, each.exit_code, each.swept, each.left) for each in ended] == [
        (HowEnded.EXITED, code, 0, ()) for code in (3, -9, 0)
    ]


def test_each_has_its_own_lines_logs_and_pid(stage: Stage):
    heard: dict[str, list[Any]] = {"a": [], "b": []}
    with RawLog(stage.folder / "a") as a_log, RawLog(stage.folder / "b") as b_log:
        programs = [
            Job(
                command=stage.command(f"import os; print('{name}', os.getpid())"),
                limits=Limits(),
                watch=Watch(on_line=heard[name].append, on_start=heard[name].append),
                log=log,
            )
            for name, log in (("a", a_log), ("b", b_log))
        ]
        stage.supervise_all(*programs)
    for name, (pid, line) in heard.items():
        assert line == f"{name} {pid}"
        assert stage.says(name) == f"{line}\n"


def test_below_a_reaper_a_program_finds_what_it_would_find_without(stage: Stage):
    code = """
import os, sys
print(sorted(os.environb.items()), sys.argv, os.getcwd(), repr(open(0).read()), sorted(os.listdir("/proc/self/fd")))
print(os.getsid(0) == os.getpgid(0) == os.getpid())
"""
    prompt = stage.folder / "prompt"
    prompt.write_text("do it", encoding="utf-8")
    shared = os.open(stage.folder, os.O_RDONLY)
    env = {**stage.env, "LC_ALL": "C.UTF-8", "LOOP_ROLE": "worker", "LATIN": "\udce4", "PYTHONPATH": "lost"}
    python = stage.job(code, env=env, stdin=prompt, pass_fds=(shared,))
    signals = stage.job("", argv=("grep", "^Sig[BIC]", "/proc/self/status"))
    alone = [*stage.supervise_all(python), *stage.supervise_all(signals)]
    several = stage.supervise_all(python, signals)
    os.close(shared)
    assert [each.exit_code for each in alone] == [0, 0]
    assert [each.out_tail for each in several] == [each.out_tail for each in alone]


def test_whoever_looks_for_a_program_by_its_variables_does_not_find_its_reaper(stage: Stage):
    code = """
import os
names = sorted(entry.partition("=")[0] for entry in open(f"/proc/{os.getppid()}/environ").read().split("\\0"))
print([name for name in names if name.startswith("LOOP_")])
"""
    program = stage.job(code, env={**stage.env, "LOOP_RUN_ID": "7", "LOOP_ROLE": "worker", "LOOP_REPORT": "x"})
    assert [each.out_tail for each in stage.supervise_all(program, program)] == ["['LOOP_RUN_ID']\n"] * 2


def test_between_two_ticks_an_end_is_noticed(stage: Stage):
    program = stage.job("print('said')", watch=Watch(tick_every=math.inf))
    assert [each.out_tail for each in stage.supervise_all(program, program)] == ["said\n"] * 2


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"argv": ("no-such-program",)}, "the program 'no-such-program' was not found"),
        ({"argv": ("/",)}, "is not executable"),
        ({"argv": ("/bin/true", "x" * 3_000_000)}, "longer command line than this system can pass"),
        ({"argv": ("/bin/true", "a\0b")}, "cannot be passed: embedded null byte"),
        ({"argv": ("/bin/true", "\ud800")}, "cannot be passed"),
        ({"env": {"A=B": "c"}}, "cannot be passed: illegal environment variable name"),
        ({"argv": ("tool",), "cwd": Path("/no/such/folder")}, "'tool' cannot start in /no/such/folder"),
        ({"argv": ("tool",), "stdin": Path("/no/prompt")}, "'tool' cannot read its input: /no/prompt is missing"),
    ],
)
def test_one_that_cannot_start_is_an_error_and_ends_the_others(stage: Stage, settings: dict[str, Any], sentence: str):
    open_before, children_before = descriptors(), children()
    waits = stage.job("import time; time.sleep(60)")
    with pytest.raises(BackendError) as caught:
        stage.supervise_all(waits, stage.job("", **settings), waits)
    assert sentence in caught.value.message
    assert stage.survivors() == []
    assert (descriptors(), children()) == (open_before, children_before)


def test_the_reaper_runs_the_code_that_loop_began_with(stage: Stage):
    copy = stage.folder / "code/loop_kit"
    shutil.copytree(Path(loop_kit.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    code = f"""
import sys
sys.path.insert(0, {str(copy.parent)!r})
from loop_kit.processes import reaper
from loop_kit.processes.signals import Interruption
from loop_kit.processes.supervise import *
from loop_kit.processes.spawn import Command
from pathlib import Path
assert reaper.__file__.startswith({str(copy)!r})
Path(reaper.__file__).write_text("raise SystemExit('changed')")
program = Job(command=Command(argv=("echo", "said"), env={stage.env!r}, cwd=Path("/")), limits=Limits(), watch=Watch())
print([each.out_tail for each in supervise_all([program, program], interruption=Interruption.none())])
"""
    out, err = spawn(stage.command("", argv=(sys.executable, "-c", code))).communicate(timeout=PATIENCE)
    assert (out, err) == (b"['said\\n', 'said\\n']\n", b"")


# Against the reaper


def test_one_that_kills_its_reaper_has_ended_and_the_other_goes_on(stage: Stage):
    keeper = stage.job(stubborn.KEEPS_A_CHILD.replace('"ended"', '"helper"'))
    first, second = stage.supervise_all(stage.job(stubborn.after("keeping", stubborn.KILLS_ITS_REAPER)), keeper)
    assert (first.how, first.exit_code, first.swept, first.left) == (HowEnded.EXITED, -signal.SIGKILL, 1, ())
    assert (second.how, second.exit_code, second.out_tail, second.swept) == (HowEnded.EXITED, 0, "child lives\n", 0)


def test_when_all_kill_their_reapers_nobody_is_left(stage: Stage):
    for name in ("a", "b"):
        (stage.folder / name).mkdir()
    programs = [stage.job(stubborn.KILLS_ITS_REAPER, cwd=stage.folder / name) for name in ("a", "b")]
    ended = stage.supervise_all(*programs)
    assert [(each.how, each.exit_code) for each in ended] == [(HowEnded.EXITED, -signal.SIGKILL)] * 2


def test_one_that_stops_its_reaper_is_seen_to_end(stage: Stage):
    watch = Watch(tick=lambda: False, tick_every=0.02)
    ended, _ = stage.supervise_all(stage.job(stubborn.STOPS_ITS_REAPER, watch=watch), stage.job("pass"))
    assert (ended.how, ended.exit_code) == (HowEnded.EXITED, 0)


def test_one_that_keeps_its_reaper_stopped_is_ended_without_it(stage: Stage):
    watch = Watch(tick=(stage.folder / "pid").exists, tick_every=0.02)
    stops = stage.job(stubborn.KEEPS_ITS_REAPER_STOPPED, watch=watch, limits=Limits(urgent_grace=0.1))
    ended, _ = stage.supervise_all(stops, stage.job("pass"))
    assert (ended.how, ended.left) == (HowEnded.ASKED, ())
