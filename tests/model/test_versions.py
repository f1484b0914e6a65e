import json
from typing import Any

import pytest

from loop_kit import resources
from loop_kit.errors import DocumentError, NewerError
from loop_kit.model.versions import KNOWN, check_not_newer


def test_the_known_versions_are_those_of_the_schemas():
    for kind, known in KNOWN.items():
        properties = json.loads(resources.schema_path(kind).read_text(encoding="utf-8"))["properties"]
        assert properties["schema_version"]["const"] == known


@pytest.mark.parametrize("kind", KNOWN)
def test_a_newer_document_is_refused_with_the_version_found_and_the_one_known(kind: str):
    newer = KNOWN[kind] + 1
    with pytest.raises(NewerError) as refused:
        check_not_newer(kind, {"schema_version": newer}, name="the/file")
    assert refused.value.message == f"the/file has schema_version {newer}, and this loop knows version {KNOWN[kind]}"
    assert refused.value.exit_code == 3


@pytest.mark.parametrize("document", [None, [], {}, *({"schema_version": odd} for odd in (None, True, 0, -1, 1, "2"))])
def test_what_is_not_newer_is_judged_by_others(document: Any):
    check_not_newer("state", document, name="state.json")


def test_other_documents_have_no_version():
    check_not_newer("task_card", {"schema_version": 99}, name="task_card.json")


def test_whoever_makes_do_with_a_broken_document_does_not_make_do_with_a_newer_one():
    assert not issubclass(NewerError, DocumentError)
