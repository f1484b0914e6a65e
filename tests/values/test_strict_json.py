import pytest

from loop_kit.values.strict_json import DECODER


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a": {"b": 1, "b": 1}}', "the key 'b' stands twice"),
        ("[NaN]", "NaN is not a JSON number"),
        ("-Infinity", "-Infinity is not a JSON number"),
        ("1e999", "the number 1e999 is too large"),
        ("9" * 41, "a number has 41 digits"),
    ],
)
def test_what_two_readers_would_understand_differently_is_refused(text: str, says: str):
    with pytest.raises(ValueError, match=f"^{says}$"):
        DECODER.decode(text)


def test_everything_else_is_json():
    assert DECODER.decode('{"a": [1, -2.5, true, null], "b": "é"}') == {"a": [1, -2.5, True, None], "b": "é"}
    assert DECODER.decode("9" * 40) == int("9" * 40)
