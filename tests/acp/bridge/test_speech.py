import json
from typing import Any

import pytest

from loop_kit_acp.bridge.speech import MESSAGE, TOOLS, Speech


class Room:
    """A speech with a clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.lines: list[str] = []
        self.speech = Speech(write=self.lines.append, clock=lambda: self.now)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]

    @property
    def said(self) -> list[str]:
        return [event["text"] for event in self.events if event["event"] == "said"]

    def use(self, **given: Any) -> None:
        self.speech.use("t-1", **{"kind": None, "title": None, "given": None, **given})


@pytest.fixture
def room() -> Room:
    return Room()


def test_pieces_become_a_message(room: Room):
    for piece in ("", "I ", "will", "."):
        room.speech.say(piece, "m-1")
    assert room.said == []
    room.speech.say("Done.", "m-2")
    room.speech.end()
    assert room.said == ["I will.", "Done."]


def test_without_ids_whatever_comes_between_ends_a_message(room: Room):
    room.speech.say("One.", None)
    room.use(kind="execute", title="ls")
    room.speech.say("Two.", None)
    room.speech.end_message()
    assert [event["event"] for event in room.events] == ["said", "tool", "said"]


def test_of_a_long_message_the_end_is_told(room: Room):
    for number in range(40):
        room.speech.say(chr(ord("a") + number % 26) * 50_000, None)
    room.speech.end()
    assert [len(text) for text in room.said] == [MESSAGE]
    assert room.said[0].endswith("n" * 50_000)
    assert len(room.lines[0].encode()) < 4 << 20


def test_the_longest_line_is_one_that_loop_reads(room: Room):
    room.speech.say("\x00" * MESSAGE, None)
    room.speech.end()
    assert MESSAGE < len(room.lines[0].encode()) < 4 << 20


def test_a_tool_is_told_once_and_with_its_command(room: Room):
    room.use(kind="execute", title="Terminal", given={}, waits=True)
    assert room.events == []
    room.use(title="run it", given={"command": "make test"})
    room.use(title="run it", given=None)
    assert room.events == [{"event": "tool", "name": "execute", "detail": "make test"}]


def test_a_tool_of_which_no_more_is_said_is_told_at_the_end(room: Room):
    room.use(title="Thinking", waits=True)
    room.speech.end()
    room.speech.end()
    assert room.events == [{"event": "tool", "name": "tool", "detail": "Thinking"}]


def test_a_file_is_a_detail_too(room: Room):
    room.use(kind="read", title="Read a file", given={"path": "src/a.py"}, waits=True)
    assert room.events == [{"event": "tool", "name": "read", "detail": "src/a.py"}]


def test_tools_are_not_remembered_for_ever(room: Room):
    for number in range(2 * TOOLS):
        room.speech.use(f"t-{number}", kind="read", title=str(number), given=None, waits=True)
    assert len(room.speech.tools) == TOOLS
    assert len(room.events) == TOOLS


def test_an_agent_that_streams_shows_that_it_lives_once_a_second(room: Room):
    room.speech.tell({"event": "session", "id": "s"})
    for _ in range(100):
        room.now += 0.1
        room.speech.say("x", "m")
        room.speech.hear()
    assert 9 <= len([event for event in room.events if event["event"] == "heard"]) <= 10


def test_silence_makes_no_line(room: Room):
    room.speech.tell({"event": "session", "id": "s"})
    room.now += 1000
    assert len(room.lines) == 1
