"""What every captured run of every program comes to: its conversation and its last word.

How each of them ended and what it used is in the table of its own backend's test.
"""

import json
import re

import pytest

from loop_kit.backends.registry import find_backend
from loop_kit.model.agent_events import Finished
from loop_kit.model.config import BackendSettings
from loop_kit.model.roles import Access
from tests.backends.orders import CAPTURES, cases, conversation, lines, make_order

_PLACES = re.compile(r"(?<![\w./-])/(?:home|mnt|opt|private|root|tmp|Users|var|work)\b[\w./-]*")
PROGRAMS = ("claude", "codex", "gemini", "opencode")
DONE = "Done: I appended a line to hello.txt and committed it."
SECOND = "Second turn: nothing more to do."
PROSE = "I think it is fine, LGTM."
NEVER_BEGAN = (("claude", "resume_bad"), ("claude", "resume_badname"))  # the id in its result is nobody's
# The last words that are not DONE, and documents; runs that failed have none.
LAST_WORDS = {
    ("claude", "resume"): SECOND,
    ("claude", "schema_bad"): PROSE,
    ("codex", "resume"): SECOND,
    ("codex", "schema_bad"): PROSE,
    ("gemini", "resume"): SECOND,
    ("opencode", "resume"): SECOND,
}
VERDICT = {"verdict": "approve", "reasons": ["tests pass", "small diff"]}
SHORT_VERDICT = {"verdict": "approve", "reasons": ["ok"]}
DOCUMENTS = {
    ("claude", "review_ro"): SHORT_VERDICT,
    ("claude", "schema"): VERDICT,
    ("claude", "schema_wrong"): {"verdict": "approve", "reasons": ["fixed"]},
    ("codex", "review"): SHORT_VERDICT,
    ("codex", "review_ro"): SHORT_VERDICT,
    ("codex", "schema"): VERDICT,
    ("gemini", "review_policy_verdict"): VERDICT,
    ("gemini", "verdict"): VERDICT,
    ("opencode", "review_ro"): SHORT_VERDICT,
    ("opencode", "verdict"): VERDICT,
}
ALL = [(program, case) for program in PROGRAMS for case in cases(program)]


def test_no_capture_names_a_place_of_the_machine_that_it_was_made_on():
    named = {found for path in CAPTURES.rglob("*.*") for found in _PLACES.findall(path.read_text(encoding="utf-8"))}
    assert named == set()  # the programs were run below /lab


def test_every_folder_of_captures_belongs_to_a_program():
    assert sorted(path.name for path in CAPTURES.iterdir()) == sorted((*PROGRAMS, "acp"))  # acp has its own tests


@pytest.mark.parametrize(("program", "case"), ALL)
def test_the_conversation_is_the_one_that_the_program_named(program: str, case: str):
    named = {
        entry[key]
        for line in lines(program, case)
        if isinstance(entry := json.loads(line), dict)
        for key in ("thread_id", "session_id", "sessionID")
        if key in entry
    }
    talk = conversation(program, case, find_backend(program, BackendSettings(type=program)))
    assert talk.account.session_id == (named.pop() if named and (program, case) not in NEVER_BEGAN else None)
    assert not named or (program, case) in NEVER_BEGAN


@pytest.mark.parametrize(("program", "case"), ALL)
def test_the_last_word_and_the_document_are_those_of_the_run(program: str, case: str, tmp_path):
    backend = find_backend(program, BackendSettings(type=program))
    talk = conversation(program, case, backend)
    if not isinstance(talk.end, Finished):
        assert (program, case) not in LAST_WORDS | DOCUMENTS
        return
    document = backend.document(make_order(tmp_path, access=Access.READ), talk.end, talk.said)
    assert document == DOCUMENTS.get((program, case))
    last = talk.end.text if talk.end.text is not None else talk.said.rpartition("\n")[2]
    if document is None:
        assert last == LAST_WORDS.get((program, case), DONE)
