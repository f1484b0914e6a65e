import os
import subprocess
from collections.abc import Iterator

import pytest

from loop_kit.processes import proc
from loop_kit.processes.spawn import spawn
from tests.processes.conftest import Stage


@pytest.fixture
def child(stage: Stage) -> Iterator[subprocess.Popen[bytes]]:
    code = """
import os, time
if os.path.exists("/proc/self/comm"):
    open("/proc/self/comm", "w").write("a) Z 1 (b")
open("ready", "w").write("yes")
time.sleep(60)
"""
    process = spawn(stage.command(code))
    stage.says("ready")
    yield process
    process.kill()
    process.communicate()


def test_a_program_cannot_disguise_itself_by_its_name(child: subprocess.Popen[bytes]):
    seen = proc.status(child.pid)
    assert seen is not None
    assert (seen.parent, seen.dead, seen.stopped) == (os.getpid(), False, False)


def test_ps_tells_the_same_as_proc(child: subprocess.Popen[bytes]):
    seen, asked = proc.status(child.pid), proc.status_from_ps(child.pid)
    assert seen is not None
    assert asked is not None
    assert (asked.parent, asked.dead) == (seen.parent, seen.dead)
    assert asked == proc.status_from_ps(child.pid)


def test_a_process_that_is_gone_has_no_status(child: subprocess.Popen[bytes]):
    child.kill()
    child.wait()
    assert proc.status(child.pid) is None
    assert proc.status_from_ps(child.pid) is None
    assert proc.children(child.pid) == []


def test_a_scan_finds_the_same_children_as_the_kernels_list(child: subprocess.Popen[bytes]):
    assert child.pid in proc.children(os.getpid())
    assert sorted(proc._children_by_scan(os.getpid())) == sorted(proc.children(os.getpid()))


def test_the_environment_of_anothers_process_is_not_asked_for():
    assert not proc.environment_holds(2**30, b"PATH=")


def test_one_boot_has_one_name():
    assert proc.boot_id() == proc.boot_id() != ""


def test_what_a_process_was_started_with_and_where_it_works_can_be_told(child: subprocess.Popen[bytes], stage: Stage):
    assert proc.arguments(child.pid)[-2].endswith(b"time.sleep(60)\n")
    assert proc.working_folder(child.pid) == stage.folder
    child.kill()
    child.wait()
    assert proc.arguments(child.pid) == []
    assert proc.working_folder(child.pid) is None
