import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from loop_kit.processes.lineage import adopting, children
from loop_kit.processes.spawn import spawn
from loop_kit.processes.tree import Patience, end_tree, finish, group_ending, sweep_run
from tests.processes import stubborn
from tests.processes.conftest import Stage, wait_until


@contextmanager
def started(stage: Stage, code: str) -> Iterator[subprocess.Popen[bytes]]:
    process = spawn(stage.command(code))
    yield process
    process.communicate(timeout=5)


def test_asking_is_enough_for_a_program_that_listens(stage: Stage):
    others = children()
    with started(stage, "import time; time.sleep(60)") as process:
        ending = end_tree([process], Patience(grace=10), before=others)
        assert ending.told == {process.pid}
    assert process.returncode == -signal.SIGTERM


def test_the_grace_is_given_in_full(stage: Stage):
    others = children()
    code = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.3), sys.exit(5)))
open("ready", "w").write("yes")
while True:
    time.sleep(0.02)  # a signal that comes right before a sleep is heard after it
"""
    with started(stage, code) as process:
        stage.says("ready")
        end_tree([process], Patience(grace=10), before=others)
    assert process.returncode == 5


def test_hurry_ends_the_grace(stage: Stage):
    others = children()
    with started(stage, stubborn.IGNORE_SIGTERM) as process:
        stage.says("pid")
        begun = time.monotonic()
        end_tree([process], Patience(grace=60, hurry=lambda: time.monotonic() > begun + 0.1), before=others)
        assert time.monotonic() < begun + 10
    assert process.returncode == -signal.SIGKILL


def test_a_grandchild_is_asked_even_when_its_parent_is_deaf(stage: Stage):
    code = """
import os, signal, sys, time
def asked(*_):
    open("asked", "w").write("politely")
    sys.exit(0)
child = os.fork()
signal.signal(signal.SIGTERM, signal.SIG_IGN if child else asked)
open("parent" if child else "child", "w").write("ready")
while True:
    time.sleep(0.02)
"""
    others = children()
    with started(stage, code) as process:
        stage.says("parent")
        stage.says("child")
        end_tree([process], Patience(grace=1), before=others)
    assert stage.says("asked") == "politely"


def test_orphans_are_found_and_reaped(stage: Stage):
    others = children()
    with adopting():
        with started(stage, stubborn.daemon()) as process:
            process.wait()
            ending = end_tree([], Patience(grace=0.1), before=others)
        assert ending.told == {int(stage.says("daemon"))}
        assert children() == others
    assert stage.survivors() == []


def test_ending_nobody_tells_nobody():
    ending = end_tree([], Patience(grace=0.5), before=children())
    assert (ending.told, ending.left) == (frozenset(), ())


def test_the_next_start_finds_what_a_killed_run_left_and_spares_the_rest(stage: Stage):
    lost, other = f"lost-{os.getpid()}", f"lost-{os.getpid()}-2"
    for run_id in (lost, other):
        (stage.folder / run_id).mkdir()
        env, cwd = {**stage.env, "LOOP_RUN_ID": run_id}, stage.folder / run_id
        spawn(stage.command(stubborn.daemon(), env=env, cwd=cwd)).communicate(timeout=10)
    spared = int(stage.says(f"{other}/daemon"))
    assert sweep_run(lost, grace=0.1) == 1
    assert stage.survivors() == [spared]
    assert sweep_run(lost) == 0
    assert sweep_run(other, grace=0.1) == 1


def test_a_lost_runs_children_go_even_when_they_dropped_its_variable(stage: Stage):
    code = f"""
import os, subprocess, sys
env = {{name: value for name, value in os.environ.items() if name != "LOOP_RUN_ID"}}
subprocess.run([sys.executable, "-c", {stubborn.IGNORE_SIGTERM!r}], env=env)
"""
    run_id = f"dropped-{os.getpid()}"
    process = spawn(stage.command(code, env={**stage.env, "LOOP_RUN_ID": run_id}))
    stage.says("pid")
    assert sweep_run(run_id, grace=0.1) == 2
    process.communicate(timeout=10)
    assert stage.survivors() == []


def test_a_sweep_does_not_end_who_calls_it(stage: Stage):
    code = "from loop_kit.processes.tree import sweep_run; print(sweep_run('me'))"
    process = spawn(stage.command("", argv=(sys.executable, "-c", code), env={**stage.env, "LOOP_RUN_ID": "me"}))
    assert process.communicate(timeout=10) == (b"0\n", b"")


def test_without_proc_the_process_group_is_ended(stage: Stage):
    code = "import os\nos.fork()\n" + stubborn.IGNORE_SIGTERM.replace('"pid"', "str(os.getpid())")
    with started(stage, code) as process:
        wait_until(lambda: len(stage.names()) == 2)
        finish(group_ending(process, Patience(grace=0.1)))
    assert process.returncode == -signal.SIGKILL
    wait_until(lambda: stage.survivors() == [])
