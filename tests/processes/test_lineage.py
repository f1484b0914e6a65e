import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from loop_kit.processes.lineage import Owner, ProcessId, ancestors, carrying, children, descendants, open_pidfd
from loop_kit.processes.spawn import spawn
from loop_kit.values.reading import read, write
from loop_kit.values.wording import FieldError
from tests.processes.conftest import Stage, wait_until

SLEEP = "import time; time.sleep(60)"


@pytest.fixture
def sleeper(stage: Stage) -> Iterator[subprocess.Popen[bytes]]:
    process = spawn(stage.command(SLEEP))
    yield process
    process.kill()
    process.communicate()


def identity(process: subprocess.Popen[bytes]) -> ProcessId:
    found = ProcessId.of(process.pid)
    assert found is not None
    return found


def test_a_process_is_known_by_pid_and_start_time(sleeper: subprocess.Popen[bytes]):
    assert identity(sleeper) == identity(sleeper)
    assert identity(sleeper).alive()


def test_a_pid_that_was_given_to_another_process_is_not_signalled(sleeper: subprocess.Popen[bytes]):
    former = ProcessId(sleeper.pid, "another start")
    assert not former.alive()
    assert not former.signal(signal.SIGKILL)
    assert sleeper.poll() is None


def test_a_zombie_is_dead_and_yet_a_descendant(sleeper: subprocess.Popen[bytes]):
    process = identity(sleeper)
    assert process.signal(signal.SIGKILL)
    wait_until(lambda: not process.alive())
    assert process in descendants()
    assert not process.signal(signal.SIGTERM)
    sleeper.wait()
    assert process not in descendants()
    assert ProcessId.of(sleeper.pid) is None


def test_a_stopped_process_is_alive_and_stopped(sleeper: subprocess.Popen[bytes]):
    process = identity(sleeper)
    assert not process.stopped()
    process.signal(signal.SIGSTOP)
    wait_until(process.stopped)
    assert process.alive()


def test_descendants_are_found_over_generations_and_threads(stage: Stage):
    code = """
import subprocess, sys, threading
code = "import os, time; os.fork(); open(str(os.getpid()), 'w').close(); time.sleep(60)"
threading.Thread(target=subprocess.run, args=([sys.executable, "-c", code],)).start()
"""
    process = spawn(stage.command(code))
    names = wait_until(lambda: len(found := stage.names()) == 2 and found)
    below = descendants(process.pid)
    assert sorted(str(member.pid) for member in below) == names
    assert {identity(process), *below} <= set(descendants())
    assert identity(process) in children()
    assert not set(below) & set(children())
    for member in [*below, identity(process)]:
        member.signal(signal.SIGKILL)
    process.communicate()


def test_ancestors_start_with_this_process_and_its_parent():
    assert ancestors()[:2] == [os.getpid(), os.getppid()]


def test_carriers_of_a_variable_are_found_and_nobody_else(stage: Stage):
    marked = spawn(stage.command(SLEEP, env={**stage.env, "LOOP_RUN_ID": "run-7"}))
    similar = spawn(stage.command(SLEEP, env={**stage.env, "LOOP_RUN_ID": "run-77", "OTHER": "LOOP_RUN_ID=run-7"}))
    wait_until(lambda: {marked.pid, similar.pid} <= set(stage.survivors()), "both environments to be visible")
    assert [process.pid for process in carrying("LOOP_RUN_ID", "run-7")] == [marked.pid]
    for process in (marked, similar):
        process.kill()
        process.communicate()


def test_a_carrier_does_not_find_itself_or_who_started_it(stage: Stage):
    code = "from loop_kit.processes.lineage import carrying; print(carrying('LOOP_RUN_ID', 'run-8'))"
    argv = (sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {code!r}])")
    process = spawn(stage.command("", argv=argv, env={**stage.env, "LOOP_RUN_ID": "run-8"}))
    assert process.communicate(timeout=10) == (b"[]\n", b"")


def test_a_pidfd_of_nobody_is_none(sleeper: subprocess.Popen[bytes]):
    sleeper.kill()
    sleeper.wait()
    assert open_pidfd(sleeper.pid) is None


# Owners


def test_this_process_is_a_living_owner_and_reads_back():
    me = Owner.me()
    assert (me.pid, me.host, me.alive()) == (os.getpid(), socket.gethostname(), True)
    assert read(Owner, write(me)) == me


def test_an_owner_whose_process_ended_is_dead(sleeper: subprocess.Popen[bytes]):
    owner = Owner.of(sleeper.pid)
    assert owner.alive() is True
    sleeper.kill()
    wait_until(lambda: owner.alive() is False)
    sleeper.wait()
    assert owner.alive() is False
    assert Owner.of(sleeper.pid).alive() is False


def test_an_owner_whose_pid_was_given_away_is_dead():
    assert Owner(pid=os.getpid(), host=socket.gethostname(), start_time="another start").alive() is False


def test_nobody_can_tell_about_an_owner_on_another_host():
    assert Owner(pid=os.getpid(), host="elsewhere.invalid", start_time="x").alive() is None


@pytest.mark.parametrize("document", [None, [], {}, {"pid": "7", "host": "h", "start_time": "s"}, {"pid": 7}])
def test_a_broken_owner_is_refused_with_a_sentence(document: object):
    with pytest.raises(FieldError, match=r"^\$"):
        read(Owner, document)


@pytest.mark.parametrize("pid", [0, -1, 10**30])
def test_a_pid_that_cannot_be_is_dead(pid: int):
    assert Owner(pid=pid, host=socket.gethostname(), start_time="x").alive() is False


# The kernel's promises


def test_a_subreaper_inherits_orphans_while_it_is_one(stage: Stage):
    code = """
import os, subprocess, sys, time
from loop_kit.processes.lineage import adopting, descendants
orphan = "import os; os._exit(0) if os.fork() else os.read(0, 1)"
def orphans():
    read, write = os.pipe()
    subprocess.run([sys.executable, "-c", orphan], stdin=read)
    found = len(descendants())
    os.close(write); os.close(read)
    return found
with adopting():
    print(orphans())
    os.wait()
print(orphans())
"""
    process = spawn(stage.command("", argv=(sys.executable, "-c", code)))
    assert process.communicate(timeout=10) == (b"1\n0\n", b"")


CHILD = """
import os, sys, time
from loop_kit.processes.lineage import die_with_parent
alive = die_with_parent(int(sys.argv[1]))
open("new", "w").write(f"{os.getpid()} {alive}"); os.rename("new", "child")
time.sleep(60 if alive else 0)
"""


def test_a_child_is_told_when_its_parent_is_killed(stage: Stage):
    code = f"import os, subprocess, sys; subprocess.run([sys.executable, '-c', {CHILD!r}, str(os.getpid())])"
    parent = spawn(stage.command("", argv=(sys.executable, "-c", code)))
    pid, alive = stage.says("child").split()
    assert (alive, int(pid) in stage.survivors()) == ("True", True)
    parent.kill()
    parent.communicate()
    wait_until(lambda: int(pid) not in stage.survivors(), "the child's end")


def test_a_parent_that_is_gone_already_is_noticed(stage: Stage):
    child = spawn(stage.command("", argv=(sys.executable, "-c", CHILD, "1")))
    assert stage.says("child") == f"{child.pid} False"
    child.communicate(timeout=10)
