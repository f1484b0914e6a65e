from typing import Any

import pytest

from loop_kit.cli.run_ending import RunEnding, ending_of_error, plain_lines, sections
from loop_kit.errors import LockedError, Outcome
from loop_kit.model.feed_event import data_of
from tests.support.replay import ROW, SUMMARY, summary_of


def ending(outcome: Outcome = Outcome.STALLED, **more: Any) -> RunEnding:
    summary = summary_of(more.pop("summary", SUMMARY))
    files = {"fix_list": "FIX", "summary_path": "STORY"}
    return RunEnding(**{"outcome": outcome, "run_name": "T-1", "summary": summary, "error": "odd", **files, **more})


def lines_of(found: RunEnding, label: str) -> tuple[str, ...]:
    return next((section.lines for section in sections(found) if section.label == label), ())


def test_an_approval_names_its_grounds_and_where_to_look():
    approved = ending(Outcome.APPROVED, error="", commands=("loop diff", "loop accept"))
    assert plain_lines(approved) == [
        "T-1: approved, unverified (no check is configured), after 1 round",
        "  bbbbbbb..eeeeeee on main",
        "  look at it:  loop diff",
        "  summary:     STORY",
    ]


def test_why_a_run_did_not_end_well_is_said_on_stderr_and_not_twice():
    found = plain_lines(ending(commands=("loop run --resume",)))
    assert "odd" not in " ".join(found)
    assert "  next:        loop run --resume" in found


def test_a_single_round_names_its_fix_list():
    found = ending(Outcome.CHANGES_REQUIRED, error="")
    assert plain_lines(found) == ["round 1: changes required, see FIX"]
    assert lines_of(found, "why") == ("the fix list names the changes",)


@pytest.mark.parametrize(
    ("hint", "shown"),
    [
        ("", ()),
        ("loop run --resume goes on from here", ()),
        ("loop run --resume goes on; loop status shows more", ("loop run --resume goes on; loop status shows more",)),
        ("mend it, then: loop run --resume", ("mend it, then: loop run --resume",)),
    ],
)
def test_a_hint_that_only_repeats_the_next_command_is_left_out(hint: str, shown: tuple[str, ...]):
    assert lines_of(ending(hint=hint), "hint") == shown


def test_one_open_issue_is_told_at_once_and_more_are_counted():
    issue = {"severity": "high", "file": "a.py", "line": 3, "reason": "wrong", "required_change": "right"}
    one, two = ({**SUMMARY, "open_issues": [issue] * count} for count in (1, 2))
    assert lines_of(ending(summary=one), "open") == ("high: a.py:3: wrong",)
    assert lines_of(ending(summary=two), "open") == ("2 issues", *["high: a.py:3: wrong"] * 2)
    assert lines_of(ending(), "open") == ("none",)


def test_only_the_last_rounds_are_listed():
    rows = [{**ROW, "decision": "changes_required", "blocking": number} for number in range(9)]
    said = lines_of(ending(summary={**SUMMARY, "rounds": 9, "round_details": rows}), "rounds")[0]
    assert said.startswith("9: …, changes required (4), ")


def test_a_run_that_never_was_ends_with_its_error_alone():
    refused = ending_of_error(LockedError("held", hint="wait"))
    assert data_of(refused.event) == {
        "outcome": "locked",
        "exit_code": 5,
        "message": "held",
        "hint": "wait",
        "next": [],
        "checks": [],
        "summary": None,
    }
    assert ending_of_error(ZeroDivisionError("odd")).event.message == "a bug in loop: ZeroDivisionError('odd')"
