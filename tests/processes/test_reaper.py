import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from loop_kit.processes import reaper
from loop_kit.processes.lineage import ProcessId
from loop_kit.processes.spawn import spawn
from tests.processes.conftest import PATIENCE, Stage, wait_until

# The reaper is started for every program, so what it reads is counted: ctypes for prctl, and what signal needs.
MODULES = 25 + 3  # as Python 3.11 has it, and what another version may need

BELOW = """
import os, time
if not os.fork():
    open("orphan", "w").write(str(os.getpid()))
    time.sleep(60)
"""


def begin(stage: Stage, code: str) -> "tuple[subprocess.Popen[bytes], int]":
    """Start the reaper's file as a bare program, and return it with the end of the pipe that its report comes from."""
    reader, writer = os.pipe()
    spare = os.open(os.devnull, os.O_RDONLY)
    argv, env = (
        [os.fsencode(word) for word in stage.command(code).argv],
        {k.encode(): v.encode() for k, v in stage.env.items()},
    )
    order = f"run({argv!r}, {env!r}, session=True, parent={os.getpid()}, script={spare}, report={writer})"
    text = Path(reaper.__file__).read_text(encoding="utf-8") + order
    process = spawn(stage.command("", argv=(sys.executable, "-I", "-S", "-c", text), pass_fds=(spare, writer)))
    os.close(spare)
    os.close(writer)
    return process, reader


@pytest.fixture
def sleeper(stage: Stage) -> Iterator["subprocess.Popen[bytes]"]:
    process = spawn(stage.command("import time; time.sleep(60)"))
    yield process
    process.kill()
    process.communicate()


def test_it_reports_the_program_and_ends_when_the_last_orphan_has_ended(stage: Stage):
    process, reader = begin(stage, BELOW)
    with os.fdopen(reader, encoding="utf-8") as report:
        started = report.readline().split()
        assert (started[0], report.readline()) == ("started", "ended 0\n")
        orphan = int(stage.says("orphan"))
        wait_until(lambda: orphan in reaper_children(process.pid), "the orphan to be adopted")
        assert process.poll() is None
        os.kill(orphan, signal.SIGKILL)
        assert process.wait(timeout=PATIENCE) == 0
        assert report.read() == ""
    process.communicate()


def reaper_children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def test_what_is_meant_for_the_program_does_not_end_its_reaper(stage: Stage):
    process, reader = begin(stage, BELOW)
    stage.says("orphan")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        process.send_signal(number)
    identity = ProcessId.of(process.pid)
    assert identity is not None
    assert identity.alive()
    process.send_signal(signal.SIGUSR1)  # "end your tree"
    assert process.wait(timeout=PATIENCE) == 0
    assert stage.survivors() == []
    process.communicate()
    os.close(reader)


def test_it_does_not_begin_when_loop_is_gone_already(stage: Stage):
    order = f"run([], {{}}, session=True, parent={os.getpid()}, script=0, report=0)"
    text = Path(reaper.__file__).read_text(encoding="utf-8") + order
    code = f"import subprocess, sys; print(subprocess.run([sys.executable, '-I', '-S', '-c', {text!r}]).returncode)"
    process = spawn(stage.command("", argv=(sys.executable, "-c", code)))
    assert process.communicate(timeout=PATIENCE) == (b"1\n", b"")


def test_its_children_are_found_in_either_way(sleeper: "subprocess.Popen[bytes]"):
    assert sleeper.pid in reaper.children()
    assert reaper.parent_of(str(sleeper.pid)) == os.getpid()
    assert reaper.parent_of("999999999") == 0


def test_it_reads_little_and_nothing_of_loop(stage: Stage):
    text = Path(reaper.__file__).read_text(encoding="utf-8")
    code = f"import sys; bare = set(sys.modules)\n{text}\nprint(*sorted(set(sys.modules) - bare))"
    process = spawn(stage.command("", argv=(sys.executable, "-I", "-S", "-c", code)))
    out, err = process.communicate(timeout=PATIENCE)
    modules = out.decode().split()
    assert (err, [name for name in modules if name.startswith("loop_kit")]) == (b"", [])
    assert len(modules) <= MODULES, modules
