"""The files of schemas/, written from the classes of the documents: `make pages` writes them anew."""

import inspect
import json
import math
from collections.abc import Iterator, Mapping
from enum import StrEnum
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from loop_kit.bus.heartbeat import Beat
from loop_kit.model.config import Settings
from loop_kit.model.evidence import Evidence
from loop_kit.model.feed_event import FeedEvent
from loop_kit.model.manifest import Manifest
from loop_kit.model.request import ReviewRequest
from loop_kit.model.review import FixList, ReviewReport
from loop_kit.model.state import RunState
from loop_kit.model.summary import Summary
from loop_kit.model.task import TaskCard
from loop_kit.model.work import WorkReport
from loop_kit.values.annotations import (
    RULES,
    DocumentField,
    Form,
    Kept,
    Mark,
    Pattern,
    Range,
    Size,
    class_variable,
    document_fields,
    form_of,
    is_class,
    json_types,
    parted,
    returned,
)

_REFUSED = "A field that is not listed here is refused."
_UNLISTED = {
    Form.EXACT: _REFUSED,
    Form.CLOSED: _REFUSED,
    Form.OPEN: "Fields that are not listed here are kept and ignored.",
}
# The documents whose schemas are written here.
DOCUMENTS: tuple[Any, ...] = (
    Manifest,
    Evidence,
    FeedEvent,
    FixList,
    Beat,
    ReviewReport,
    ReviewRequest,
    RunState,
    Settings,
    Summary,
    TaskCard,
    WorkReport,
)


class Writer:
    """Writes the schema of one document; `defs` are the objects within it, by the names of their classes."""

    def __init__(self) -> None:
        self.defs: dict[str, Any] = {}

    def document(self, kind: Any) -> dict[str, Any]:
        schema = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"{kind.kind}.schema.json",
            "title": kind.kind.replace("_", " ").capitalize(),
            "description": f"{_said(kind)} {_UNLISTED[form_of(kind)]}",
            **self.object(kind, Form.EXACT),
        }
        schema["$defs"] = dict(sorted(self.defs.items()))
        for name in self.defs:  # what stands in one place alone is written there: agents are given some of these files
            where = list(_references(schema, f"#/$defs/{name}"))
            if len(where) == 1:
                del where[0]["$ref"]
                where[0].update(schema["$defs"].pop(name))
        return {key: value for key, value in schema.items() if value != {}}

    def object(self, kind: Any, around: Form, without: frozenset[Mark] = frozenset()) -> dict[str, Any]:
        form = form_of(kind, around)
        parts = [each for each in document_fields(kind) if not each.marks & without]
        properties: dict[str, Any] = {}
        if hasattr(kind, "schema_version"):
            properties["schema_version"] = {"description": "The version of this form.", "const": kind.schema_version}
        properties |= {each.name: self.field(each, form) for each in parts}
        properties |= {name: self.written(kind, name, form) for name in class_variable(kind, "written", ())}
        required = [name for name in properties if name == "schema_version"]
        required += [each.name for each in parts if each.required(form)]
        schema: dict[str, Any] = {"type": "object", **({"required": required} if required else {})}
        schema["properties"] = properties
        if form is not Form.OPEN:
            schema["additionalProperties"] = False
        if class_variable(kind, "short"):
            short = next(each for each in parts if each.name == kind.short)
            texts = {key: value for key, value in self.value(short.annotation, form).items() if key != "description"}
            schema = {**texts, **schema, "type": ["string", "object"]}
        return schema | dict(class_variable(kind, "schema", {}))

    def field(self, each: DocumentField, form: Form) -> dict[str, Any]:
        assert each.help, f"{each.attribute} says nowhere what it means"
        return {"description": each.help, **self.value(each.annotation, form)}

    def written(self, kind: Any, name: str, form: Form) -> dict[str, Any]:
        return {"description": _said(getattr(kind, name)), **self.value(returned(kind, name), form)}

    def value(self, annotation: Any, form: Form) -> dict[str, Any]:
        origin, args = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            return self.ruled(*parted(annotation), form)
        if origin is tuple:
            return {"type": "array", "items": self.value(args[0], form)}
        if origin is Mapping:
            return self.map(args[0], args[1], form)
        if args and origin is not Literal:
            return self.union(args, form)
        return self.reference(annotation, form) if is_class(annotation) else _plain(annotation)

    def map(self, key: Any, entry: Any, form: Form) -> dict[str, Any]:
        names = {name: rule for name, rule in self.value(key, form).items() if name != "type"}
        about_names = {"propertyNames": names} if names else {}
        return {"type": "object", **about_names, "additionalProperties": self.map_value(entry, form)}

    def map_value(self, annotation: Any, form: Form) -> dict[str, Any]:
        if is_class(annotation) and any(Mark.KEY in each.marks for each in document_fields(annotation)):
            self.defs[annotation.__name__] = self.object(annotation, form, frozenset({Mark.KEY}))
            return {"$ref": f"#/$defs/{annotation.__name__}"}
        return self.value(annotation, form)

    def union(self, args: tuple[Any, ...], form: Form) -> dict[str, Any]:
        schemas = [self.value(each, form) for each in args if each is not NoneType]
        if all(each.keys() == {"type"} for each in schemas):
            nothing = ["null"] if NoneType in args else []
            return {"type": [*(each["type"] for each in schemas), *nothing]}
        if NoneType not in args or len(schemas) > 1 or "$ref" in schemas[0]:
            return {"oneOf": [*([{"type": "null"}] if NoneType in args else []), *schemas]}
        (schema,) = schemas
        words = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
        return {**schema, "type": [schema["type"], "null"], **words}

    def reference(self, kind: Any, form: Form) -> dict[str, Any]:
        if hasattr(kind, "kind"):
            return {"$ref": f"{kind.kind}.schema.json"}
        if kind.__name__ not in self.defs:
            self.defs[kind.__name__] = {}  # so that what refers to itself ends
            self.defs[kind.__name__] = self.object(kind, form)
        return {"$ref": f"#/$defs/{kind.__name__}"}

    def ruled(self, kind: Any, notes: tuple[Any, ...], form: Form) -> dict[str, Any]:
        schema = self.value(next((note.kind for note in notes if isinstance(note, Kept)), kind), form)
        for rule in (note for note in notes if isinstance(note, RULES)):
            schema |= _keywords(rule, json_types(kind)[0])
        if Mark.SINGLE in notes:
            schema = {**schema["items"], **schema, "type": [schema["items"]["type"], "array"]}
        return schema


def _references(node: Any, wanted: str) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict) and node.get("$ref") == wanted:
        yield node
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _references(each, wanted)


def _plain(annotation: Any) -> dict[str, Any]:
    if annotation is Any:
        return {}
    words = get_args(annotation) or (annotation if issubclass(annotation, StrEnum) else ())
    return {"type": json_types(annotation)[0], **({"enum": [str(word) for word in words]} if words else {})}


def _keywords(rule: Range | Size | Pattern, kind: str) -> dict[str, Any]:
    match rule:
        case Range(least, most):
            limits: dict[str, float | None] = {"minimum": least, "maximum": most}
            return {key: value for key, value in limits.items() if value is not None and math.isfinite(value)}
        case Size(least, most):
            what = {"string": "Length", "array": "Items", "object": "Properties"}[kind]
            sizes = {f"min{what}": least or None, f"max{what}": most}
            return {key: value for key, value in sizes.items() if value is not None}
        case Pattern(regex, said):
            return {**({"$comment": said} if said else {}), "pattern": regex}


def _said(thing: Any) -> str:
    """Return what a class or a property says of itself, in one line."""
    return " ".join((inspect.getdoc(thing) or "").split())


def schema_text(kind: Any) -> str:
    return json.dumps(Writer().document(kind), indent=2, ensure_ascii=False) + "\n"
