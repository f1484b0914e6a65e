"""Judge outside documents: the door to jsonschema.

A schema is read once per process and compiled when it is first needed, because importing jsonschema costs more than
most commands take altogether. The sentences are loop's own, because jsonschema puts the whole value before what is
wrong with it; where a rule says too little by itself, its `$comment` in the schema is the sentence.
"""

import json
import math
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from loop_kit import resources
from loop_kit.values import wording
from loop_kit.values.wording import MISSING, expected, one_of, shown, step, unknown

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

KINDS = (
    "manifest",
    "checks",
    "config",
    "feed_event",
    "fix_list",
    "heartbeat",
    "review_report",
    "review_request",
    "state",
    "summary",
    "task_card",
    "work_report",
)


def find_problem(kind: str, document: Any) -> str | None:
    """Return the first thing wrong with `document` as `field: what`, or None."""
    from jsonschema.exceptions import best_match  # noqa: PLC0415  (as in _validator)

    try:
        error = best_match(_validator(kind).iter_errors(document))
    except RecursionError:
        return "$: it is nested too deeply"
    return None if error is None else _shorten(_sentence(error))


@cache
def _validator(kind: str) -> "Validator":
    from jsonschema import Draft202012Validator, validators  # noqa: PLC0415  (74 ms that status and health do without)
    from referencing import Registry  # noqa: PLC0415  (jsonschema's own part for references)
    from referencing.jsonschema import DRAFT202012  # noqa: PLC0415  (the same)

    # A round 1.0 would name a file r1.0_…, and TOML knows inf and nan: none is a number here.
    types = Draft202012Validator.TYPE_CHECKER.redefine_many({"integer": _is_integer, "number": _is_number})
    strict: type[Validator] = validators.extend(  # type: ignore[no-untyped-call]  # the stubs leave it out
        Draft202012Validator, type_checker=types
    )
    schemas = {f"{name}.schema.json": _schema(name) for name in KINDS}
    registry: Registry[Any] = Registry().with_contents(schemas.items(), default_specification=DRAFT202012)
    return strict(schemas[f"{kind}.schema.json"], registry=registry)


def _schema(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(resources.schema_path(name).read_text("utf-8"))
    del schema["$schema"]  # a reference to a file that has it is followed by jsonschema's own class, with its own types
    return schema


def _is_integer(_checker: Any, value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_checker: Any, value: Any) -> bool:
    return _is_integer(_checker, value) or (isinstance(value, float) and math.isfinite(value))


def _sentence(error: Any) -> str:
    at = "$" + "".join(f"[{part}]" if isinstance(part, int) else step(part) for part in error.absolute_path)
    rule, value, said = error.validator_value, error.instance, error.schema.get("$comment")
    match error.validator:
        case "required":
            missing = next(name for name in rule if name not in value)
            return f"{at}{step(missing)}: {said or MISSING}"
        case "additionalProperties":
            known = error.schema["properties"]
            name = next(name for name in value if name not in known)
            return f"{at}{step(name)}: {unknown(name, known)}"
        case "minItems" | "maxItems" if said:
            return f"{at}: {said}"
        case "pattern" if said:
            return f"{at}: {said}, not {shown(value)}"
        case keyword:
            say = _WORDINGS.get(keyword)
            return f"{at}: {say(rule, value) if say else error.message}"


# Each takes the keyword's value in the schema and the value that breaks it.
_WORDINGS: Mapping[str, Callable[[Any, Any], str]] = MappingProxyType(
    {
        "type": expected,
        "enum": one_of,
        "const": lambda rule, value: f"it should be {shown(rule)}, not {shown(value)}",
        "oneOf": lambda rule, value: expected([name for each in rule for name in _types(each)], value),
        "pattern": lambda _, value: wording.malformed(value),
        "minLength": wording.too_short,
        "maxLength": wording.too_long,
        "minItems": wording.too_short,
        "maxItems": wording.too_long,
        "maxProperties": wording.too_long,
        "minimum": wording.too_small,
        "maximum": wording.too_large,
    }
)


def _types(rules: Mapping[str, Any]) -> list[str]:
    types = rules.get("type", "object")  # what is described elsewhere is an object
    return [types] if isinstance(types, str) else types


def _shorten(message: str, limit: int = 400) -> str:
    return message if len(message) <= limit else f"{message[:limit]}…"
