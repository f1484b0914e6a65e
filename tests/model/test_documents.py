from typing import ClassVar

import pytest

from loop_kit.errors import DocumentError
from loop_kit.model import documents
from loop_kit.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    kind: ClassVar[str] = "note"

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnNote:
    kind: ClassVar[str] = "own_note"
    remedy: ClassVar[str] = "write it anew"

    text: str


def test_a_broken_document_is_an_error_that_names_the_file_and_the_field() -> None:
    with pytest.raises(DocumentError) as caught:
        documents.read(Note, {"text": 3}, name="note.json")

    assert caught.value.message == "note.json $.text: it should be a text, not 3"
    assert caught.value.hint == "the rules are in schemas/note.schema.json"


def test_a_document_may_say_what_to_do_when_it_is_broken() -> None:
    with pytest.raises(DocumentError) as caught:
        documents.read(OwnNote, {})

    assert caught.value.message == "own_note $.text: it is missing"
    assert caught.value.hint == "write it anew"


def test_what_was_read_is_written_again() -> None:
    assert documents.write(documents.read(Note, {"text": "x"})) == {"text": "x"}
