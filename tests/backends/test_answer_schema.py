import json
from collections.abc import Iterator
from typing import Any

import pytest

from loop_kit import resources
from loop_kit.backends.answer_schema import plain_schema, read_schema, strict_schema, without_nulls
from loop_kit.model import schema as judge

ALLOWED = {
    *("type", "enum", "description", "$ref", "required", "additionalProperties"),
    *("items", "anyOf", "properties", "$defs"),
}


def _parts(shape: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield shape
    for part in (*shape.get("properties", {}).values(), *shape.get("$defs", {}).values(), *shape.get("anyOf", ())):
        yield from _parts(part)
    if "items" in shape:
        yield from _parts(shape["items"])


@pytest.mark.parametrize("kind", ["review_report", "work_report"])
def test_our_own_schemas_are_reduced_to_their_shape(kind: str):
    for part in _parts(read_schema(resources.schema_path(kind))):
        assert set(part) <= ALLOWED


@pytest.mark.parametrize("kind", ["review_report", "work_report"])
def test_the_strict_form_requires_and_closes_every_object(kind: str):
    strict = strict_schema(read_schema(resources.schema_path(kind)))
    objects = [part for part in _parts(strict) if "properties" in part]
    assert objects
    for part in objects:
        assert part["required"] == list(part["properties"])
        assert part["additionalProperties"] is False


def test_what_may_be_missing_may_be_null():
    shape = plain_schema(
        {
            "type": "object",
            "required": ["a"],
            "properties": {
                "a": {"const": 1},
                "b": {"type": "string", "enum": ["x"], "minLength": 1},
                "c": {"type": ["integer", "null"]},
                "d": {"$ref": "#/$defs/d"},
                "e": {"description": "anything"},
                "f": {"oneOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}]},
                "g": True,
            },
            "$defs": {"d": {"type": "integer", "minimum": 3}},
        }
    )
    strict = strict_schema(shape)
    closed = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    assert strict["required"] == ["a", "b", "c", "d", "f"]
    assert strict["properties"] == {
        "a": {"enum": [1]},
        "b": {"type": ["string", "null"], "enum": ["x", None]},
        "c": {"type": ["integer", "null"]},
        "d": {"anyOf": [{"$ref": "#/$defs/d"}, {"type": "null"}]},
        "f": {"anyOf": [{"anyOf": [{"type": "string"}, closed]}, {"type": "null"}]},
    }
    assert strict["$defs"] == {"d": {"type": "integer"}}


def test_a_condition_at_the_top_is_left_out(tmp_path):
    path = tmp_path / "x.schema.json"
    shape = {"type": "object", "properties": {"a": {"type": "string"}}}
    path.write_text(json.dumps({**shape, "anyOf": [{"required": ["a"]}]}))
    assert read_schema(path) == shape


def test_an_answer_in_strict_form_is_a_valid_document_once_its_nulls_are_gone():
    answer = {
        "task_id": "T-1",
        "round": 1,
        "decision": "changes_required",
        "blocking_issues": [{"severity": "high", "file": "", "line": None, "reason": "no", "required_change": None}],
        "non_blocking_suggestions": None,
    }
    document = without_nulls(answer)
    assert judge.find_problem("review_report", document) is None
    assert document["blocking_issues"] == [{"severity": "high", "file": "", "reason": "no"}]
