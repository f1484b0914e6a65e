"""Documents are read, judged and written by the annotations of their classes."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

import pytest

from loop_kit.values import dataclass, field, reading
from loop_kit.values.annotations import NOT_BLANK, Form, Mark, Named, Pattern, Range, Size
from loop_kit.values.wording import FieldError


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    short: ClassVar[str] = "maker"

    maker: Annotated[str, NOT_BLANK]
    inches: Annotated[float, Range(10, 30)] = 16.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Car:
    schema_version: ClassVar[int] = 1
    written: ClassVar[tuple[str, ...]] = ("wheel_count",)

    name: Annotated[str, Size(1, 5), Pattern("^[a-z]+$", "it should be in small letters"), "What it is called."]
    colour: Colour
    kind: Literal["car", "van"]
    doors: int | None
    weight: float
    hidden: Annotated[bool, Named("secret")]
    wheels: tuple[Wheel, ...]
    owners: Mapping[Annotated[str, Size(1)], str]
    extra: Any
    note: Annotated[str, Mark.LATER] = ""

    @property
    def wheel_count(self) -> int:
        return len(self.wheels)


def car() -> dict[str, Any]:
    return {
        "schema_version": 1,
        "name": "mini",
        "colour": "red",
        "kind": "car",
        "doors": None,
        "weight": 800,
        "secret": True,
        "wheels": [{"maker": "acme", "inches": 15.5}],
        "owners": {"ann": "2001"},
        "extra": [1, {"x": None}],
        "note": "",
        "wheel_count": 1,
    }


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"name": 3}, "$.name: it should be a text, not 3"),
        ({"name": ""}, "$.name: it is blank"),
        ({"name": "abcdef"}, "$.name: it is longer than 5 characters"),
        ({"name": "Mini"}, "$.name: it should be in small letters, not 'Mini'"),
        ({"colour": "green"}, "$.colour: it should be 'red' or 'blue', not 'green'"),
        ({"colour": ["red"]}, "$.colour: it should be a text, not a list"),
        ({"kind": "bus"}, "$.kind: it should be 'car' or 'van', not 'bus'"),
        ({"doors": True}, "$.doors: it should be a whole number or null, not true"),
        ({"doors": 1.0}, "$.doors: it should be a whole number or null, not 1.0"),
        ({"weight": float("inf")}, "$.weight: it should be a number, not inf"),
        ({"weight": True}, "$.weight: it should be a number, not true"),
        ({"secret": 1}, "$.secret: it should be true or false, not 1"),
        ({"wheels": {}}, "$.wheels: it should be a list, not an object"),
        ({"wheels": [{"inches": 16}]}, "$.wheels[0].maker: it is missing"),
        ({"wheels": [{"maker": "acme"}]}, "$.wheels[0].inches: it is missing"),
        ({"wheels": [{"maker": "acme", "inches": 9}]}, "$.wheels[0].inches: it should be at least 10, not 9"),
        ({"wheels": [{"maker": "acme", "inches": 31}]}, "$.wheels[0].inches: it should be at most 30, not 31"),
        ({"wheels": [" "]}, "$.wheels[0]: it is blank"),
        ({"wheels": [7]}, "$.wheels[0]: it should be a text or an object, not 7"),
        ({"owners": {"": "x"}}, "$.owners: it is blank"),
        ({"owners": {"the second": 2}}, "$.owners['the second']: it should be a text, not 2"),
        ({"colours": "red"}, "$.colours: there is no such field, did you mean 'colour'?"),
        ({"schema_version": True}, "$.schema_version: this loop reads version 1, not true"),
        ({"schema_version": 2, "else": 0}, "$.schema_version: this loop reads version 1, not 2"),
    ],
)
def test_names_the_first_field_that_is_wrong_and_what_should_stand_there(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(FieldError) as caught:
        reading.read(Car, car() | change)

    assert str(caught.value) == problem


@pytest.mark.parametrize("name", [name for name in car() if name not in ("note", "wheel_count", "schema_version")])
def test_what_is_missing_from_an_exact_document_is_refused(name: str) -> None:
    document = car()
    del document[name]

    with pytest.raises(FieldError, match=rf"^\$\.{name}: it is missing$"):
        reading.read(Car, document)


def test_what_was_read_is_written_as_it_stood() -> None:
    document = car()

    assert reading.write(reading.read(Car, document)) == document
    assert next(iter(reading.write(reading.read(Car, document)))) == "schema_version"


def test_a_field_of_a_later_version_may_be_missing() -> None:
    document = car()
    del document["note"]

    assert reading.read(Car, document).note == ""


def test_a_plain_text_stands_for_an_object_that_says_so() -> None:
    read = reading.read(Car, car() | {"wheels": ["acme"]})

    assert read.wheels == (Wheel(maker="acme"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    name: Annotated[str, Mark.KEY]
    codes: Annotated[tuple[Annotated[int, Range(0, 9)], ...], Mark.SINGLE, Size(1, 2)] = (0,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    form: ClassVar[Form] = Form.CLOSED

    parts: Mapping[str, Part] = field(default_factory=dict)
    number: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    form: ClassVar[Form] = Form.OPEN

    parts: tuple[Part, ...] = ()
    first: int | None = None
    last: int | None = None

    @staticmethod
    def contradiction(document: Mapping[str, Any]) -> str | None:
        return ".last: it comes before the first" if document.get("last", 0) < document.get("first", 0) else None


def test_settings_may_lack_what_has_a_default_and_have_nothing_unknown() -> None:
    assert reading.read(Closed, {}) == Closed()
    with pytest.raises(FieldError, match=r"^\$\.numbr: there is no such field, did you mean 'number'\?$"):
        reading.read(Closed, {"numbr": 4})
    with pytest.raises(FieldError, match=r"^\$\.parts\.p\.code: there is no such field, did you mean 'codes'\?$"):
        reading.read(Closed, {"parts": {"p": {"code": 1}}})


def test_what_is_unknown_to_an_open_document_is_ignored_within_it_too() -> None:
    assert reading.read(Open, {"odd": 1, "parts": [{"name": "p", "odd": 2}]}) == Open(parts=(Part(name="p"),))


def test_the_whole_object_is_judged_by_its_own_rule() -> None:
    with pytest.raises(FieldError, match=r"^\$\.last: it comes before the first$"):
        reading.read(Open, {"first": 2, "last": 1})


def test_in_a_map_the_key_is_a_field_of_the_object() -> None:
    read = reading.read(Closed, {"parts": {"p": {"codes": 7}}})

    assert read.parts == {"p": Part(name="p", codes=(7,))}
    assert reading.write(read) == {"parts": {"p": {"codes": [7]}}, "number": 3}
    with pytest.raises(FieldError, match=r"^\$\.parts\.p\.name: there is no such field$"):
        reading.read(Closed, {"parts": {"p": {"name": "q"}}})


@pytest.mark.parametrize(
    ("codes", "problem"),
    [
        (10, "$.parts[0].codes: it should be at most 9, not 10"),
        ([1, 10], "$.parts[0].codes[1]: it should be at most 9, not 10"),
        ([], "$.parts[0].codes: it has fewer than 1 entries"),
        ([1, 2, 3], "$.parts[0].codes: it has more than 2 entries"),
        ("1", "$.parts[0].codes: it should be a whole number or a list, not '1'"),
    ],
)
def test_one_entry_may_stand_for_a_list_of_it(codes: Any, problem: str) -> None:
    assert reading.read(Open, {"parts": [{"name": "p", "codes": 5}]}).parts[0].codes == (5,)
    with pytest.raises(FieldError) as caught:
        reading.read(Open, {"parts": [{"name": "p", "codes": codes}]})
    assert str(caught.value) == problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd:
    short: str
    form: str
    written: tuple[str, ...] = ()


def test_a_field_may_have_the_name_of_what_a_class_says_besides() -> None:
    document = {"short": "s", "form": "f", "written": ["short"]}

    assert reading.write(reading.read(Odd, document)) == document


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    kind: Annotated[str, Mark.DEFAULT_KEY, Size(1)]
    price: Annotated[Annotated[int, Range(0, 9), "Of all."] | None, Mark.ABSENT, "Of this."] = None
    parts: Annotated[tuple[str, ...], Size(1), Mark.ABSENT] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    tools: Mapping[str, Tool]


def test_in_a_map_the_key_stands_in_for_a_field_that_is_missing() -> None:
    read = reading.read(Box, {"tools": {"saw": {}, "old": {"kind": "axe"}}})

    assert read.tools == {"saw": Tool(kind="saw"), "old": Tool(kind="axe")}
    assert reading.write(read) == {"tools": {"saw": {"kind": "saw"}, "old": {"kind": "axe"}}}
    with pytest.raises(FieldError, match=r"^\$\.tools\.saw\.kind: it is blank$"):
        reading.read(Box, {"tools": {"saw": {"kind": ""}}})


@pytest.mark.parametrize(
    ("tool", "problem"),
    [
        ({"price": None}, "price: it should be a whole number, not null"),
        ({"price": 10}, "price: it should be at most 9, not 10"),
        ({"parts": []}, "parts: it has fewer than 1 entries"),
    ],
)
def test_a_default_that_is_said_by_its_absence_is_said_in_no_other_way(tool: dict[str, Any], problem: str) -> None:
    full = {"tools": {"saw": {"kind": "saw", "price": 3, "parts": ["blade"]}}}
    assert reading.write(reading.read(Box, full)) == full
    with pytest.raises(FieldError) as caught:
        reading.read(Box, {"tools": {"saw": tool}})
    assert str(caught.value) == f"$.tools.saw.{problem}"
