import pytest

from loop_kit.errors import ConfigError
from loop_kit.prompts.templates import (
    TEMPLATE_LIMIT,
    WORKER_PLACEHOLDERS,
    check_template,
    complete,
    fill,
    joined,
    placed,
)


def test_known_placeholders_are_replaced_wherever_they_stand():
    assert (
        fill("{task_id}: round {round_num} of {task_id}", {"task_id": "T-1", "round_num": "2"}) == "T-1: round 2 of T-1"
    )


@pytest.mark.parametrize(
    "text", ['{"a": {"b": []}}', "{unknown}", "{}", "{0}", "{{", "{task_id!r}", "{ task_id }", "${HOME}"]
)
def test_other_braces_stay_as_they_are(text):
    assert fill(text, {"task_id": "T-1"}) == text


def test_a_value_is_never_looked_at_again():
    values = {"role_md": "see {work_report_path} and {role_md}", "work_report_path": "/out"}
    assert fill("{role_md} {work_report_path}", values) == "see {work_report_path} and {role_md} /out"


def test_a_value_may_hold_what_a_regular_expression_would_read():
    assert fill("{a}", {"a": r"\1 \g<0> \n"}) == r"\1 \g<0> \n"


def test_placed_tells_the_known_placeholders_from_the_rest():
    assert placed("{task_id} {function_index} {task_id}", WORKER_PLACEHOLDERS) == {"task_id"}


def test_what_a_template_leaves_out_is_appended_in_order():
    values = {"a": "A", "b": "B", "c": "C"}
    assert complete("Start {b}.\n", values, ("a", "b", "c")) == "Start B.\n\nA\n\nC"


def test_joined_leaves_out_what_says_nothing():
    assert joined("", "one", "", "two", "") == "one\n\ntwo"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "t.txt is empty"),
        (b" \n\t\n", "t.txt is empty"),
        (b"Hello \0", "t.txt is not text: it holds a NUL character"),
        (b"Hello \xff", "t.txt is not UTF-8 text: byte 6 cannot be read"),
        ("half \ud800", "t.txt is not UTF-8 text: byte 5 cannot be read"),
        (b"x" * (TEMPLATE_LIMIT + 1), "t.txt has 262,145 bytes, a template may have 262,144"),
        (b"{role_md}" * 101, "t.txt has 101 placeholders, a template may have 100"),
    ],
)
def test_a_template_that_cannot_be_used_is_refused_by_name(content, sentence):
    with pytest.raises(ConfigError) as refused:
        check_template(content, WORKER_PLACEHOLDERS, "t.txt")
    assert refused.value.message == sentence
    assert "loop init" in refused.value.hint


@pytest.mark.parametrize(
    "content",
    [b"No placeholder at all.", "\ufeff{role_md}".encode(), "Grüße", b"{unknown}" * 500, b"x" * TEMPLATE_LIMIT],
)
def test_a_template_may_leave_everything_to_us(content):
    text = check_template(content, WORKER_PLACEHOLDERS, "t.txt")
    assert text == (content if isinstance(content, str) else content.decode("utf-8-sig"))
