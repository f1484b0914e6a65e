import json

import pytest

from loop_kit.backends.eventlines import read_event
from loop_kit.model.agent_events import Failed, FailureKind, Finished, Said, SessionStarted, Usage, UsedTool

USAGE = {"event": "usage", "input_tokens": 3, "cost_usd": 1, "cumulative": True}
FAILED = {"event": "failed", "kind": "transient", "message": "busy", "retry_after": 20}


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ({"event": "session", "id": "s-1"}, SessionStarted("s-1")),
        ({"event": "said", "text": f"a{chr(0xD800)}"}, Said("a?")),
        ({"event": "tool", "name": "run", "detail": "a\nb"}, UsedTool("run", "a b")),
        ({"event": "tool", "name": "run"}, UsedTool("run")),
        (USAGE, Usage(input_tokens=3, cost_usd=1.0, cumulative=True)),
        ({"event": "usage", "output_tokens": 3, "step": True}, Usage(output_tokens=3, step=True)),
        ({"event": "usage", "input_tokens": "3", "cost_usd": -1}, Usage()),
        (FAILED, Failed(kind=FailureKind.TRANSIENT, message="busy", retry_after=20.0)),
        ({"event": "failed", "kind": "novel"}, Failed(kind=FailureKind.UNKNOWN, message="it failed without a reason")),
        ({"event": "finished", "text": "done", "structured": {"a": 1}}, Finished(text="done", structured={"a": 1})),
        ({"event": "finished"}, Finished()),
    ],
)
def test_an_event_line_is_an_event(line, event):
    assert read_event(json.dumps(line)) == (event,)


@pytest.mark.parametrize(
    "line", ["", "words", '{"event": "dance"}', '{"event": "said"}', '{"event": "session", "id": "-x"}', "[]"]
)
def test_any_other_line_means_nothing(line: str):
    assert read_event(line) == ()


@pytest.mark.parametrize("kind", list(FailureKind))
def test_every_kind_of_failure_has_its_word(kind: FailureKind):
    (event,) = read_event(json.dumps({"event": "failed", "kind": str(kind), "message": "m"}))
    assert event == Failed(kind=kind, message="m")
