"""What a class says of its document: the vocabulary of annotations, and what they come to.

An annotation is made of the types of JSON (`str`, `int`, `float`, `bool`, a `StrEnum`, `Literal`, `tuple[X, ...]`,
`Mapping[K, X]`, a class of values, `Any`), joined by `|` where one place takes several of them. In an `Annotated` stand
what else has to hold (`Range`, `Size`, `Pattern`), what the field is called in the document if not as in the class
(`Named`), and, as a plain text, what it means. What schemas, pages and `--help` say comes from the same place.

A class says in class variables what is no field of it:
`form`, which fields may be left out or added (that of the document around it, when it does not say);
`schema_version`, the version that it reads and writes;
`short`, the field that a plain text stands for in the place of the object, when nothing else is to be said;
`written`, properties that the document has and that are judged, and believed by nobody;
`contradiction`, a static method that returns what is wrong with the whole object as `.field: what`, or None; it is asked
before the fields are read, and says nothing of one that is not as it should be;
`schema`, the same in the words of JSON Schema.
"""

import math
import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from loop_kit.values import dataclass, fields, wording


class Form(StrEnum):
    """Which fields a document may lack, or have beside those of its class."""

    EXACT = "exact"  # none: loop's own
    CLOSED = "closed"  # it may lack what has a default: settings
    OPEN = "open"  # the same, and unknown ones are kept and ignored: what people and agents write


@dataclass(frozen=True, slots=True)
class Range:
    """A number from `least` to `most`."""

    least: float = -math.inf
    most: float = math.inf

    def problem(self, value: float) -> str:
        if value < self.least:
            return wording.too_small(self.least, value)
        return wording.too_large(self.most, value) if value > self.most else ""


@dataclass(frozen=True, slots=True)
class Size:
    """From `least` to `most` characters of a text, entries of a list or of a map."""

    least: int = 0
    most: int | None = None

    def problem(self, value: Collection[Any]) -> str:
        if len(value) < self.least:
            return wording.too_short(self.least, value)
        return wording.too_long(self.most, value) if self.most is not None and len(value) > self.most else ""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A text in which the regular expression is found; `said` is the form in words."""

    regex: str
    said: str = ""

    def problem(self, value: str) -> str:
        return "" if re.search(self.regex, value) else wording.malformed(value, self.said)


@dataclass(frozen=True, slots=True)
class Named:
    """What a field is called in the document."""

    name: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A document that is judged by its class, and kept as it stands."""

    kind: Any


class Mark(StrEnum):
    """What an annotation says of its field besides."""

    LATER = "later"  # an older loop did not write it: it may be missing from an exact document
    KEY = "key"  # in a map it is the key of the object, and not in it
    DEFAULT_KEY = "default_key"  # in a map it is the key of the object, unless the object says it
    OMITTED = "omitted"  # it is not written when it is its default
    ABSENT = "absent"  # its default is said by leaving it out, a None too: there is no null for it
    SINGLE = "single"  # one entry may stand for a list of it


KEYS = {Mark.KEY, Mark.DEFAULT_KEY}
RULES = (Range, Size, Pattern)
NOT_BLANK = Pattern(r"\S")


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentField:
    """One field of a class as the document has it: `attribute` in the class, `name` in the document, `help` for people."""

    attribute: str
    name: str
    annotation: Any
    help: str
    has_default: bool
    default: Any
    marks: frozenset[Mark]

    def required(self, form: Form) -> bool:
        if Mark.DEFAULT_KEY in self.marks:
            return False
        if form is Form.EXACT:
            return not self.marks & {Mark.LATER, Mark.ABSENT}
        return not self.has_default


def is_class(kind: Any) -> bool:
    """Tell whether a type is a class of values."""
    return hasattr(kind, "__value_fields__")


@cache
def document_fields(kind: Any) -> tuple[DocumentField, ...]:
    """Return what a document of a class of values is made of."""
    return tuple(_field(kind, each) for each in fields(kind) if each.init)


def class_variable(kind: Any, name: str, default: Any = None) -> Any:
    """Return what a class says besides its fields; a field of that name is none."""
    return default if name in kind.__value_fields__ else getattr(kind, name, default)


def form_of(kind: Any, around: Form = Form.EXACT) -> Form:
    form: Form = class_variable(kind, "form", around)
    return form


def _field(kind: Any, each: Any) -> DocumentField:
    annotation = next(base.__annotations__[each.name] for base in kind.__mro__ if each.name in base.__annotations__)
    notes = parted(annotation)[1]
    return DocumentField(
        attribute=each.name,
        name=next((note.name for note in notes if isinstance(note, Named)), each.name),
        annotation=annotation,
        help=next((note for note in reversed(notes) if type(note) is str), ""),
        has_default=each.has_default,
        default=each.fallback() if each.has_default else None,
        marks=frozenset(note for note in notes if isinstance(note, Mark)),
    )


def parted(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return the type that an annotation is about, without a None that no document has, and what it says of it."""
    if get_origin(annotation) is not Annotated:
        return annotation, ()
    kind, *notes = get_args(annotation)
    if Mark.ABSENT in notes and get_origin(kind) in (UnionType, Union):
        kind, within = parted(Union[tuple(each for each in get_args(kind) if each is not NoneType)])  # noqa: UP007  (no `|` takes a tuple)
        notes = [*within, *notes]
    return kind, tuple(notes)


def json_types(kind: Any) -> tuple[str, ...]:
    """Return the names that JSON Schema has for the values that an annotation takes; all of them for `Any`."""
    origin, args = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return json_types(parted(kind)[0])
    if origin in (UnionType, Union):
        return tuple(dict.fromkeys(name for each in args for name in json_types(each)))
    if kind is Any:
        return tuple(wording.TYPE_NAMES)
    if origin is Literal or (isinstance(kind, type) and issubclass(kind, StrEnum)):
        return ("string",)
    if is_class(kind):
        return ("string", "object") if class_variable(kind, "short") else ("object",)
    return (_TYPES[origin or kind],)


# What the types of Python are called there.
_TYPES: dict[Any, str] = dict(zip((str, int, float, bool, Mapping, tuple, NoneType), wording.TYPE_NAMES, strict=True))


def returned(kind: Any, name: str) -> Any:
    """Return the annotation of what a property of a class returns."""
    return getattr(kind, name).fget.__annotations__["return"]
