import json
from pathlib import Path
from typing import Any

import pytest

from loop_kit.errors import Outcome
from loop_kit.model import schema
from loop_kit.model.events import Event, OtherEvent, RoundStarted, RunEnded, RunStarted
from loop_kit.model.feed_event import FeedEvent, data_of, name_of, read
from loop_kit.values import reading, replace
from tests.support.happenings import KINDS, fed, sample

EXAMPLE = Path(__file__).resolve().parent.parent.parent / ".loop.example/logs/feed.jsonl"
STARTED = RoundStarted(round=1, head_sha="e" * 40)
LINE = reading.write(replace(fed(STARTED), seq=2, prev="0f" * 32))


def test_an_event_satisfies_its_schema():
    assert schema.find_problem("feed_event", LINE) is None
    assert schema.find_problem("feed_event", {**LINE, "seq": 1, "prev": ""}) is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"seq": 0}, "$.seq: it should be at least 1, not 0"),
        ({"prev": "0f"}, "$.prev: it should be 64 hexadecimal digits, or empty, not '0f'"),
        ({"at": "yesterday"}, "$.at: it should be a time as 2025-01-31T08:00:00.000Z, not 'yesterday'"),
        (
            {"at": "2025-01-31T08:00:00.000Z\n"},
            "$.at: it should be a time as 2025-01-31T08:00:00.000Z, not '2025-01-31T08:00:00.000Z\\n'",
        ),
        ({"data": []}, "$.data: it should be an object, not a list"),
        ({"level": "info"}, "$.level: there is no such field, did you mean 'event'?"),
    ],
)
def test_a_wrong_event_is_refused_in_one_sentence(change, sentence):
    assert schema.find_problem("feed_event", {**LINE, **change}) == sentence


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_an_event_of_each_kind_is_read_as_it_was_written(kind: type[Event]):
    event = sample(kind)
    document = json.loads(json.dumps(data_of(event)))
    assert read(name_of(event), document) == event


def test_what_stands_on_the_feed_is_written_again_byte_for_byte():
    for text in EXAMPLE.read_text(encoding="utf-8").splitlines():
        line = reading.read(FeedEvent, json.loads(text))
        assert not isinstance(line.event, OtherEvent)
        again = reading.write(replace(line, data=data_of(line.event)))
        assert json.dumps(again, ensure_ascii=False, separators=(",", ":")) == text


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("of_a_newer_loop", {"round": 1}),
        ("run_ended", {}),
        ("run_ended", {"outcome": "promoted", "round": 1, "error": ""}),
        ("run_ended", {"outcome": "approved", "round": "1", "error": ""}),
        ("run_ended", {"outcome": "approved", "round": 1, "error": "", "more": 1}),
        ("dispatch_started", {**data_of(sample(KINDS["dispatch_started"])), "role": "../cook"}),
    ],
)
def test_what_another_version_wrote_is_kept_as_it_is(name: str, data: dict[str, Any]):
    event = read(name, data)
    assert event == OtherEvent(name, data)
    assert (name_of(event), data_of(event)) == (name, data)


def test_what_an_older_loop_did_not_write_may_be_missing():
    data = {"task_id": "T-1", "run_name": "T-1", "base_sha": "e" * 40, "branch": "main"}
    assert read("run_started", data) == RunStarted(task_id="T-1", run_name="T-1", base_sha="e" * 40, branch="main")


@pytest.mark.parametrize("name", ["run_started", "run_resumed"])
def test_an_event_of_an_older_loop_has_the_name_of_its_run_under_another_word(name: str):
    event = sample(KINDS[name])
    older = {("place" if key == "run_name" else key): value for key, value in data_of(event).items()}
    assert "place" in older
    assert read(name, older) == event


def test_an_outcome_is_written_as_its_word():
    ended = RunEnded(outcome=Outcome.APPROVED, round=2, error="")
    assert json.dumps(data_of(ended)) == '{"outcome": "approved", "round": 2, "error": ""}'
