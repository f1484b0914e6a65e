from typing import Any

import pytest

from loop_kit.errors import DocumentError, LoopError, NewerError
from loop_kit.model import schema
from loop_kit.model.documents import read, write
from loop_kit.model.manifest import Manifest
from loop_kit.model.versions import current
from tests.support import documents
from tests.support.documents import MISSING, ODD_VALUES, with_value

PATHS = [(key,) for key in documents.manifest()] + [("texts", key) for key in documents.manifest()["texts"]]


def parse(document: Any) -> str | None:
    try:
        read(Manifest, document)
    except LoopError as error:
        return error.message
    return None


def test_a_manifest_comes_back_as_it_went():
    manifest = read(Manifest, documents.manifest())
    assert read(Manifest, write(manifest)) == manifest
    assert schema.find_problem("manifest", write(manifest)) is None


def test_the_card_is_kept_word_for_word():
    manifest = read(Manifest, documents.manifest())
    assert write(manifest)["card"] == documents.manifest()["card"]
    assert manifest.card.goal == "Long durations are shown in hours."


@pytest.mark.parametrize("path", PATHS, ids=str)
def test_parser_and_schema_agree_on_every_odd_value(path):
    for value in (*ODD_VALUES, MISSING):
        changed = with_value(documents.manifest(), path, value)
        parsed, judged = parse(changed), schema.find_problem("manifest", current("manifest", changed, name="it"))
        assert (parsed is None) == (judged is None), (value, parsed, judged)


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (("run_id",), MISSING, "manifest $.run_id: it is missing"),
        (("untracked",), "abc", "manifest $.untracked: it should be a list, not 'abc'"),
        (("texts", "context"), None, "manifest $.texts.context: it should be a text, not null"),
        (("card", "goal"), "", "manifest $.card.goal: it is blank"),
        (
            ("settings", "run", "max_round"),
            3,
            "manifest $.settings.run.max_round: there is no such field, did you mean 'max_rounds'?",
        ),
        (
            ("run_name",),
            "../elsewhere",
            (
                "manifest $.run_name: it should be a task's id, alone or "
                "followed by '@' and a number from 2, not '../elsewhere'"
            ),
        ),
        (("schema_version",), 0, "manifest $.schema_version: this loop reads version 2, not 0"),
        (("surprise",), 1, "manifest $.surprise: there is no such field"),
    ],
)
def test_a_wrong_manifest_is_refused_in_one_sentence(path, value, sentence):
    assert parse(with_value(documents.manifest(), path, value)) == sentence


def test_a_manifest_that_a_newer_loop_wrote_is_refused_as_such():
    with pytest.raises(NewerError, match=r"^manifest has schema_version 3, and this loop knows version 2$"):
        read(Manifest, {**documents.manifest(), "schema_version": 3, "something_newer": 1})


@pytest.mark.parametrize("document", [None, [], "manifest", 3])
def test_what_is_no_object_is_refused(document):
    with pytest.raises(DocumentError, match=r"manifest \$: it should be an object, not"):
        read(Manifest, document)


@pytest.mark.parametrize(
    ("path", "part"),
    [
        (("card", "ticket"), "card"),
        (("settings", "run", "max_rounds"), "config"),
        (("texts", "reviewer_role"), "roles"),
        (("texts", "agents_md"), "roles"),
        (("texts", "worker_template"), "templates"),
    ],
)
def test_a_changed_part_changes_its_digest_and_that_of_the_whole(path, part):
    before = read(Manifest, documents.manifest()).digests()
    changed = with_value(documents.manifest(), path, 7 if path[-1] == "max_rounds" else "changed")
    after = read(Manifest, changed).digests()
    assert {name for name in before if before[name] != after[name]} == {part, "manifest"}
