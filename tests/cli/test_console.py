import pytest

from loop_kit.cli.console import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, ümläut, 日本, 🎉", "plain, ümläut, 日本, 🎉"),
        ("two\nlines", "two\nlines"),
        ("a\ttab", "a tab"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("over\rwritten\b\x7f", "over\\rwritten\\x08\\x7f"),
        ("\x9b31m", "\\x9b31m"),
        ("turned \u202e round", "turned \\u202e round"),
        ("\udcff", "\\udcff"),
        ("\x00", "\\x00"),
    ],
)
def test_control_characters_are_shown_and_not_sent(text: str, shown: str):
    assert printable(text) == shown
