from enum import StrEnum
from typing import Any

import pytest

from loop_kit.model.fields import FieldError, Fields, check_version, shown, step


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


def fields(**entries: Any) -> Fields:
    return Fields.of(entries, ("a",), at="$.rows[2]")


@pytest.mark.parametrize(
    ("method", "value", "sentence"),
    [
        ("text", 3, "$.rows[2].a: it should be a text, not 3"),
        ("text", None, "$.rows[2].a: it should be a text, not null"),
        ("text_or_none", [], "$.rows[2].a: it should be a text, not a list"),
        ("count", "3", "$.rows[2].a: it should be a whole number, not '3'"),
        ("count", True, "$.rows[2].a: it should be a whole number, not true"),
        ("count", 1.0, "$.rows[2].a: it should be a whole number, not 1.0"),
        ("count", -1, "$.rows[2].a: it should be at least 0, not -1"),
        ("texts", "abc", "$.rows[2].a: it should be a list, not 'abc'"),
        ("texts", ["x", 1], "$.rows[2].a[1]: it should be a text, not 1"),
        ("text_map", {"k": {}}, "$.rows[2].a.k: it should be a text, not an object"),
        ("text_map", {"two words": 1}, "$.rows[2].a['two words']: it should be a text, not 1"),
        ("rows", {}, "$.rows[2].a: it should be a list, not an object"),
        ("map", [], "$.rows[2].a: it should be an object, not a list"),
    ],
)
def test_a_value_of_another_type_is_refused_by_its_path(method, value, sentence):
    with pytest.raises(FieldError) as refused:
        getattr(fields(a=value), method)("a")
    assert str(refused.value) == sentence


@pytest.mark.parametrize("method", ["text", "text_or_none", "count", "texts", "text_map", "rows", "map", "any"])
def test_what_is_missing_is_refused_by_its_path(method):
    with pytest.raises(FieldError) as refused:
        getattr(fields(), method)("a")
    assert str(refused.value) == "$.rows[2].a: it is missing"


def test_what_is_right_is_returned():
    assert fields(a="x").text("a") == "x"
    assert fields(a=None).text_or_none("a") is None
    assert fields(a=0).count("a") == 0
    assert fields(a=["x"]).texts("a") == ("x",)
    assert fields(a={"k": "v"}).text_map("a") == {"k": "v"}
    assert fields(a="blue").word("a", Colour) is Colour.BLUE


@pytest.mark.parametrize("value", ["green", "RED", None, 1, [], {}])
def test_a_word_outside_the_list_is_refused_with_the_list(value):
    with pytest.raises(FieldError, match=r"\$\.rows\[2\]\.a: it should be 'red' or 'blue', not"):
        fields(a=value).word("a", Colour)


def test_an_unknown_field_is_refused():
    with pytest.raises(FieldError) as refused:
        Fields.of({"a": 1, "b": 2}, ("a",))
    assert str(refused.value) == "$.b: there is no such field"


@pytest.mark.parametrize("value", [None, 3, "text", [], True])
def test_what_is_no_object_is_refused(value):
    with pytest.raises(FieldError, match=r"^\$: it should be an object, not "):
        Fields.of(value, ())
    with pytest.raises(FieldError, match=r"^\$: it should be an object, not "):
        check_version(value, 1)


@pytest.mark.parametrize("version", [None, 0, 2, "1", True])
def test_another_version_is_refused_before_its_fields_are_judged(version):
    with pytest.raises(FieldError, match=r"^\$\.schema_version: this loop reads version 1, not "):
        check_version({"schema_version": version, "something_newer": 1}, 1)
    check_version({"schema_version": 1, "something_newer": 1}, 1)


@pytest.mark.parametrize("value", ["x" * 10**6, ["x"] * 10**6, {"x" * 10**6: 1}, 10**4000, "\x1b[31m" * 1000])
def test_a_value_is_shown_short_and_without_control_characters(value):
    text = shown(value)
    assert len(text) < 400
    assert text.isprintable()


def test_a_step_with_unusual_characters_is_quoted():
    assert step("plain_1") == ".plain_1"
    assert step("two words") == "['two words']"
    assert "\x1b" not in step("\x1b[31m")
    assert len(step("x y" * 1000)) < 100
