import io
import json
from hashlib import sha256
from typing import Any

import pytest

from loop_kit.bus.feedlines import LINE_LIMIT, backwards, fitting, forwards, read_event
from loop_kit.model.feed_event import FeedEvent
from loop_kit.values import reading

EVENT = FeedEvent(seq=1, prev="", at="2025-01-31T08:00:00.000Z", name="told", run_id="r-1", data={"round": 1})


def line_of(data: dict[Any, Any]) -> tuple[FeedEvent, bytes]:
    return fitting(FeedEvent(seq=1, prev="", at="2025-01-31T08:00:00.000Z", name="told", run_id="", data=data))


def test_an_event_is_one_compact_line_that_reads_back_the_same():
    event, line = fitting(EVENT)
    assert event == EVENT
    assert line.startswith(b'{"seq":1,"prev":"","at":"2025-01-31T08:00:00.000Z","event":"told",')
    assert b"\n" not in line
    assert read_event(line) == EVENT


@pytest.mark.parametrize(
    "data",
    [
        {"text": "x" * 10_000_000},
        {"lines": ["x" * 1000] * 10_000},
        {"text": "\0" * 200_000},
        {"text": "\U0001f600" * 60_000},
        {f"key {number}": number for number in range(100_000)},
        {"k" * 1_000_000: 1},
        {"wide": [[[["x" * 50] * 50] * 50] * 50]},
    ],
)
def test_data_without_measure_are_shortened_until_the_line_fits(data):
    event, line = line_of(data)
    assert len(line) <= LINE_LIMIT
    assert read_event(line) == event
    assert event.seq == 1


def test_a_shortened_text_shows_that_it_was():
    event, _ = line_of({"text": "x" * 10_000_000, "round": 3})
    assert event.data["text"].endswith("x…")
    assert event.data["round"] == 3


def test_what_strict_readers_refuse_is_written_as_text():
    deep: list[object] = []
    for _ in range(500):
        deep = [deep]
    data = {"nan": float("nan"), "huge": 10**5000, "deep": deep, "lone": "\ud800", 7: "seven", "pair": (1, 2)}
    event, line = line_of(data)
    assert read_event(line) == event
    written = event.data
    assert written["nan"] == "nan"
    assert written["huge"].startswith("0x")
    assert written["7"] == "seven"
    assert written["pair"] == [1, 2]


@pytest.mark.parametrize(
    "change",
    [
        {"seq": 0},
        {"seq": True},
        {"seq": "1"},
        {"seq": 1.0},
        {"prev": None},
        {"data": []},
        {"more": 1},
    ],
)
def test_a_line_of_another_shape_is_no_event(change):
    assert read_event(json.dumps({**reading.write(EVENT), **change}).encode()) is None


@pytest.mark.parametrize("line", [b"", b"{", b"null", b"\xff", b"[" * 10_000, b"{}"])
def test_a_line_that_is_no_json_object_is_no_event(line):
    assert read_event(line) is None


CONTENTS = [
    b"",
    b"\n",
    b"a",
    b"a\n",
    b"a\nb",
    b"\n\na\n\n",
    b"x" * (LINE_LIMIT + 1) + b"\n",
    b"x" * (LINE_LIMIT * 3 + 7) + b"\nshort\n" + b"y" * LINE_LIMIT + b"\n" + b"z" * LINE_LIMIT * 2,
    b"".join(b"%d\n" % number * (number % 7) for number in range(3_000)),
    fitting(EVENT)[1].ljust(LINE_LIMIT * 2) + b"\n",
    fitting(EVENT)[1].ljust(LINE_LIMIT) + b"\n",
    fitting(EVENT)[1].ljust(LINE_LIMIT),
    fitting(EVENT)[1].ljust(LINE_LIMIT + 1) + b"\n",
    fitting(EVENT)[1].ljust(LINE_LIMIT + 1),
    fitting(EVENT)[1] + b"\n" + b"q" * LINE_LIMIT + b"\n" + fitting(EVENT)[1],
]


@pytest.mark.parametrize("content", CONTENTS)
def test_both_directions_see_the_same_lines(tmp_path, content):
    path = tmp_path / "feed"
    path.write_bytes(content)
    expected = [sha256(line).hexdigest() for line in content.removesuffix(b"\n").split(b"\n")] if content else []
    with path.open("rb") as file:
        there = list(forwards(file))
        back = list(backwards(file.fileno()))
    assert [line.digest for line in there] == expected
    assert there == back[::-1]


def test_a_line_over_the_limit_is_broken_even_if_it_is_an_event():
    document = {**reading.write(EVENT), "data": {"text": "x" * LINE_LIMIT}}
    (line,) = forwards(io.BytesIO(json.dumps(document).encode() + b"\n"))
    assert line.event is None
    assert line.ended
