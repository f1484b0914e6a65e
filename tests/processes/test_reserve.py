import os
import signal

from loop_kit.processes.signals import Interruption
from loop_kit.processes.supervise import HowEnded, Limits, Watch, supervise
from loop_kit.runs.stand_by import Reserve
from tests.processes import stubborn
from tests.processes.conftest import Stage, descriptors

ANSWERS = "import os; word = os.read(0, 1); print('called' if word else 'sent away', flush=True)"
WAITS = "import os; os.read(0, 1)"


def test_it_does_nothing_until_it_is_called_and_is_supervised_from_then_on(stage: Stage):
    reserve = Reserve(stage.command(ANSWERS))
    assert reserve._process.poll() is None
    called = reserve.call()
    assert called is not None
    ended = supervise(called, limits=Limits(), watch=Watch(), interruption=Interruption.none())
    assert (ended.how, ended.exit_code, ended.out_tail) == (HowEnded.EXITED, 0, "called\n")


def test_once_called_it_is_ended_with_its_tree(stage: Stage):
    reserve = Reserve(stage.command(f"import os; os.read(0, 1)\n{stubborn.daemon(then='time.sleep(60)')}"))
    called = reserve.call()
    assert called is not None
    watch = Watch(tick=(stage.folder / "daemon").exists, tick_every=0.02)
    ended = supervise(called, limits=Limits(urgent_grace=0.5), watch=watch, interruption=Interruption.none())
    assert (ended.how, ended.exit_code, ended.swept) == (HowEnded.ASKED, -signal.SIGTERM, 1)


def test_one_that_has_ended_cannot_be_called_and_leaves_nothing(stage: Stage):
    before = descriptors()
    reserve = Reserve(stage.command("pass"))
    reserve._process.wait(timeout=10)
    assert reserve.call() is None
    assert descriptors() == before


def test_sent_away_it_is_gone(stage: Stage):
    before = descriptors()
    reserve = Reserve(stage.command(WAITS))
    reserve.dismiss()
    assert reserve._process.poll() is not None
    assert descriptors() == before


def test_it_ends_when_whoever_started_it_has_ended(stage: Stage):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        reserve = Reserve(stage.command(f"{WAITS}; os.write({writer}, b'gone')", pass_fds=(writer,)))
        os._exit(0 if reserve._process.poll() is None else 1)
    os.close(writer)
    assert os.waitpid(child, 0)[1] == 0
    assert os.read(reader, 10) == b"gone"
    os.close(reader)


def test_one_that_was_started_before_a_program_is_no_part_of_its_tree(stage: Stage):
    reserve = Reserve(stage.command(WAITS))
    supervise(stage.command("print('now')"), limits=Limits(), watch=Watch(), interruption=Interruption.none())
    assert reserve._process.poll() is None
    reserve.dismiss()
