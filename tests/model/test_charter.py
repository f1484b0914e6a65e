from typing import Any

import pytest

from loop_kit.errors import DocumentError, LoopError, NewerError
from loop_kit.model import schema
from loop_kit.model.charter import Charter
from loop_kit.model.documents import read, write
from tests.support import documents
from tests.support.documents import MISSING, ODD_VALUES, with_value

PATHS = [(key,) for key in documents.charter()] + [("texts", key) for key in documents.charter()["texts"]]


def parse(document: Any) -> str | None:
    try:
        read(Charter, document)
    except LoopError as error:
        return error.message
    return None


def test_a_charter_comes_back_as_it_went():
    charter = read(Charter, documents.charter())
    assert read(Charter, write(charter)) == charter
    assert schema.find_problem("charter", write(charter)) is None


def test_the_card_is_kept_word_for_word():
    charter = read(Charter, documents.charter())
    assert write(charter)["card"] == documents.charter()["card"]
    assert charter.card.goal == "Long durations are shown in hours."


@pytest.mark.parametrize("path", PATHS, ids=str)
def test_parser_and_schema_agree_on_every_odd_value(path):
    for value in (*ODD_VALUES, MISSING):
        changed = with_value(documents.charter(), path, value)
        parsed, judged = parse(changed), schema.find_problem("charter", changed)
        assert (parsed is None) == (judged is None), (value, parsed, judged)


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (("run_id",), MISSING, "charter $.run_id: it is missing"),
        (("untracked",), "abc", "charter $.untracked: it should be a list, not 'abc'"),
        (("texts", "context"), None, "charter $.texts.context: it should be a text, not null"),
        (("card", "goal"), "", "charter $.card.goal: it is blank"),
        (
            ("settings", "run", "max_round"),
            3,
            "charter $.settings.run.max_round: there is no such field, did you mean 'max_rounds'?",
        ),
        (
            ("place",),
            "../elsewhere",
            (
                "charter $.place: it should be a task's id, alone or "
                "followed by '@' and a number from 2, not '../elsewhere'"
            ),
        ),
        (("schema_version",), 0, "charter $.schema_version: this loop reads version 1, not 0"),
        (("surprise",), 1, "charter $.surprise: there is no such field"),
    ],
)
def test_a_wrong_charter_is_refused_in_one_sentence(path, value, sentence):
    assert parse(with_value(documents.charter(), path, value)) == sentence


def test_a_charter_that_a_newer_loop_wrote_is_refused_as_such():
    with pytest.raises(NewerError, match=r"^charter has schema_version 2, and this loop knows version 1$"):
        read(Charter, {**documents.charter(), "schema_version": 2, "something_newer": 1})


@pytest.mark.parametrize("document", [None, [], "charter", 3])
def test_what_is_no_object_is_refused(document):
    with pytest.raises(DocumentError, match=r"charter \$: it should be an object, not"):
        read(Charter, document)


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
    before = read(Charter, documents.charter()).digests()
    changed = with_value(documents.charter(), path, 7 if path[-1] == "max_rounds" else "changed")
    after = read(Charter, changed).digests()
    assert {name for name in before if before[name] != after[name]} == {part, "charter"}
