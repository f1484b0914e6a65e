"""Our document schemas as the agent programs take them: the shape only.

Model services refuse most of JSON Schema (conditions, lengths, patterns), so the shape is a request; whether an answer
keeps the rules is judged by the real schema when it is back.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_KEPT = ("type", "enum", "description", "$ref", "required", "additionalProperties")
_SAYS_WHAT = ("type", "enum", "anyOf", "$ref")


def read_schema(path: Path) -> dict[str, Any]:
    """Return one of loop's own schemas reduced to its shape, without conditions at the top."""
    shape = plain_schema(json.loads(path.read_text(encoding="utf-8")))
    shape.pop("anyOf", None)
    return shape


def plain_schema(schema: Any) -> dict[str, Any]:
    """Return the schema with nothing but types, names and allowed values."""
    if not isinstance(schema, dict):
        return {}
    shape = {key: schema[key] for key in _KEPT if key in schema}
    if not isinstance(shape.get("additionalProperties", True), bool):
        del shape["additionalProperties"]
    if "const" in schema:
        shape["enum"] = [schema["const"]]
    if "items" in schema:
        shape["items"] = plain_schema(schema["items"])
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        shape["anyOf"] = [plain_schema(choice) for choice in choices]
    for key in ("properties", "$defs"):
        if key in schema:
            shape[key] = {name: plain_schema(part) for name, part in schema[key].items()}
    return shape


def strict_schema(shape: Mapping[str, Any]) -> dict[str, Any]:
    """Return a plain schema in the strict form: every property required, optional ones nullable, no others."""
    strict = dict(shape)
    if "items" in shape:
        strict["items"] = strict_schema(shape["items"])
    if "anyOf" in shape:
        strict["anyOf"] = [strict_schema(choice) for choice in shape["anyOf"]]
    if "$defs" in shape:
        strict["$defs"] = {name: strict_schema(part) for name, part in shape["$defs"].items()}
    if "properties" in shape or shape.get("type") == "object":
        strict |= _strict_object(shape)
    return strict


def _strict_object(shape: Mapping[str, Any]) -> dict[str, Any]:
    required = shape.get("required", ())
    properties = {}
    for name, part in shape.get("properties", {}).items():
        if any(key in part for key in _SAYS_WHAT):  # a property of any shape cannot be asked for
            strict = strict_schema(part)
            properties[name] = strict if name in required else _nullable(strict)
    return {"properties": properties, "required": list(properties), "additionalProperties": False}


def without_nulls(answer: Any) -> Any:
    """Return an answer to a strict schema as one to the plain schema: what is null was left out."""
    match answer:
        case dict():
            return {key: without_nulls(value) for key, value in answer.items() if value is not None}
        case list():
            return [without_nulls(value) for value in answer]
        case _:
            return answer


def _nullable(shape: dict[str, Any]) -> dict[str, Any]:
    match shape:
        case {"type": str(kind)} if kind != "null":
            allowed = {"enum": [*shape["enum"], None]} if "enum" in shape else {}
            return {**shape, **allowed, "type": [kind, "null"]}
        case {"type": list(kinds)}:
            return {**shape, "type": [*kinds, "null"]} if "null" not in kinds else shape
        case _:
            return {"anyOf": [shape, {"type": "null"}]}
