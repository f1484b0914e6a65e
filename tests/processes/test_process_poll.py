import math
import os
import signal
import time

from loop_kit.processes.process_poll import ProcessPoll
from loop_kit.processes.signals import Interruption, listening

SHORT = 0.05  # seconds


def waits_in_full(poll: ProcessPoll) -> bool:
    started = time.monotonic()
    return poll.wait(SHORT) == set() and time.monotonic() >= started + SHORT


def test_a_wait_ends_with_the_next_byte_and_its_listener_takes_it_in():
    reader, writer = os.pipe()
    heard: list[bytes] = []

    def listen() -> bool:
        heard.append(os.read(reader, 10))
        return True

    poll = ProcessPoll(Interruption.none())
    poll.listen(reader, listen)
    for word in (b"first", b"second"):
        os.write(writer, word)
        assert poll.wait(math.inf) == {reader}
    assert heard == [b"first", b"second"]
    assert waits_in_full(poll)
    os.close(reader)
    os.close(writer)


def test_a_listener_that_expects_no_more_is_forgotten():
    reader, writer = os.pipe()
    os.close(writer)  # from here on it stays readable
    poll = ProcessPoll(Interruption.none())
    poll.listen(reader, lambda: False)
    assert poll.wait(math.inf) == {reader}
    assert waits_in_full(poll)
    poll.forget(reader)
    os.close(reader)


def test_a_signal_wakes_once_and_does_not_keep_awake():
    with listening() as interruption:
        poll = ProcessPoll(interruption)
        os.kill(os.getpid(), signal.SIGTERM)
        assert poll.wait(math.inf) == {interruption.fileno()}
        assert waits_in_full(poll)
