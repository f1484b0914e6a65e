"""Documents by their classes: a field is written once, in its annotation, and read, judged and written by it.

`read(RunState, document)` returns the value or raises `FieldError` with `$.path: what`; `write(value)` returns the document.
See `annotations` for what a class may say.
"""

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin

from loop_kit.values import wording
from loop_kit.values.annotations import (
    KEYS,
    RULES,
    Form,
    Kept,
    Mark,
    class_variable,
    document_fields,
    form_of,
    is_class,
    json_types,
    parted,
    returned,
)
from loop_kit.values.wording import FieldError, step

Reader = Callable[[Any, str], Any]
_OMITTED = {Mark.OMITTED, Mark.ABSENT}
_Value = TypeVar("_Value")


def read(kind: type[_Value], document: Any, at: str = "$") -> _Value:
    """Return the value that a document describes; raise `FieldError` naming the first field that is wrong."""
    return cast("_Value", _reader(cast("Any", kind), Form.EXACT)(document, at))


def prepare(kind: Any) -> None:
    """Make the reader of a class before the first document comes; the next ones would have it anyway."""
    _reader(kind, Form.EXACT)


def write(value: Any) -> Any:
    """Return a value as a JSON document."""
    kind: Any = type(value)
    if is_class(kind):
        return _short_form(value) or dict(_entries(value))
    if isinstance(value, Mapping):
        return {key: _without_key(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [write(each) for each in value]
    return str(value) if isinstance(value, StrEnum) else value


def _entries(value: Any, without: frozenset[Mark] = frozenset()) -> Iterator[tuple[str, Any]]:
    kind: Any = type(value)
    if hasattr(kind, "schema_version"):
        yield "schema_version", kind.schema_version
    for each in document_fields(kind):
        found = getattr(value, each.attribute)
        if not each.marks & without and not (each.marks & _OMITTED and found == each.default):
            yield each.name, write(found)
    for name in class_variable(kind, "written", ()):
        yield name, write(getattr(value, name))


def _short_form(value: Any) -> str:
    """Return the plain text that a value may be written as, "" when it says more than that."""
    kind: Any = type(value)
    short = class_variable(kind, "short")
    text = str(getattr(value, short)) if short else ""
    return text if text and value == kind(**{short: text}) else ""


def _without_key(value: Any) -> Any:
    return dict(_entries(value, frozenset({Mark.KEY}))) if is_class(type(value)) else write(value)


def _refuse(at: str, problem: str) -> Any:
    raise FieldError(f"{at}: {problem}")


_NAMES: tuple[tuple[type, tuple[str, ...]], ...] = (
    *((str, ("string",)), (dict, ("object",)), (list, ("array",)), (NoneType, ("null",))),
    *((bool, ("boolean",)), (int, ("integer", "number")), (float, ("number",))),  # a bool is an int to Python
)


def _type_of(value: Any) -> tuple[str, ...]:
    """Return the names that JSON Schema has for a value; a whole number is a number too, an infinite one is none."""
    if isinstance(value, float) and not math.isfinite(value):
        return ()
    return next((names for kind, names in _NAMES if isinstance(value, kind)), ())


@cache
def _reader(kind: Any, form: Form) -> Reader:
    origin, args = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _annotated(*parted(kind), form)
    if kind is Any:
        return lambda value, _at: value
    if is_class(kind):
        return _object(kind, form_of(kind, form))
    return _typed(json_types(kind), _reading(kind, origin, args, form))


def _typed(types: tuple[str, ...], inner: Reader) -> Reader:
    def take(value: Any, at: str) -> Any:
        if not any(name in types for name in _type_of(value)):
            _refuse(at, wording.expected(types, value))
        return inner(value, at)

    return take


def _reading(kind: Any, origin: Any, args: tuple[Any, ...], form: Form) -> Reader:
    """Return what reads a value whose JSON type is right."""
    if origin in (UnionType, Union):
        return _union(tuple((json_types(each), _reader(each, form)) for each in args))
    if origin is tuple:
        return _list(_reader(args[0], form))
    if origin is Mapping:
        return _map(_reader(args[0], form), args[1], form)
    if origin is Literal:
        return lambda value, at: value if value in args else _refuse(at, wording.one_of(args, value))
    if issubclass(kind, StrEnum):
        words = list(kind)
        return lambda value, at: kind(value) if value in words else _refuse(at, wording.one_of(map(str, words), value))
    return _float if kind is float else (lambda value, _at: value)


def _float(value: Any, _at: str) -> float:
    try:
        return float(value)
    except OverflowError:  # a whole number of hundreds of digits
        return math.inf if value > 0 else -math.inf


def _annotated(kind: Any, notes: tuple[Any, ...], form: Form) -> Reader:
    kept = [note.kind for note in notes if isinstance(note, Kept)]
    inner, rules = _reader(kind, form), [each for each in notes if isinstance(each, RULES)]

    def take(value: Any, at: str) -> Any:
        taken = inner(value, at)
        for each in kept:
            _reader(each, Form.EXACT)(value, at)
        for rule in rules if value is not None else ():
            problem = rule.problem(value)
            if problem:
                _refuse(at, problem)
        return taken

    reader = take if rules or kept else inner
    return _single(kind, reader, _reader(get_args(kind)[0], form)) if Mark.SINGLE in notes else reader


def _single(kind: Any, inner: Reader, entry: Reader) -> Reader:
    types = (*json_types(get_args(kind)[0]), *json_types(kind))
    return _typed(types, lambda value, at: inner(value, at) if isinstance(value, list) else (entry(value, at),))


def _union(alternatives: tuple[tuple[tuple[str, ...], Reader], ...]) -> Reader:
    def take(value: Any, at: str) -> Any:
        found = next(reader for name in _type_of(value) for types, reader in alternatives if name in types)
        return found(value, at)

    return take


def _list(inner: Reader) -> Reader:
    return lambda value, at: tuple(inner(each, f"{at}[{index}]") for index, each in enumerate(value))


def _map(key: Reader, kind: Any, form: Form) -> Reader:
    inner = _reader(kind, form)
    keys = [each for each in document_fields(kind) if each.marks & KEYS] if is_class(kind) else []

    def entry(name: str, value: Any, at: str) -> Any:
        if not isinstance(value, dict):
            return inner(value, at)
        for each in keys:
            if each.name in value and Mark.KEY in each.marks:
                _refuse(at + step(each.name), wording.unknown(each.name, ()))
        return inner({**{each.name: name for each in keys}, **value}, at)

    return lambda value, at: {key(name, at): entry(name, each, at + step(name)) for name, each in value.items()}


def _object(kind: Any, form: Form) -> Reader:
    parts = {each.name: (each, _reader(each.annotation, form)) for each in document_fields(kind)}
    needed = [name for name, (each, _) in parts.items() if each.required(form)]
    written = {name: _reader(returned(kind, name), form) for name in class_variable(kind, "written", ())}
    known = {*parts, *written, *(("schema_version",) if hasattr(kind, "schema_version") else ())}
    short = class_variable(kind, "short")
    contradiction = class_variable(kind, "contradiction")

    def take(value: Any, at: str) -> Any:
        if short and isinstance(value, str):
            each, reader = parts[short]
            return kind(**{each.attribute: reader(value, at)})
        if not isinstance(value, dict):
            _refuse(at, wording.expected(json_types(kind), value))
        if hasattr(kind, "schema_version"):
            check_version(value, kind.schema_version, at)
        _check_names(value, at, needed, known if form is not Form.OPEN else value)
        problem = contradiction(value) if contradiction is not None else None
        if problem is not None:
            raise FieldError(f"{at}{problem}")
        for name in written.keys() & value.keys():
            written[name](value[name], at + step(name))
        given = {
            each.attribute: reader(value[name], at + step(name))
            for name, (each, reader) in parts.items()
            if name in value
        }
        return kind(**given)

    return take


def _check_names(entries: Mapping[str, Any], at: str, needed: Collection[str], known: Collection[str]) -> None:
    for name in entries:
        if name not in known:
            _refuse(at + step(name), wording.unknown(name, known))
    for name in needed:
        if name not in entries:
            _refuse(at + step(name), wording.MISSING)


def check_version(document: Mapping[str, Any], known: int, at: str = "$") -> None:
    """Raise `FieldError` unless a document is of version `known`; asked first, since the fields of a newer one may differ."""
    version = document.get("schema_version")
    if version != known or isinstance(version, bool):
        raise FieldError(f"{at}.schema_version: this loop reads version {known}, not {wording.shown(version)}")
