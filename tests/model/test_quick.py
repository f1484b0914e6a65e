"""The quick judge never says yes where jsonschema says no; and it does say yes to what loop meets every day."""

import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, validators
from referencing import Registry

from loop_kit import resources
from loop_kit.model import quick, schema
from loop_kit.model.schema import KINDS
from tests.support import documents

MADE = {
    "charter": documents.charter,
    "state": documents.state,
    "task_card": documents.card,
}
ROOT = resources.schema_path("state").parents[1]
EXAMPLE = ROOT / ".loop.example"


def exactly(kind: str, document: Any) -> bool:
    """Return what jsonschema itself says."""
    types = Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"integer": schema._is_integer, "number": schema._is_number}
    )
    schemas = {f"{name}.schema.json": json.loads(resources.schema_path(name).read_text("utf-8")) for name in KINDS}
    registry: Registry[Any] = Registry().with_contents(schemas.items())
    judge: Any = validators.extend(Draft202012Validator, type_checker=types)  # type: ignore[no-untyped-call]  # the stubs leave it out
    return bool(judge(schemas[f"{kind}.schema.json"], registry=registry).is_valid(document))


def real() -> Iterator[tuple[str, Any]]:
    """Yield documents as loop meets them, with their kinds."""
    for path in sorted(EXAMPLE.rglob("*.json")):
        kind = next((kind for kind in KINDS if path.stem.endswith(kind)), None)
        if kind is not None:
            yield kind, json.loads(path.read_text(encoding="utf-8"))
    yield from ((kind, make()) for kind, make in MADE.items())
    yield "config", {"run": {"max_rounds": 2, "worker_backend": "codex,claude"}, "checks": {"a": {"run": "true"}}}


REAL = list(real())


@pytest.mark.parametrize(("kind", "document"), REAL)
def test_what_loop_meets_every_day_is_seen_to_be_good_at_once(kind: str, document: Any):
    assert exactly(kind, document)
    assert quick.fits(kind, document)


def places(document: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    items = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in items:
        yield from places(value, (*at, key))


def spoiled(document: Any, at: tuple[Any, ...], value: Any) -> Any:
    """Return a copy with another value at a place, or without what is there."""
    copied = copy.deepcopy(document)
    if not at:
        return value
    inner = copied
    for key in at[:-1]:
        inner = inner[key]
    if value is documents.MISSING:
        del inner[at[-1]]
    else:
        inner[at[-1]] = value
    return copied


@pytest.mark.parametrize(("kind", "document"), REAL)
def test_it_agrees_with_jsonschema_on_every_odd_value_in_every_place(kind: str, document: Any):
    odd = (*documents.ODD_VALUES, documents.MISSING, 10**20, "x" * 70_000, "a\nb", "\0")
    for at in list(places(document))[:60]:
        for value in odd:
            changed = spoiled(document, at, value)
            if changed is not documents.MISSING:
                assert quick.fits(kind, changed) == exactly(kind, changed), (at, value)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(kind=st.sampled_from(KINDS), document=ANYTHING)
def test_it_never_lets_pass_what_jsonschema_refuses(kind: str, document: Any):
    assert not quick.fits(kind, document) or exactly(kind, document)


def test_every_keyword_of_the_schemas_is_known():
    for kind in KINDS:
        pending = [json.loads(resources.schema_path(kind).read_text("utf-8"))]
        while pending:
            node = pending.pop()
            if isinstance(node, dict):
                assert quick._KNOWN.issuperset(node), f"{kind}: {node.keys() - quick._KNOWN}"
                for key, value in node.items():
                    named = key in ("properties", "$defs")
                    pending += (
                        list(value.values()) if named else [] if key in ("enum", "const", "required") else [value]
                    )
            elif isinstance(node, list):
                pending += node


def test_a_good_document_is_judged_without_jsonschema():
    code = (
        "import sys, json; from loop_kit.model import schema\n"
        f"assert schema.find_problem('task_card', {documents.card()!r}) is None\n"
        "assert 'jsonschema' not in sys.modules\n"
        "assert schema.find_problem('task_card', {}) == '$.task_id: it is missing'\n"
        "assert 'jsonschema' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-P", "-c", code], check=True, timeout=60)
