import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from loop_kit import resources
from loop_kit.model import schema
from tests.support import documents
from tests.support.documents import SHA

FROM_OUTSIDE = ("task_card", "work_report", "review_report", "fix_list", "review_request", "checks", "config")
STRICT = ("config", "state", "manifest", "feed_event", "heartbeat")
HEARTBEAT = {
    "role": "worker",
    "pid": 7,
    "host": "here",
    "start_time": "1",
    "dispatch_id": "T-001-r1-worker-1",
    "at": "2025-01-31T08:00:00.000Z",
}


def load(kind: str) -> Any:
    return json.loads(resources.schema_path(kind).read_text(encoding="utf-8"))


def nodes(node: Any, path: str = "#") -> Iterator[tuple[str, Any]]:
    """Yield every object within a schema with its place."""
    if isinstance(node, dict):
        yield path, node
    for key, entry in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from nodes(entry, f"{path}/{key}")


def test_there_is_a_schema_for_every_kind_and_no_other():
    folder = resources.schema_path("state").parent
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"{kind}.schema.json" for kind in schema.KINDS)


@pytest.mark.parametrize("kind", schema.KINDS)
def test_a_schema_is_itself_valid_and_says_what_it_is(kind):
    document = load(kind)
    Draft202012Validator.check_schema(document)
    assert document["$id"] == f"{kind}.schema.json"
    assert document["title"]
    assert document["description"].endswith(".")


@pytest.mark.parametrize("kind", schema.KINDS)
def test_every_field_is_explained(kind):
    for path, node in nodes(load(kind)):
        if "/then" in path or "/if" in path:
            continue
        for name, field in node.get("properties", {}).items() if not path.endswith("/properties") else ():
            assert field.get("description", "").endswith("."), f"{kind} {path} {name}"


@pytest.mark.parametrize("kind", FROM_OUTSIDE)
def test_what_comes_from_outside_is_bounded_in_size(kind):
    for path, node in nodes(load(kind)):
        types = node.get("type", ())
        if "string" in types and "enum" not in node:
            assert "maxLength" in node, f"{kind} {path}"
        if "array" in types:
            assert "maxItems" in node, f"{kind} {path}"


@pytest.mark.parametrize("kind", schema.KINDS)
def test_a_comment_stands_where_it_becomes_the_sentence(kind):
    for path, node in nodes(load(kind)):
        if "$comment" in node:
            assert node.keys() & {"pattern", "required", "minItems", "maxItems"}, f"{kind} {path}"
        if isinstance(node.get("pattern"), str) and node["pattern"] != "\\S":
            assert "$comment" in node, f"{kind} {path}"


@pytest.mark.parametrize("kind", ["work_report", "review_report"])
def test_a_schema_that_agents_are_given_needs_no_other_file(kind):
    assert not [path for path, node in nodes(load(kind)) if "$ref" in node]


@pytest.mark.parametrize("kind", STRICT)
def test_a_field_nobody_knows_is_refused_in_loops_own_documents(kind):
    assert schema.find_problem(kind, {"surprise": 1}) is not None
    assert load(kind)["additionalProperties"] is False


@pytest.mark.parametrize("kind", schema.KINDS)
@pytest.mark.parametrize("value", [None, True, 3, 1.5, "text", []])
def test_what_is_no_object_is_no_document(kind, value):
    assert str(schema.find_problem(kind, value)).startswith("$: it should be an object, not ")


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        (
            "task_card",
            {"task_id": "T-001", "status": "todo", "goal": "One.", "in_scope": [], "acceptance_criteria": []},
        ),
        ("work_report", {"task_id": "T-001", "round": 1, "head_sha": "abc123..."}),
        ("review_report", {"task_id": "T-001", "round": 1, "decision": "approve", "blocking_issues": []}),
        (
            "fix_list",
            {
                "task_id": "T-001",
                "round": 2,
                "base_sha": "def456...",
                "head_sha": "abc123...",
                "fixes": [{"severity": "high", "file": "src/main.txt", "reason": "Wrong."}],
                "prior_round_notes": "Done.",
                "prior_review_non_blocking": ["Nicer names."],
            },
        ),
    ],
)
def test_a_document_of_the_original_format_is_valid(kind, document):
    assert schema.find_problem(kind, document) is None


def test_a_missing_field_of_a_document_in_a_document_is_found():
    assert schema.find_problem("manifest", {**documents.manifest(), "card": {"task_id": "T-001", "goal": "x"}}) == (
        "$.card.acceptance_criteria: it is missing"
    )
    assert schema.find_problem("manifest", {**documents.manifest(), "settings": {"runn": {}}}) == (
        "$.settings.runn: there is no such field, did you mean 'run'?"
    )


def test_a_heartbeat_satisfies_its_schema_and_a_stranger_does_not():
    assert schema.find_problem("heartbeat", HEARTBEAT) is None
    assert schema.find_problem("heartbeat", {**HEARTBEAT, "role": "pm"}) == (
        "$.role: a role's name should be up to 64 letters, digits, '.', '_' or '-', starting with a letter or digit, not 'pm'"
    )


def test_checks_of_the_base_and_of_a_head_are_valid():
    entry = {"name": "tests", "argv": ["make"], "where": "worktree", "tree": SHA, "result": "pass", "how": "exited"}
    document = {"task_id": "T-001", "round": 0, "head_sha": SHA, "tree": SHA, "checks": [entry]}
    assert schema.find_problem("checks", document) is None
    assert (
        schema.find_problem("checks", {**document, "checks": [{"result": "pass"}]}) == "$.checks[0].name: it is missing"
    )


def nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


def test_a_bottomless_value_is_refused_and_does_no_harm():
    problem = schema.find_problem("work_report", {"task_id": "T-001", "round": 1, "head_sha": nested(50_000)})
    assert problem in {"$: it is nested too deeply", "$.head_sha: it should be a text, not a list"}
    assert (
        schema.find_problem("work_report", {"task_id": "T-001", "round": 1, "head_sha": SHA, "own": nested(50_000)})
        is None
    )


@pytest.mark.parametrize("value", ["x" * 10**6, ["\x1b[31m"] * 10**5, {"x" * 10**6: 1}, 10**4000])
def test_a_sentence_stays_short_and_plain_whatever_is_wrong(value):
    for document in ({**documents.card(), "goal": value}, {**documents.card(), "constraints": [value]}):
        problem = schema.find_problem("task_card", document)
        assert problem is None or (len(problem) <= 401 and problem.isprintable())
    problem = schema.find_problem("config", {"backends": {"\x1b[31m" * 1000: {}}})
    assert problem is not None
    assert len(problem) <= 401
    assert problem.isprintable()


def test_reading_the_state_does_not_load_jsonschema():
    code = (
        "import sys, loop_kit.model.manifest, loop_kit.model.state, loop_kit.model.agent_events; "
        "sys.exit('jsonschema' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
