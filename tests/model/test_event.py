import pytest

from loop_kit.model import schema
from loop_kit.model.event import FeedEvent, Usage

EVENT = FeedEvent(
    seq=2, prev="0f" * 32, at="2025-01-31T08:00:00.000Z", event="verified", run_id="run-1", data={"round": 1}
)


def test_an_event_satisfies_its_schema():
    assert schema.find_problem("feed_event", EVENT.to_document()) is None
    assert schema.find_problem("feed_event", {**EVENT.to_document(), "seq": 1, "prev": ""}) is None


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
    assert schema.find_problem("feed_event", {**EVENT.to_document(), **change}) == sentence


def test_what_a_program_does_not_report_is_unknown_and_not_zero():
    usage = Usage(input_tokens=0)
    assert (usage.input_tokens, usage.output_tokens, usage.cost_usd) == (0, None, None)
