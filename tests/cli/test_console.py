import io

import pytest

from loop_kit.cli.console import print_, printable


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


@pytest.mark.parametrize(("encoding", "printed"), [("utf-8", "≥ $0.08 é…"), ("ascii", ">= $0.08 \\xe9...")])
def test_signs_of_loops_own_are_ascii_where_the_encoding_lacks_them(
    monkeypatch: pytest.MonkeyPatch, encoding: str, printed: str
):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="backslashreplace")
    monkeypatch.setattr("sys.stdout", stream)
    assert print_("≥ $0.08 é…")
    assert stream.buffer.getvalue().decode(encoding) == f"{printed}\n"
