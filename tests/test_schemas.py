"""Two judges of every document, the reader of its class and jsonschema with the file that was written from it: they agree."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loop_kit.model import schema
from loop_kit.model.run_settings import RunSettings
from loop_kit.values import reading
from loop_kit.values.wording import FieldError
from tests.support import documents
from tests.support.documents import places, with_value
from tests.support.pages import ROOT
from tests.support.schemas import DOCUMENTS

CONFIG = {
    "run": {**reading.write(RunSettings()), "timeout": 1.5, "worker_backend": "codex, claude", "reviewers": ["a", "b"]},
    "worker": {"model": "m", "args": ["-x"], "env": {"A": "b"}},
    "roles": {
        "a": {"backend": "a,b", "access": "read", "effort": "e", "dispatch_timeout": 1.5, "idle_timeout": 0},
        "b": {"model": "m"},
    },
    "backends": {
        "mine": {"type": "command", "argv": ["a"], "prompt": "file", "report": "json:a.b", "failures": {"E": "auth"}}
    },
    "env": {"pass": ["A_*"], "set": {"A": "b"}},
    "plugins": ["a.b"],
    "checks": {"one": {"argv": ["a"], "expect": 3}, "two": {"run": "a", "expect": [0, 1], "where": "inplace"}},
    "prepare": {"run": "a", "files": ["**/*.lock"], "link": ["a/b"]},
    "prices": {"as_of": "", "per_dispatch": 0, "models": {"m": {"input": 1, "cached": 0.5, "output": 2}}},
    "protect": {"keep": ["*.x"]},
}
HEARTBEAT = {
    "role": "worker",
    "pid": 7,
    "host": "h",
    "start_time": "s",
    "dispatch_id": "",
    "at": "2025-01-31T08:00:00.000Z",
}


def examples(kind: str) -> Iterator[Any]:
    """Yield the documents of a kind as loop wrote them into the example bus."""
    for path in sorted((ROOT / ".loop.example").rglob(f"*{kind}.json")):
        yield json.loads(path.read_text(encoding="utf-8"))


# By kind, documents that say everything a class can read, and such as say little.
GOOD: Mapping[str, tuple[Any, ...]] = {
    "config": (CONFIG, {}, {"prepare": {"link": []}}, {"prepare": {"argv": ["a"]}}),
    "heartbeat": (HEARTBEAT,),
    "feed_event": tuple(map(json.loads, (ROOT / ".loop.example/logs/feed.jsonl").read_text("utf-8").splitlines())),
    "manifest": (documents.manifest(), *examples("manifest")),
    "state": (documents.state(), *examples("state")),
    "task_card": (documents.card(), *examples("task_card")),
    **{
        kind: tuple(examples(kind))
        for kind in ("checks", "fix_list", "review_report", "review_request", "summary", "work_report")
    },
}
CASES = [pytest.param(kind, document, id=kind.kind) for kind in DOCUMENTS for document in GOOD[kind.kind]]
ODD = (
    *documents.ODD_VALUES,
    10**20,
    10**400,
    255,
    256,
    0.05,
    float("inf"),
    float("nan"),
    "x" * 70_000,
    "a\nb",
    "\0",
    " ",
    "a.b",
    "a/b",
)


def reads(kind: Any, document: Any) -> bool:
    try:
        reading.read(kind, document)
    except FieldError:
        return False
    return True


def satisfies(kind: Any, document: Any) -> bool:
    return bool(schema._validator(kind.kind).is_valid(document))


@pytest.mark.parametrize(("kind", "document"), CASES)
def test_a_good_document_is_good_to_both_and_so_is_what_is_written_of_it(kind: Any, document: Any):
    assert satisfies(kind, document)
    value = reading.read(kind, document)
    assert satisfies(kind, reading.write(value))
    assert reading.read(kind, reading.write(value)) == value


def spoiled(document: Any) -> Iterator[Any]:
    """Yield the document with every odd value in every place, without what is there, and with a field more."""
    for place in places(document):
        for value in (*ODD, documents.MISSING) if place else ODD:
            yield with_value(document, place, value)
    for place in (place for place in places(document) if isinstance(_at(document, place), dict)):
        yield from (with_value(document, (*place, name), "x") for name in ("run", "argv", "surprise"))


def _at(document: Any, place: tuple[Any, ...]) -> Any:
    for key in place:
        document = document[key]
    return document


@pytest.mark.parametrize(("kind", "document"), CASES)
def test_the_reader_refuses_exactly_what_jsonschema_refuses(kind: Any, document: Any):
    for changed in spoiled(document):
        assert reads(kind, changed) == satisfies(kind, changed), changed


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(data=st.data(), anything=ANYTHING)
def test_they_agree_on_anything_in_any_place(data: st.DataObject, anything: Any):
    kind = data.draw(st.sampled_from(DOCUMENTS))
    document = data.draw(st.sampled_from(GOOD[kind.kind]))
    changed = with_value(document, data.draw(st.sampled_from(places(document))), anything)
    assert reads(kind, changed) == satisfies(kind, changed)
