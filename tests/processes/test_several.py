"""Several programs at once, each below a reaper: each for its own reasons, and nobody touches another's tree."""

import json
import signal
import time
from typing import Any

import pytest

from loop_kit.processes.lineage import children, descendants
from loop_kit.processes.signals import Interruption
from loop_kit.processes.spawn import spawn
from loop_kit.processes.supervise import HowEnded, Limits, Watch, supervise_all
from tests.processes import stubborn
from tests.processes.conftest import PATIENCE, Stage, descriptors, wait_until


def touching(stage: Stage, name: str) -> Watch:
    """Return a watch that notices, in its tick, that the other program has ended, and writes that down."""

    def tick() -> bool:
        if (stage.folder / "daemon").exists() and len(children()) == before + 1:
            (stage.folder / name).touch()
        return False

    before = len(children())
    return Watch(tick=tick, tick_every=0.02)


# Each for its own reasons


def test_one_ends_with_its_daemon_and_the_other_goes_on_with_its_child(stage: Stage):
    daemon = stage.job(stubborn.after("keeping", stubborn.daemon()))
    keeper = stage.job(stubborn.KEEPS_A_CHILD, watch=touching(stage, "ended"))
    first, second = stage.supervise_all(daemon, keeper)
    assert (first.how, first.exit_code, first.swept) == (HowEnded.EXITED, 0, 1)
    assert (second.how, second.out_tail, second.swept) == (HowEnded.EXITED, "child lives\n", 0)
    assert not (stage.folder / "late").exists()


def test_a_timeout_is_for_one_alone(stage: Stage):
    deaf = """signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while not os.path.exists("keeping"):
        print(".", flush=True)
        time.sleep(0.005)
    time.sleep(60)"""
    silent = stage.job(stubborn.daemon(then=deaf), limits=Limits(idle=1.5, grace=0.1))
    keeper = stage.job(stubborn.KEEPS_A_CHILD, watch=touching(stage, "ended"))
    first, second = stage.supervise_all(silent, keeper)
    assert (first.how, first.exit_code, first.swept) == (HowEnded.IDLE_TIMEOUT, -signal.SIGKILL, 1)
    assert (second.how, second.exit_code, second.out_tail) == (HowEnded.EXITED, 0, "child lives\n")


def test_a_tick_ends_its_own_program(stage: Stage):
    asks = Watch(tick=lambda: {"keeping", "daemon"} <= set(stage.names()), tick_every=0.02)
    ended = stage.job(stubborn.daemon(then="time.sleep(60)"), watch=asks, limits=Limits(urgent_grace=0.5))
    keeper = stage.job(stubborn.KEEPS_A_CHILD, watch=touching(stage, "ended"))
    first, second = stage.supervise_all(ended, keeper)
    assert (first.how, first.exit_code, first.swept) == (HowEnded.ASKED, -signal.SIGTERM, 1)
    assert (second.how, second.out_tail) == (HowEnded.EXITED, "child lives\n")


def test_a_flood_of_one_does_not_keep_the_other_waiting(stage: Stage):
    flood = stage.job("while True: print('x' * 1000)", limits=Limits(wall=1, grace=0.1))
    ended = stage.supervise_all(flood, stage.job("print('heard')"))
    assert [(each.how, each.out_tail[-6:]) for each in ended][1] == (HowEnded.EXITED, "heard\n")
    assert ended[1].seconds < 1 < ended[0].seconds < 5


def test_a_fork_storm_is_ended_below_its_reaper(stage: Stage):
    storm = stage.job(stubborn.FORK_STORM, limits=Limits(idle=0.5, grace=0.1))
    keeper = stage.job(
        stubborn.KEEPS_A_CHILD.replace('"ended"', '"storm"'), watch=Watch(tick=lambda: False, tick_every=0.02)
    )
    first, second = stage.supervise_all(storm, keeper)
    assert (first.how, first.left) == (HowEnded.IDLE_TIMEOUT, ())
    assert first.seconds < 20, "the storm blew over by itself"
    assert (second.how, second.out_tail) == (HowEnded.EXITED, "child lives\n")


def test_a_gentle_end_lets_the_program_below_the_reaper_end_its_own_tree(stage: Stage):
    code = """
import os, signal, sys, time
child = os.fork()
if child:
    def end(*_):
        os.kill(child, signal.SIGTERM); print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True); sys.exit(5)
    signal.signal(signal.SIGTERM, end)
else:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(7))
open("parent" if child else "child", "w").close()
while True:
    time.sleep(0.02)
"""
    ready = Watch(tick=lambda: {"parent", "child"} <= set(stage.names()), tick_every=0.02)
    gentle = stage.job(code, watch=ready, limits=Limits(gentle=True, urgent_grace=PATIENCE))
    ended, _ = stage.supervise_all(gentle, stage.job("pass"))
    assert (ended.how, ended.exit_code, ended.out_tail, ended.swept) == (HowEnded.ASKED, 5, "7\n", 0)


# All of them


@pytest.mark.parametrize("where", ["on_line", "on_start", "tick"])
def test_a_callback_that_raises_ends_all_first(stage: Stage, where: str):
    def fail(*_: Any) -> Any:
        wait_until((stage.folder / "daemon").exists)
        raise ZeroDivisionError

    watch = Watch(**{"tick_every": 0.1, where: fail})  # type: ignore[arg-type]
    limits = Limits(urgent_grace=0.1)
    failing = stage.job("print('x', flush=True); import time; time.sleep(60)", watch=watch, limits=limits)
    with pytest.raises(ZeroDivisionError):
        stage.supervise_all(failing, stage.job(stubborn.daemon(then="time.sleep(60)"), limits=limits))
    assert stage.survivors() == []


def test_an_interruption_ends_all_trees(stage: Stage):
    process = stage.supervising(stubborn.daemon(then="time.sleep(60)"), stubborn.IGNORE_SIGTERM, urgent_grace=1)
    stage.says("daemon")
    stage.says("pid")
    process.send_signal(signal.SIGINT)
    ended = json.loads(process.communicate(timeout=PATIENCE)[0])
    assert [(each["how"], each["requested"], each["exit_code"], each["swept"]) for each in ended] == [
        ("interrupted", "SIGINT", -signal.SIGTERM, 1),
        ("interrupted", "SIGINT", -signal.SIGKILL, 0),
    ]
    assert stage.survivors() == []


def test_a_second_interruption_ends_the_patience_with_all(stage: Stage):
    deaf = stubborn.IGNORE_SIGTERM
    process = stage.supervising(deaf, deaf.replace('"pid"', '"pid2"'), urgent_grace=60)
    stage.says("pid")
    stage.says("pid2")
    started = time.monotonic()
    while process.poll() is None:
        assert time.monotonic() < started + PATIENCE, "the second interruption was not heard"
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)
    assert [each["exit_code"] for each in json.loads(process.communicate()[0])] == [-signal.SIGKILL] * 2
    assert stage.survivors() == []


def test_when_the_supervisor_is_killed_the_reapers_end_their_trees(stage: Stage):
    process = stage.supervising(stubborn.daemon(then="time.sleep(60)"), stubborn.IGNORE_SIGTERM)
    stage.says("daemon")
    stage.says("pid")
    process.kill()
    process.communicate()
    wait_until(lambda: stage.survivors() == [], "the end of all")


def test_when_the_supervisor_is_killed_they_are_asked_first(stage: Stage):
    code = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (open("asked", "w").write("politely"), sys.exit(0)))
open("ready", "w").write("yes")
while True:
    time.sleep(0.02)
"""
    process = stage.supervising(code, stubborn.IGNORE_SIGTERM)
    stage.says("ready")
    process.kill()
    process.communicate()
    assert stage.says("asked") == "politely"
    wait_until(lambda: stage.survivors() == [], "the end of all")


def test_no_zombie_and_no_descriptor_is_left_by_several(stage: Stage):
    open_before, below = descriptors(), descendants()
    stage.supervise_all(stage.job(stubborn.daemon()), stage.job(stubborn.HELPER_HOLDS_STDOUT))
    assert (descriptors(), descendants()) == (open_before, below)


def test_what_was_running_before_several_is_spared(stage: Stage):
    before = spawn(stage.command("import time; time.sleep(60)"))
    try:
        wait_until(lambda: stage.survivors() == [before.pid])
        supervise_all(
            [stage.job(stubborn.daemon()), stage.job(stubborn.KILLS_ITS_REAPER)],
            interruption=Interruption.none(),
        )
        assert stage.survivors() == [before.pid]
        assert before.poll() is None
    finally:
        before.kill()
        before.communicate()
