from dataclasses import replace

import pytest

from loop_kit.model.session import Session
from loop_kit.model.usage import UsageNumbers
from loop_kit.values.reading import read, write
from loop_kit.values.wording import FieldError


def test_a_session_comes_back_as_it_went():
    counted = UsageNumbers(input_tokens=7, output_tokens=2)
    session = Session(backend="codex", session_id="s-1", round=4, rounds=3, counted=counted)
    assert read(Session, write(session)) == session
    fresh = replace(session, counted=None)
    assert read(Session, write(fresh)) == fresh


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ([], "$.sessions.worker: it should be an object, not a list"),
        ({"backend": "codex", "rounds": 1}, "$.sessions.worker.session_id: it is missing"),
        (
            {"backend": "codex", "session_id": None, "round": 1, "rounds": 1, "counted": None},
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
        read(Session, entry, "$.sessions.worker")
    assert str(refused.value) == sentence
