import pytest

from loop_kit.backends.fields import amount, clean, count, one_line, started
from loop_kit.model.agent_events import SessionStarted


@pytest.mark.parametrize("session_id", ["0929aff7-f869-44c2-89ae-29f8a6bf9c81", "ses_1", "a", "x" * 128])
def test_a_session_id_is_an_event(session_id: str):
    assert started(session_id) == (SessionStarted(session_id),)


@pytest.mark.parametrize("session_id", ["--yolo", "-r", "", "a b", "a\nb", "../x", "x" * 129, None, 7, ["a"]])
def test_what_could_be_an_option_or_a_path_is_no_session_id(session_id: object):
    assert started(session_id) == ()


def test_a_lone_surrogate_becomes_a_question_mark():
    assert clean(f"a{chr(0xD800)}b") == "a?b"


def test_a_line_is_one_and_short():
    assert one_line("a\n\tb\x0b c") == "a b c"
    assert len(one_line("word " * 1_000_000)) == 200
    assert one_line("x" * 201).endswith("…")


@pytest.mark.parametrize("value", [True, -1, 1.0, "3", None, [], 10**30])
def test_what_is_no_count_is_unknown(value: object):
    assert count(value) is None


@pytest.mark.parametrize("value", [True, -0.5, "3", None, float("inf"), float("nan"), 10**400])
def test_what_is_no_amount_is_unknown(value: object):
    assert amount(value) is None


def test_numbers_are_kept():
    assert count(0) == 0
    assert amount(3) == 3.0
    assert amount(0.25) == 0.25
