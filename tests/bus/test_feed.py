import json
import os
import time
from collections.abc import Iterable
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from loop_kit.bus.feed import PATIENCE_SECONDS, PROBLEMS_LIMIT, Feed
from loop_kit.errors import LockedError, LoopError, NeedsPersonError, Outcome
from loop_kit.model.events import LeftBehind, OtherEvent, RoundStarted, RunEnded
from loop_kit.model.feed_event import FeedEvent
from loop_kit.model.state import LogAnchor
from tests.bus.children import release, run, running, said

NOW = "2025-01-31T08:00:00.000Z"
# Changing this file is a change of the protocol: the digests in it chain the lines.
GOLDEN = Path(__file__).parent / "golden" / "feed.jsonl"


@pytest.fixture
def feed(tmp_path):
    return Feed(tmp_path / "feed.jsonl")


def tell(feed: Feed, event: str = "told", **data: Any) -> FeedEvent:
    return feed.append(OtherEvent(event, data), run_id="r-1", now=NOW)


def texts(feed: Feed) -> list[str]:
    return [fault.text for fault in feed.verify()]


def names(events: Iterable[FeedEvent]) -> list[str]:
    return [event.name for event in events]


def test_events_are_counted_and_chained_in_the_form_of_the_protocol(feed):
    tell(feed, "run_started", task_id="T-001", goal="Größe")
    tell(feed, "round_started", round=1)
    tell(feed, "run_ended", outcome="approved", lone="\ud800")
    assert feed.path.read_bytes() == GOLDEN.read_bytes()
    assert feed.verify() == []


def test_an_event_comes_back_as_it_was_written(feed):
    told = [tell(feed, data=number) for number in range(3)]
    assert list(feed.read()) == told
    assert [event.seq for event in told] == [1, 2, 3]
    assert told[0].prev == ""
    assert told[1].prev == sha256(feed.path.read_bytes().splitlines()[0]).hexdigest()


def test_a_feed_that_is_not_there_is_empty(feed):
    assert list(feed.read()) == []
    assert feed.tail(5) == []
    assert feed.verify() == []


def test_reading_goes_on_after_a_known_event_and_stops_at_a_limit(feed):
    for number in range(1, 11):
        tell(feed, f"e{number}")
    assert names(feed.read(after_seq=7)) == ["e8", "e9", "e10"]
    assert names(feed.read(after_seq=10)) == []
    assert names(feed.read(after_seq=99)) == []
    assert names(feed.read(after_seq=2, limit=3)) == ["e3", "e4", "e5"]
    assert names(feed.read(limit=0)) == []


def test_the_tail_is_the_last_events_in_order(feed):
    for number in range(1, 6):
        tell(feed, f"e{number}")
    assert names(feed.tail(2)) == ["e4", "e5"]
    assert names(feed.tail(99)) == ["e1", "e2", "e3", "e4", "e5"]
    assert feed.tail(0) == []


def test_events_are_found_by_kind_whatever_else_their_lines_and_others_say(feed):
    started, ended = RoundStarted(round=1, head_sha="run_ended"), RunEnded(outcome=Outcome.STOPPED, round=1, error="")
    told = [feed.append(each, run_id="r-1", now=NOW) for each in (started, OtherEvent("other", {}), ended, started)]
    tell(feed, "round_started", about='"round_started"')
    with feed.path.open("ab") as file:
        file.write(b'{"event":"round_started"')
    assert list(feed.of_kinds(RoundStarted, RunEnded)) == [told[0], told[2], told[3]]
    assert list(feed.of_kinds(RunEnded)) == [told[2]]
    assert list(feed.of_kinds(LeftBehind)) == []
    assert list(Feed(feed.path.with_name("absent")).of_kinds(RunEnded)) == []


def test_a_torn_last_line_does_not_hide_the_others(feed):
    tell(feed, "one")
    tell(feed, "two")
    with feed.path.open("ab") as file:
        file.write(b'{"seq":3,"prev":"ab')
    assert names(feed.read()) == ["one", "two"]
    assert feed.broken == 0  # it may still be in the writing
    assert names(feed.tail(1)) == ["two"]
    assert texts(feed) == ["line 3, the last, is torn"]


def test_the_chain_goes_on_over_a_torn_line(feed):
    tell(feed, "one")
    with feed.path.open("ab") as file:
        file.write(b'{"seq":2,"prev":"ab')
    after = tell(feed, "two")
    assert after.seq == 2
    assert after.prev == sha256(b'{"seq":2,"prev":"ab').hexdigest()
    assert names(feed.read()) == ["one", "two"]
    assert feed.broken == 1
    assert texts(feed) == ["line 2 cannot be read"]


def test_a_line_that_lacks_only_its_newline_is_an_event(feed):
    tell(feed, "one")
    tell(feed, "two")
    os.truncate(feed.path, feed.path.stat().st_size - 1)
    assert names(feed.read()) == ["one", "two"]
    assert tell(feed, "three").seq == 3
    assert feed.verify() == []


def test_a_writer_killed_again_and_again_breaks_no_chain(feed):
    script = """
import sys
from pathlib import Path
from loop_kit.bus.feed import Feed
from loop_kit.model.events import OtherEvent
feed = Feed(Path(sys.argv[1]))
while True:
    feed.append(OtherEvent("told", {"text": "x" * 20000}), run_id="r", now="2025-01-31T08:00:00.000Z")
    print("told", flush=True)
"""
    for _ in range(4):
        with running(script, feed.path) as writer:
            for _ in range(3):
                assert said(writer) == "told"
            writer.kill()
            writer.wait()
    tell(feed, "after")
    events = list(feed.read())
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert len(feed.verify()) == feed.broken


def test_writers_at_the_same_time_take_turns(feed):
    script = """
import sys
from pathlib import Path
from loop_kit.bus.feed import Feed
from loop_kit.model.events import OtherEvent
feed = Feed(Path(sys.argv[1]))
sys.stdin.read()
for _ in range(50): feed.append(OtherEvent("told", {}), run_id="r", now="2025-01-31T08:00:00.000Z")
"""
    with ExitStack() as stack:
        release([stack.enter_context(running(script, feed.path)) for _ in range(3)])
    assert [event.seq for event in feed.read()] == list(range(1, 151))
    assert feed.verify() == []


def test_a_program_that_keeps_the_feed_locked_is_said_by_name_and_nothing_is_written(feed):
    script = """
import fcntl, sys
file = open(sys.argv[1], "ab")
fcntl.flock(file, fcntl.LOCK_EX)
print("locked", flush=True)
sys.stdin.read()
"""
    tell(feed)
    before = feed.path.read_bytes()
    with running(script, feed.path) as greedy:
        assert said(greedy) == "locked"
        for told in (tell, Feed.sync):
            with pytest.raises(LockedError, match=r"feed\.jsonl for more than 0\.2 s") as caught:
                told(Feed(feed.path, patience=0.2))
            assert "fuser" in caught.value.hint
    assert feed.path.read_bytes() == before
    assert PATIENCE_SECONDS >= 10  # a busy machine is no reason to fail
    assert tell(feed).seq == 2


def test_the_end_of_the_feed_is_synced_and_returned(feed):
    assert Feed(feed.path).sync() is None
    for _ in range(3):
        tell(feed)
    lines = feed.path.read_bytes().splitlines()
    third = LogAnchor(3, sha256(lines[2]).hexdigest())
    assert feed.sync() == third
    with feed.path.open("ab") as file:
        file.write(b'{"seq":4,"prev":"ab')
    assert feed.sync(third) == third
    assert feed.end() == (3, True)
    assert tell(feed).seq == 4
    assert feed.sync(LogAnchor(1, sha256(lines[0]).hexdigest())) == feed.sync(third) != third
    assert feed.end() == (4, False)


@pytest.mark.parametrize("change", ["altered", "cut off", "gone", "written anew"])
def test_a_feed_that_is_not_the_one_that_was_anchored_is_said_by_name(feed, change):
    for _ in range(3):
        tell(feed, "told")
    anchored = feed.sync()
    lines = feed.path.read_bytes().splitlines(keepends=True)
    feed.path.unlink()
    if change == "altered":
        feed.path.write_bytes(b"".join([*lines[:2], lines[2].replace(b"told", b"TOLD")]))
        tell(feed)
    elif change == "cut off":
        feed.path.write_bytes(b"".join(lines[:2]))
    elif change == "written anew":
        for _ in range(4):
            tell(feed, "other")
        assert feed.verify() == []
    with pytest.raises(NeedsPersonError, match="does not hold event 3 as it was anchored"):
        feed.sync(anchored)
    assert feed.holds([anchored]) == set()


def test_a_feed_that_goes_on_holds_what_was_anchored(feed):
    tell(feed)
    first = feed.sync()
    tell(feed)
    second = feed.sync(first)
    tell(feed)
    assert feed.holds([first, second]) == {first, second}
    assert feed.holds([]) == set()


def test_what_was_anchored_is_found_without_reading_the_whole_of_a_long_feed(feed):
    tell(feed, "one")
    feed.path.write_bytes(feed.path.read_bytes() * 200_000)
    anchored = feed.sync()
    began = time.monotonic()
    for _ in range(20):
        tell(feed)
        feed.sync(anchored)
    assert time.monotonic() - began < 2


def test_a_lost_an_altered_and_an_added_line_are_found(feed):
    for number in range(1, 5):
        tell(feed, f"e{number}")
    lines = feed.path.read_bytes().splitlines(keepends=True)
    digest = "the line before it is not the one it was written after"
    feed.path.write_bytes(b"".join([lines[0], lines[2], lines[3]]))
    assert texts(feed) == ["line 2: event 3 follows event 1", f"line 2: {digest}"]
    feed.path.write_bytes(b"".join([lines[0], lines[1].replace(b"e2", b"E2"), lines[2], lines[3]]))
    assert texts(feed) == [f"line 3: {digest}"]
    feed.path.write_bytes(b"".join([lines[0], lines[1], b"noise\n", lines[2], lines[3]]))
    assert texts(feed) == ["line 3 cannot be read", f"line 4: {digest}"]
    feed.path.write_bytes(b"".join(lines[1:]))
    assert texts(feed) == ["line 1: event 2 follows event 0", f"line 1: {digest}"]


def test_a_feed_of_garbage_gives_a_bounded_answer(feed):
    feed.path.write_bytes(b"noise\n" * 20_000)
    assert len(feed.verify()) == PROBLEMS_LIMIT
    assert list(feed.read()) == []
    assert feed.broken == 20_000
    assert tell(feed).seq == 1


def test_an_endless_line_is_skipped_with_bounded_memory(feed):
    tell(feed, "one")
    with feed.path.open("ab") as file:
        for _ in range(64):
            file.write(b"x" * (1 << 20))
    script = """
import resource, sys
from pathlib import Path
from loop_kit.bus.feed import Feed
from loop_kit.model.events import OtherEvent
feed = Feed(Path(sys.argv[1]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
feed.append(OtherEvent("two", {}), run_id="r", now="2025-01-31T08:00:00.000Z")
events = [event.name for event in feed.read()]
tail = [event.name for event in feed.tail(2)]
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(events, tail, feed.broken, grown < 16 << 10, len(feed.verify()))
"""
    assert run(script, feed.path) == "['one', 'two'] ['one', 'two'] 1 True 1"


def test_appending_reads_only_the_end_of_a_long_feed(feed):
    tell(feed, "one")
    line = feed.path.read_bytes()
    feed.path.write_bytes(line * 200_000)
    began = time.monotonic()
    for _ in range(20):
        tell(feed)
        feed.tail(5)
        list(feed.read(after_seq=1_000_000_000))
    assert time.monotonic() - began < 2


def test_a_feed_that_cannot_be_written_is_said_by_name(tmp_path):
    with pytest.raises(LoopError, match=r"feed\.jsonl cannot be written: No such file"):
        tell(Feed(tmp_path / "absent" / "feed.jsonl"))
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(LoopError, match="fifo is a FIFO, not a file"):
        tell(Feed(tmp_path / "fifo"))
    script = """
import resource, sys
from pathlib import Path
from loop_kit.bus.feed import Feed
from loop_kit.errors import LoopError
from loop_kit.model.events import OtherEvent
feed = Feed(Path(sys.argv[1]))
feed.append(OtherEvent("one", {}), run_id="r", now="2025-01-31T08:00:00.000Z")
resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
try: feed.append(OtherEvent("two", {"text": "x" * 500}), run_id="r", now="2025-01-31T08:00:00.000Z")
except LoopError as error: print(error.hint)
print([event.name for event in feed.read()])
"""
    lines = run(script, tmp_path / "feed.jsonl").splitlines()
    assert lines == ["make room on the disk, then run the same command again", "['one']"]
    feed = Feed(tmp_path / "feed.jsonl")
    assert tell(feed, "three").seq == 2
    assert names(feed.read()) == ["one", "three"]
    assert json.loads(feed.path.read_bytes().splitlines()[-1])["event"] == "three"
