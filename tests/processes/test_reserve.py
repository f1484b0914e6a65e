import os

import pytest

from loop_kit.processes.lineage import ProcessId
from loop_kit.processes.reserve import Reserve
from loop_kit.processes.signals import Interruption
from loop_kit.processes.supervise import HowEnded, Limits, Watch, supervise
from tests.processes.conftest import Stage, descriptors

ANSWERS = "import os; word = os.read(0, 1); print('called' if word else 'sent away', flush=True)"
WAITS = "import os; os.read(0, 1)"


def test_it_does_nothing_until_it_is_called_and_is_supervised_from_then_on(stage: Stage):
    reserve = Reserve(stage.command(ANSWERS))
    assert reserve.process_id is not None
    assert reserve.process_id.alive()
    called = reserve.call()
    assert called is not None
    ended = supervise(called, limits=Limits(), watch=Watch(), interruption=Interruption.none())
    assert (ended.how, ended.exit_code, ended.out_tail) == (HowEnded.EXITED, 0, "called\n")


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
    assert reserve.process_id is not None
    assert not reserve.process_id.alive()
    assert descriptors() == before


def test_it_ends_when_whoever_started_it_has_ended(stage: Stage):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        reserve = Reserve(stage.command(f"{WAITS}; os.write({writer}, b'gone')", pass_fds=(writer,)))
        os._exit(0 if reserve.process_id is not None else 1)
    os.close(writer)
    assert os.waitpid(child, 0)[1] == 0
    assert os.read(reader, 10) == b"gone"
    os.close(reader)


@pytest.mark.parametrize("beside", [True, False])
def test_what_a_callback_started_for_later_is_swept_unless_it_is_beside(stage: Stage, beside: bool):
    reserves: list[Reserve] = []
    kept: set[ProcessId] = set()

    def start(_line: str) -> None:
        reserves.append(Reserve(stage.command(WAITS)))
        if beside:
            kept.update(filter(None, [reserves[0].process_id]))

    watch = Watch(on_line=start, beside=kept)
    supervise(stage.command("print('now')"), limits=Limits(), watch=watch, interruption=Interruption.none())
    assert reserves[0].process_id is not None
    assert reserves[0].process_id.alive() is beside
    reserves[0].dismiss()
