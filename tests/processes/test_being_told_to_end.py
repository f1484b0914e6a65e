import json
import os
import select
import signal
import time
from pathlib import Path

import pytest

from loop_kit.processes.signals import Interruption
from loop_kit.processes.spawn import spawn
from loop_kit.processes.supervise import HowEnded, Limits, Watch, supervise
from tests.processes import stubborn
from tests.processes.conftest import Stage, wait_until


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interruption_ends_the_whole_tree_and_is_told(stage: Stage, number: signal.Signals):
    process = stage.supervising(stubborn.daemon(then="time.sleep(60)"), urgent_grace=0.1)
    stage.says("daemon")
    process.send_signal(number)
    ended = json.loads(process.communicate(timeout=10)[0])
    assert (ended["how"], ended["requested"], ended["exit_code"]) == ("interrupted", number.name, -signal.SIGTERM)
    assert stage.survivors() == []


def test_a_second_interruption_ends_the_patience(stage: Stage):
    process = stage.supervising(stubborn.IGNORE_SIGTERM, urgent_grace=60)
    stage.says("pid")
    started = time.monotonic()
    while process.poll() is None:
        assert time.monotonic() < started + 10, "the second interruption was not heard"
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)
    assert json.loads(process.communicate()[0])["exit_code"] == -signal.SIGKILL
    assert stage.survivors() == []


def test_a_storm_of_interruptions_tears_nothing(stage: Stage):
    process = stage.supervising(stubborn.daemon(then="time.sleep(60)"), urgent_grace=0.3)
    stage.says("daemon")
    assert process.stdout is not None
    while not select.select([process.stdout], [], [], 0)[0]:
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert (json.loads(out)["how"], err) == ("interrupted", b"")
    assert stage.survivors() == []


def test_a_gentle_end_lets_the_program_end_its_own_tree(stage: Stage):
    inner = json.dumps({"code": stubborn.daemon(then="time.sleep(60)"), "limits": {"urgent_grace": 0.2}})
    path = Path(__file__).with_name("supervising.py")
    code = f"import os, sys; os.execv(sys.executable, [sys.executable, {str(path)!r}, {inner!r}])"
    process = stage.supervising(code, urgent_grace=10, gentle=True)
    stage.says("daemon")
    process.send_signal(signal.SIGINT)
    outer = json.loads(process.communicate(timeout=10)[0])
    assert (outer["how"], outer["requested"], outer["exit_code"], outer["swept"]) == ("interrupted", "SIGINT", 0, 0)
    assert json.loads(outer["out_tail"])["requested"] == "SIGTERM"
    assert stage.survivors() == []


def test_a_gentle_end_does_not_wait_for_ever(stage: Stage):
    deaf = stubborn.daemon(
        then="signal.signal(signal.SIGTERM, signal.SIG_IGN); open('pid', 'w').write('x'); time.sleep(60)"
    )
    process = stage.supervising(deaf, urgent_grace=0.2, gentle=True)
    stage.says("pid")
    process.send_signal(signal.SIGTERM)
    ended = json.loads(process.communicate(timeout=10)[0])
    assert (ended["exit_code"], ended["swept"]) == (-signal.SIGKILL, 1)
    assert stage.survivors() == []


def test_when_the_supervisor_is_killed_the_one_above_ends_its_tree(stage: Stage):
    order = json.dumps({"code": stubborn.daemon(then="time.sleep(60)"), "limits": {}})

    def kill_when_ready() -> bool:
        if (stage.folder / "daemon").exists():
            os.kill(pids[0], signal.SIGKILL)
        return False

    pids: list[int] = []
    ended = supervise(
        stage.script("supervising.py", order),
        limits=Limits(wall=10),
        watch=Watch(on_start=pids.append, tick=kill_when_ready, tick_every=0.02),
        interruption=Interruption.none(),
    )
    assert (ended.how, ended.exit_code, ended.swept) == (HowEnded.EXITED, -signal.SIGKILL, 2)
    assert stage.survivors() == []


def test_when_the_one_above_dies_the_supervisor_ends_its_tree(stage: Stage):
    code = f"""
import json, os, subprocess, sys
order = {{"code": {stubborn.daemon(then="time.sleep(60)")!r}, "limits": {{"urgent_grace": 0.1}}, "die_with_parent": os.getpid()}}
subprocess.run([sys.executable, {str(Path(__file__).with_name("supervising.py"))!r}, json.dumps(order)])
"""
    above = spawn(stage.command(code))
    stage.says("daemon")
    above.kill()
    above.communicate()
    wait_until(lambda: stage.survivors() == [], "the end of all")
