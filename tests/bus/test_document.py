import json
from pathlib import Path

import pytest

from loop_kit.bus.document import DEPTH_LIMIT, dump, parse, read_json, write_json
from loop_kit.errors import DocumentError

# Changing this file is a change of the protocol: other programs read and compare these bytes.
GOLDEN = Path(__file__).parent / "golden" / "form.json"
SAMPLE = {
    "text": "Grüße, 世界, \U0001f600",
    "escapes": 'quote " backslash \\ newline \n tab \t nul \0 del \x7f separator \u2028',
    "lone": "a\ud800b",
    "numbers": [0, -1, 1.5, 1e300, 12345678901234567890],
    "nothing": None,
    "yes": True,
    "empty": {"list": [], "object": {}, "text": ""},
    "z": "keys keep their order",
    "a": "as they were given",
}


def test_a_document_is_written_in_the_one_form_of_the_protocol():
    assert dump(SAMPLE) == GOLDEN.read_bytes()


def test_what_was_written_reads_back_the_same(tmp_path):
    write_json(tmp_path / "x.json", SAMPLE)
    assert read_json(tmp_path / "x.json", limit=4096) == SAMPLE
    assert (tmp_path / "x.json").read_bytes() == GOLDEN.read_bytes()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_json_lacks_is_refused_when_writing(tmp_path, value):
    with pytest.raises(DocumentError, match=r"x\.json holds what JSON cannot say"):
        write_json(tmp_path / "x.json", {"cost": value})
    assert not (tmp_path / "x.json").exists()


def test_nesting_without_end_is_refused_when_writing():
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(DocumentError, match="cannot say"):
        dump(endless)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b"{", "it is not sound JSON: Expecting property name"),
        (b'{"a": 1}}', "it is not sound JSON: Extra data"),
        (b"approve", "it is not sound JSON: Expecting value"),
        (b'{"a": "\n"}', "it is not sound JSON: Invalid control character"),
        (b'{"a": 1, "b": 2, "a": 3}', "it is not sound JSON: the key 'a' stands twice"),
        (b'[{"x": {"decision": 1, "decision": 1}}]', "it is not sound JSON: the key 'decision' stands twice"),
        (b'{"a": NaN}', "it is not sound JSON: NaN is not a JSON number"),
        (b'{"a": -Infinity}', "it is not sound JSON: -Infinity is not a JSON number"),
        (b"1e999", "it is not sound JSON: the number 1e999 is too large"),
        (b"9" * 5000, "it is not sound JSON: a number has 5000 digits"),
        (b'{"a": "\xff"}', "it is not UTF-8: byte 0xff at 7"),
        ('{"a": "é"}'.encode("utf-16"), "it is not UTF-8: byte 0xff at 0"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b"[" * 200 + b"]" * 200, f"it is not sound JSON: it is nested deeper than {DEPTH_LIMIT} levels"),
    ],
)
def test_what_is_not_a_document_is_refused_in_one_sentence(data, sentence):
    with pytest.raises(DocumentError) as caught:
        parse(data, name="it")
    assert caught.value.message.startswith(sentence)
    assert "\n" not in caught.value.message
    assert caught.value.hint


def test_a_very_long_key_does_not_make_a_very_long_sentence():
    key = b'"' + b"k" * 100_000 + b'"'
    with pytest.raises(DocumentError) as caught:
        parse(b"{" + key + b":1," + key + b":2}")
    assert len(caught.value.message) < 200


def test_nesting_up_to_the_limit_is_fine():
    assert parse(b"[" * DEPTH_LIMIT + b"]" * DEPTH_LIMIT)


def test_a_byte_order_mark_is_tolerated():
    assert parse(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def test_a_lone_surrogate_is_read_and_can_be_written_again():
    document = parse(b'{"a": "\\ud83d"}')
    assert json.loads(dump(document)) == document


def test_a_file_is_called_as_the_caller_calls_it(tmp_path):
    (tmp_path / "x.json").write_bytes(b"{")
    with pytest.raises(DocumentError, match=r"^the card is not sound JSON"):
        read_json(tmp_path / "x.json", limit=10, name="the card")
    with pytest.raises(DocumentError, match=r"/x\.json is not sound JSON"):
        read_json(tmp_path / "x.json", limit=10)
    with pytest.raises(DocumentError) as caught:
        read_json(tmp_path / "x.json", limit=10, hint="do this")
    assert caught.value.hint == "do this"
