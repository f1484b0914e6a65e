import time

import pytest

from loop_kit.backends.jsontext import ANSWER_LIMIT, at_path, last_json, parse, parse_object

BROKEN = ['{"a": 1, "a": 2}', '{"a": NaN}', '{"a": Infinity}', '{"a": 1e999}', "{", ""]


@pytest.mark.parametrize("text", BROKEN)
def test_what_is_ambiguous_or_broken_reads_as_nothing(text: str):
    assert parse(text) is None


def test_what_is_too_deep_too_long_or_too_large_reads_as_nothing():
    assert parse("[" * 100_000) is None
    assert parse('{"n": ' + "9" * 9999 + "}") is None
    assert parse('"' + "x" * ANSWER_LIMIT + '"') is None


def test_only_an_object_is_an_object():
    assert parse_object("[1]") is None
    assert parse_object("  {}") == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1}', {"a": 1}),
        ('Here:\n```json\n{"a": 1}\n```\nDone.', {"a": 1}),
        ('```json\n{"a": 1}\n```\nNo, rather:\n```json\n{"a": 2}\n```', {"a": 2}),
        ('```JSON title="x"\r\n{"a": 1}\r\n```', {"a": 1}),
        ('~~~json\n{"a": "```"}\n~~~', {"a": "```"}),
        ('```json\n{"a": 1}', {"a": 1}),
        ('```\n{"a": 1}\n```\n```python\nprint()\n```', {"a": 1}),
        ('```json\n{"a": 1}\n```\n```\n{"b": 2}\n```', {"a": 1}),
        ('I looked.\n{"a": 1}', {"a": 1}),
        ('I looked.\n{\n  "a": {\n    "b": 1\n  }\n}\n', {"a": {"b": 1}}),
        ('Use ```json {"a": 1}``` there.\n{"b": 2}', {"b": 2}),
    ],
)
def test_a_message_hands_in_its_last_object(text: str, found: object):
    assert last_json(text) == found


def test_a_line_separator_inside_a_text_splits_nothing():
    separator = chr(0x2028)
    assert last_json(f'````json\n{{"a": "{separator}"}}\n````') == {"a": separator}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "approve",
        "LGTM, approved!",
        '{"a": 1} and more',
        "[1]",
        "```json\n[1]\n```",
        '```json\n{"decision": "approve"}\n```\nOr:\n```json\n{"decision": "changes_requ',
        '```json\n{"a": 1, "a": 2}\n```',
        '```\n{"decision": "approve"}\n```\n```json\n{"decision": "changes_requ\n```',
    ],
)
def test_a_message_without_a_whole_last_object_hands_in_nothing(text: str):
    assert last_json(text) is None


@pytest.mark.parametrize(
    ("part", "times"),
    [("```json\n", 200_000), ("{\n", 500_000), ("\n{", 500_000), ('{"a":\n', 200_000), ("`", 3_000_000)],
)
def test_a_hostile_text_takes_no_time(part: str, times: int):
    text = part * times
    before = time.process_time()
    assert last_json(text) is None
    assert time.process_time() - before < 2.0


def test_a_path_leads_through_objects_and_lists():
    value = {"choices": [{"message": {"content": "x"}}]}
    assert at_path(value, "choices.0.message.content") == "x"
    assert at_path(value, "choices.1.message") is None
    assert at_path(value, "choices.-1") is None
    assert at_path(value, "choices.0.message.content.deeper") is None
    assert at_path(None, "a") is None
