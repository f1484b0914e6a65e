import os
from pathlib import Path
from typing import Any

import pytest

from loop_kit.values.wording import expected, malformed, path_text, shown, step, too_long, too_short, unknown


@pytest.mark.parametrize(
    ("value", "short"),
    [
        (None, "null"),
        (False, "false"),
        ("a'b", '"a\'b"'),
        ("x" * 61, f"'{'x' * 60}'…"),
        ({"a": 1}, "an object"),
        ([1], "a list"),
        (10**100, "1" + "0" * 59),
    ],
)
def test_a_value_is_shown_in_few_characters(value: Any, short: str) -> None:
    assert shown(value) == short


def test_a_step_that_is_no_plain_word_stands_in_brackets() -> None:
    assert step("name") == ".name"
    assert step("two words") == "['two words']"


def test_each_fault_is_said_in_one_sentence() -> None:
    assert expected(("string", "null"), 3) == "it should be a text or null, not 3"
    assert unknown("nmae", ("name", "age")) == "there is no such field, did you mean 'name'?"
    assert unknown("zzz", ("name", "age")) == "there is no such field"
    assert too_short(1, "") == "it is blank"
    assert too_short(4, "ab") == "it is shorter than 4 characters"
    assert too_short(1, []) == "it has fewer than 1 entries"
    assert too_long(4, "abcde") == "it is longer than 4 characters"
    assert too_long(1, {"a": 1, "b": 2}) == "it has more than 1 entries"
    assert malformed(" ") == "it is blank"
    assert malformed("x y") == "'x y' is malformed"
    assert malformed("x y", "it should be one word") == "it should be one word, not 'x y'"


@pytest.mark.parametrize("value", ["x" * 10**6, ["x"] * 10**6, {"x" * 10**6: 1}, 10**4000, "\x1b[31m" * 1000])
def test_a_value_is_shown_short_and_without_control_characters(value: Any) -> None:
    text = shown(value)
    assert len(text) < 400
    assert text.isprintable()


def test_a_step_with_unusual_characters_is_quoted() -> None:
    assert "\x1b" not in step("\x1b[31m")
    assert len(step("x y" * 1000)) < 100


def test_paths_that_are_not_utf8_become_text_without_surrogates() -> None:
    assert path_text("naïve".encode()) == "naïve"
    assert path_text(b"caf\xe9") == "caf\\xe9"
    assert path_text(b"\xed\xa0\x80") == "\\xed\\xa0\\x80"
    assert path_text(Path(os.fsdecode(b"/tmp/caf\xe9"))) == "/tmp/caf\\xe9"
