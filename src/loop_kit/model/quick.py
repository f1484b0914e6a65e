"""Say quickly that a document keeps the rules of a schema: the door to jsonschema need not be opened for a good one.

Importing jsonschema costs more than all else that a round process does before its agent starts. These lines know the
keywords that loop's own schemas use, exactly as jsonschema reads them; at any other they give up. They only ever say yes:
what they do not let pass, jsonschema judges, and words the reason.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from loop_kit import resources


class _UnknownError(Exception):
    """A keyword that is not known here: nothing can be said."""


def fits(kind: str, document: Any) -> bool:
    """Return True when `document` surely satisfies the schema of `kind`; False says nothing."""
    name = f"{kind}.schema.json"
    try:
        return _fits(_schema(name), document, name)
    except (_UnknownError, RecursionError):
        return False


def _fits(rules: Any, value: Any, home: str) -> bool:
    """Return whether `value` keeps the rules; `home` is the file they stand in."""
    if isinstance(rules, bool):
        return rules
    if not _KNOWN.issuperset(rules):
        raise _UnknownError
    return all(rule(rules, value, home) for keywords, rule in _RULES if not keywords.isdisjoint(rules))


def _refers(rules: Mapping[str, Any], value: Any, home: str) -> bool:
    file, _, pointer = rules["$ref"].partition("#")
    place = file or home
    target = _schema(place)
    for step in pointer.split("/")[1:]:
        target = target[step]
    return _fits(target, value, place)


def _has_type(rules: Mapping[str, Any], value: Any, _home: str) -> bool:
    names = rules["type"]
    return any(_TYPES[name](value) for name in ([names] if isinstance(names, str) else names))


def _is_object(rules: Mapping[str, Any], value: Any, home: str) -> bool:
    """Judge the properties of an object; anything else has none."""
    if not isinstance(value, dict):
        return True
    known, others = rules.get("properties", {}), rules.get("additionalProperties", True)
    return (
        all(name in value for name in rules.get("required", ()))
        and len(value) <= rules.get("maxProperties", math.inf)
        and all(_fits(rules.get("propertyNames", True), name, home) for name in value)
        and all(_fits(known.get(name, others), each, home) for name, each in value.items())
    )


def _is_list(rules: Mapping[str, Any], value: Any, home: str) -> bool:
    if not isinstance(value, list):
        return True
    if not rules.get("minItems", 0) <= len(value) <= rules.get("maxItems", math.inf):
        return False
    return all(_fits(rules.get("items", True), each, home) for each in value)


def _is_text(rules: Mapping[str, Any], value: Any, _home: str) -> bool:
    if not isinstance(value, str):
        return True
    if not rules.get("minLength", 0) <= len(value) <= rules.get("maxLength", math.inf):
        return False
    return re.search(rules.get("pattern", ""), value) is not None


def _is_within(rules: Mapping[str, Any], value: Any, _home: str) -> bool:
    return not _TYPES["number"](value) or rules.get("minimum", -math.inf) <= value <= rules.get("maximum", math.inf)


def _is_one_of(rules: Mapping[str, Any], value: Any, _home: str) -> bool:
    if "enum" in rules and "const" in rules:
        raise _UnknownError
    words = rules["enum"] if "enum" in rules else [rules["const"]]
    if not all(isinstance(word, str | int | None) for word in words):
        raise _UnknownError
    return any(value == word and isinstance(value, bool) == isinstance(word, bool) for word in words)


def _combines(rules: Mapping[str, Any], value: Any, home: str) -> bool:
    if "not" in rules and _fits(rules["not"], value, home):
        return False
    if "oneOf" in rules and sum(_fits(each, value, home) for each in rules["oneOf"]) != 1:
        return False
    if not all(_fits(each, value, home) for each in rules.get("allOf", ())):
        return False
    if "if" not in rules:
        return True
    return _fits(rules.get("then" if _fits(rules["if"], value, home) else "else", True), value, home)


@cache
def _schema(name: str) -> Any:
    return json.loads(resources.schema_path(name.removesuffix(".schema.json")).read_text("utf-8"))


_TYPES: Mapping[str, Callable[[Any], bool]] = MappingProxyType(
    {
        "string": lambda value: isinstance(value, str),
        "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
        "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value),
        "boolean": lambda value: isinstance(value, bool),
        "object": lambda value: isinstance(value, dict),
        "array": lambda value: isinstance(value, list),
        "null": lambda value: value is None,
    }
)
# By the keyword that calls for it. Several may call for the same: it is asked once.
_RULES: tuple[tuple[frozenset[str], Callable[[Mapping[str, Any], Any, str], bool]], ...] = (
    (frozenset({"$ref"}), _refers),
    (frozenset({"type"}), _has_type),
    (frozenset({"enum", "const"}), _is_one_of),
    (frozenset({"properties", "required", "additionalProperties", "propertyNames", "maxProperties"}), _is_object),
    (frozenset({"items", "minItems", "maxItems"}), _is_list),
    (frozenset({"pattern", "minLength", "maxLength"}), _is_text),
    (frozenset({"minimum", "maximum"}), _is_within),
    (frozenset({"not", "oneOf", "allOf", "if", "then", "else"}), _combines),
)
_SAYS_NOTHING = frozenset({"$schema", "$id", "$defs", "$comment", "title", "description"})
_KNOWN = _SAYS_NOTHING.union(*(keywords for keywords, _rule in _RULES))
