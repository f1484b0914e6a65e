from dataclasses import replace

from loop_kit.model.change import Effect, Finding
from loop_kit.model.state import Judge
from loop_kit.model.task import TaskCard
from loop_kit.prompts.sections import again_part, card_section, fixes_part, history_part, problem_lines
from tests.prompts.briefs import CARD, FIX_LIST, ROW


def test_a_card_without_scope_allows_every_file_and_states_no_rule():
    text = card_section(TaskCard(task_id="T-1", goal="Do it.", acceptance_criteria=()))
    assert "In scope: every file." in text
    assert "bind" not in text


def test_a_card_with_scope_says_that_it_binds():
    assert "Scope entries that are path patterns bind" in card_section(CARD)


def test_loop_as_judge_is_named():
    assert "said by loop itself" in history_part((replace(ROW, judged_by=Judge.LOOP),))


def test_only_the_last_rounds_are_listed():
    rows = tuple(replace(ROW, round=number) for number in range(1, 31))
    assert "- round 10:" not in history_part(rows)
    assert "- round 11:" in history_part(rows)
    assert "- round 30:" in history_part(rows)


def test_what_does_not_exist_is_not_mentioned():
    assert history_part(()) == ""
    assert again_part(()) == ""
    assert fixes_part(None, "Settle:") == ""
    assert fixes_part(replace(FIX_LIST, fixes=()), "Settle:") == ""


def test_a_problem_is_one_line_of_bounded_length():
    finding = Finding(effect=Effect.JUDGE, code="c", text="a\nb" * 1000, paths=tuple("abc") * 50)
    _, line, _ = problem_lines([finding]).split("\n")
    assert len(line) < 1000


def test_many_problems_are_counted():
    lines = problem_lines(["the same"] * 150).split("\n")
    assert len([line for line in lines if line == "- the same"]) == 100
    assert lines[-1] == "(50 more are not shown.)"
