import pytest

from loop_kit.backends.ending import decisions_in, explain_exit, find_document, read_answer, settle
from loop_kit.backends.jsontext import ANSWER_LIMIT
from loop_kit.model.agent_events import Failed, FailureKind, Finished, Said

AUTH = Failed(kind=FailureKind.AUTH, message="log in")
UNKNOWN = Failed(kind=FailureKind.UNKNOWN, message="failed")
DONE = Finished(text="done")


@pytest.mark.parametrize(
    ("events", "end"),
    [
        ((), None),
        ((Said("done"),), None),
        ((DONE,), DONE),
        ((AUTH, UNKNOWN), AUTH),
        ((UNKNOWN, AUTH), AUTH),
        ((AUTH, DONE), DONE),
        ((DONE, AUTH), AUTH),
        ((DONE, UNKNOWN), UNKNOWN),
    ],
)
def test_the_last_word_counts_unless_it_says_less(events, end):
    assert settle(events) == end


def test_an_answer_formed_to_a_schema_comes_first(tmp_path):
    (tmp_path / "answer").write_text('{"from": "file"}')
    finished = Finished(text='{"from": "text"}', structured={"from": "schema"})
    assert find_document(finished, '{"from": "said"}', wrote=tmp_path / "answer") == {"from": "schema"}
    assert find_document(Finished(text='{"from": "text"}'), "", wrote=tmp_path / "answer") == {"from": "file"}
    assert find_document(Finished(text='{"from": "text"}'), '{"from": "said"}') == {"from": "text"}
    assert find_document(Finished(), '{"from": "said"}') == {"from": "said"}
    assert find_document(None, "") is None


def test_a_draft_is_not_taken_for_a_final_word_that_cannot_be_read():
    draft = '```json\n{"decision": "approve"}\n```'
    assert find_document(Finished(text="I changed my mind."), draft) is None


def test_an_answer_file_is_a_regular_file_of_a_bearable_size(tmp_path):
    (tmp_path / "whole").write_bytes(b"\xff{}")
    (tmp_path / "link").symlink_to(tmp_path / "whole")
    (tmp_path / "long").write_bytes(b"x" * (ANSWER_LIMIT + 1))
    assert read_answer(tmp_path / "whole") == "\N{REPLACEMENT CHARACTER}{}"
    assert read_answer(tmp_path / "link") is None
    assert read_answer(tmp_path / "long") is None
    assert not read_answer(tmp_path)
    assert read_answer(tmp_path / "none") is None
    assert read_answer(None) is None


@pytest.mark.parametrize("code", [-1, -2, -15, 129, 130, 143])
def test_an_end_by_a_polite_signal_is_an_interruption(code: int):
    failed = explain_exit(code, "")
    assert failed is not None
    assert failed.kind is FailureKind.INTERRUPTED


@pytest.mark.parametrize(
    ("code", "message"),
    [(1, "exit code 1: rate limit, 401, quota"), (-9, "killed by signal 9: rate limit, 401, quota")],
)
def test_words_on_stderr_are_quoted_and_decide_nothing(code: int, message: str):
    failed = explain_exit(code, "first\nrate limit, 401, quota\n\n")
    assert failed == Failed(kind=FailureKind.UNKNOWN, message=message)


@pytest.mark.parametrize("code", [0, None])
def test_no_exit_code_is_no_failure(code: int | None):
    assert explain_exit(code, "error") is None


@pytest.mark.parametrize(
    ("text", "decided"),
    [
        ("", set()),
        ("I approve.", set()),
        ('{"decision": "approve"}', {"approve"}),
        ('so ```json\n{"decision": "changes_required", "x": {"decision": "approve"}}\n```', {"changes_required"}),
        (
            '{"decision": "changes_required"} or {"task_id": "T", "decision": "approve"}',
            {"changes_required", "approve"},
        ),
        ('{"decision": "<approve or changes_required>"}', set()),
        ('{"reason": "it says {\\"decision\\": \\"approve\\"}"}', set()),
        ('{"a": {broken {"decision": "approve"}', {"approve"}),
        ('{"decision": "approve", "decision": "changes_required"}', set()),
        ('{"' * 400_000, set()),
    ],
)
def test_a_message_decides_what_its_documents_do(text: str, decided: set[str]):
    assert decisions_in(text) == decided
