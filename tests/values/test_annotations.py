from typing import Annotated

import pytest

from loop_kit.values.annotations import NOT_BLANK, Mark, Pattern, Range, Size, document_fields, json_types, parted
from tests.values.test_reading import Car, Tool


def test_a_class_tells_its_fields_by_name_with_what_they_mean() -> None:
    told = {each.name: each for each in document_fields(Car)}

    assert told["name"].help == "What it is called."
    assert told["secret"].attribute == "hidden"
    assert [name for name, each in told.items() if each.has_default] == ["note"]
    assert json_types(told["doors"].annotation) == ("integer", "null")


def test_what_stands_nearest_to_a_field_is_its_help() -> None:
    told = {each.name: each for each in document_fields(Tool)}

    assert told["price"].help == "Of this."
    assert (told["price"].default, told["parts"].default) == (None, ())
    assert json_types(told["price"].annotation) == ("integer",)


@pytest.mark.parametrize(
    ("rule", "value", "problem"),
    [
        (Range(1, 3), 1, ""),
        (Range(1, 3), 0, "it should be at least 1, not 0"),
        (Range(1, 3), 4, "it should be at most 3, not 4"),
        (Size(1, 2), "ab", ""),
        (Size(1, 2), "", "it is blank"),
        (Size(1, 2), ["a", "b", "c"], "it has more than 2 entries"),
        (NOT_BLANK, " ", "it is blank"),
        (Pattern("^a"), "b", "'b' is malformed"),
        (Pattern("^a", "it should begin with an a"), "b", "it should begin with an a, not 'b'"),
    ],
)
def test_a_rule_says_what_is_wrong_with_a_value(rule: Range | Size | Pattern, value: object, problem: str) -> None:
    assert rule.problem(value) == problem  # type: ignore[arg-type]  # each is given what it is about


def test_a_none_that_no_document_has_is_no_part_of_what_is_read() -> None:
    assert parted(Annotated[int | None, Mark.ABSENT]) == (int, (Mark.ABSENT,))
    assert parted(Annotated[int | None, Mark.LATER]) == (int | None, (Mark.LATER,))
