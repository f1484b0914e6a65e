from dataclasses import replace

import pytest

from loop_kit.model import documents
from loop_kit.model.event import Usage
from loop_kit.model.fields import FieldError
from loop_kit.model.session import Session


def test_a_session_comes_back_as_it_went():
    counted = Usage(input_tokens=7, output_tokens=2, cumulative=True)
    session = Session(backend="codex", session_id="s-1", round=4, rounds=3, counted=counted)
    assert documents.read(Session, session.to_document()) == session
    fresh = replace(session, counted=None)
    assert documents.read(Session, fresh.to_document()) == fresh


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ([], "$.sessions.worker: it should be an object, not a list"),
        ({"backend": "codex", "rounds": 1}, "$.sessions.worker.session_id: it is missing"),
        (
            {"backend": "codex", "session_id": None, "rounds": 1},
            "$.sessions.worker.session_id: it should be a text, not null",
        ),
        (
            {"backend": "codex", "session_id": "s", "rounds": 1, "pid": 2},
            "$.sessions.worker.pid: there is no such field",
        ),
    ],
)
def test_a_wrong_session_is_refused_by_its_path(entry, sentence):
    with pytest.raises(FieldError) as refused:
        documents.read(Session, entry, at="$.sessions.worker")
    assert str(refused.value) == sentence
