import json
from typing import Any

import pytest

from loop_kit import resources
from loop_kit.errors import DocumentError, NewerError
from loop_kit.model import documents as model
from loop_kit.model import schema
from loop_kit.model.manifest import Manifest
from loop_kit.model.state import RunState
from loop_kit.model.summary import Summary
from loop_kit.model.versions import KNOWN, check_not_newer, current, kind_of, names_of
from tests.support import documents
from tests.support.replay import SUMMARY

KINDS = {"manifest": Manifest, "state": RunState, "summary": Summary}
NOW = {"manifest": documents.manifest(), "state": documents.state(), "summary": SUMMARY}


def of_version_1(kind: str) -> dict[str, Any]:
    """Return a document of today as a loop of version 1 wrote it."""
    document = {("place" if name == "run_name" else name): value for name, value in NOW[kind].items()}
    if kind == "state":
        document |= {"digests": {"charter": "1" * 64, "card": "2" * 64}, "paying": ""}
    return {**document, "schema_version": 1}


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


@pytest.mark.parametrize("kind", KNOWN)
def test_a_document_of_version_1_says_what_it_said(kind: str):
    older = of_version_1(kind)
    lifted = current(kind, older, name="it")
    assert older["place"] == lifted["run_name"] == NOW[kind]["run_name"]
    assert schema.find_problem(kind, lifted) is None
    read: Any = model.read(KINDS[kind], older)
    assert read == model.read(KINDS[kind], lifted)
    assert read.run_name == older["place"]
    assert model.write(read)["schema_version"] == KNOWN[kind]


def test_a_state_of_version_1_has_the_digest_of_its_manifest():
    assert current("state", of_version_1("state"), name="it")["digests"] == {"manifest": "1" * 64, "card": "2" * 64}


@pytest.mark.parametrize(
    ("paying", "names"), [("", {}), ("reviewer", {"T-001@2-r2-reviewer-2": "reviewer"}), (None, None)]
)
def test_a_state_of_version_1_pays_for_the_newest_dispatch_of_a_role(paying: str | None, names: object):
    assert current("state", {**of_version_1("state"), "paying": paying}, name="it")["paying"] == names


@pytest.mark.parametrize("kind", KNOWN)
def test_a_document_of_this_version_stays_as_it_is(kind: str):
    assert current(kind, NOW[kind], name="it") is NOW[kind]


@pytest.mark.parametrize("document", [None, [], {}, *({"schema_version": odd} for odd in (None, True, 0, "1", 1.0))])
def test_what_is_of_no_version_stays_as_broken_as_it_is(document: Any):
    assert current("state", document, name="state.json") is document


@pytest.mark.parametrize("digests", [None, [], "x", {"charter": "1", "manifest": "2"}])
def test_what_is_broken_in_an_older_state_is_left_to_its_reader(digests: Any):
    assert current("state", {"schema_version": 1, "digests": digests}, name="it")["digests"] == digests


def test_a_document_of_version_1_with_a_field_of_version_2_is_refused():
    with pytest.raises(DocumentError, match=r"\$\.place: there is no such field"):
        model.read(RunState, {**of_version_1("state"), "run_name": "T-001"})


def test_a_newer_document_is_never_lifted():
    with pytest.raises(NewerError):
        current("state", {**NOW["state"], "schema_version": KNOWN["state"] + 1}, name="state.json")


def test_an_archived_charter_is_a_manifest():
    assert (kind_of("charter"), kind_of("manifest"), kind_of("checks")) == ("manifest", "manifest", "checks")
    assert (names_of("manifest"), names_of("checks")) == (("charter", "manifest"), ("checks",))
