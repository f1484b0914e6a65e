"""The panel on terminals of every size."""

from typing import Any

import pytest

from loop_kit.cli.panel import share_out
from loop_kit.errors import Outcome
from tests.support.replay import ROW, SUMMARY, replay
from tests.support.screens import Screen, bare, too_wide

ISSUES = [{"severity": "high", "file": f"src/part{n}.py", "line": n, "reason": "wrong " * 40} for n in range(1, 9)]
FULL: dict[str, Any] = {
    "outcome": Outcome.ROUND_LIMIT,
    "error": "3 rounds ended without approval",
    "hint": "loop run --resume --max-rounds 5 goes on; loop status shows what is still open",
    "checks": [f"check{n} (make check{n}): passed in 1.0 s" for n in range(12)],
    "commands": ["loop run --resume --max-rounds 5", "loop show T-1"],
    "summary": {
        **SUMMARY,
        "verified": True,
        "commits": [f"eeeeeeeeeeee Commit {n}" for n in range(40)],
        "files": [f"src/part{n}.py" for n in range(60)],
        "open_issues": ISSUES,
        "rounds": 3,
        "round_details": [{**ROW, "decision": "changes_required", "blocking": 8}] * 3,
    },
}


@pytest.mark.parametrize("size", [(24, 80), (50, 200), (24, 40), (24, 20), (12, 80), (0, 0), (3, 5)])
def test_the_outcome_and_the_next_commands_are_on_the_screen_however_small_it_is(size: tuple[int, int]):
    terminal = replay((), FULL, size=size)
    screen = Screen(terminal)
    assert "\x1b" not in bare(terminal.text)
    assert "Traceback" not in terminal.text
    if size == (3, 5):
        return  # it did not crash: nothing can be read there
    assert too_wide(terminal) == []
    assert any(line.startswith("round_limit") for line in screen.lines), screen.text
    flat = " ".join(" ".join(screen.lines).split())
    assert "loop run --resume --max-rounds 5" in flat
    if size in ((24, 80), (50, 200), (0, 0)):
        assert "high: src/part1.py:1: wrong wrong" in flat
        assert "why       3 rounds ended without approval" in screen.lines
        assert "rounds    3: changes required (8), changes required (8), changes required (8)" in screen.lines
        assert any(line.startswith("commits   40: bbbbbbb..eeeeeee on main") for line in screen.lines)


def test_a_text_of_somebody_else_is_no_markup_and_no_command():
    odd = "[red]a[/red] \x1b[2J :smile: \u202e 日本" + "語" * 200
    summary = {**SUMMARY, "commits": [f"eeee {odd}"], "files": [odd], "open_issues": [{**ISSUES[0], "reason": odd}]}
    terminal = replay((), {"outcome": Outcome.STALLED, "error": odd, "hint": odd, "summary": summary}, size=(50, 80))
    screen = Screen(terminal)
    assert len(screen.having("[red]a[/red] \\x1b[2J :smile: \\u202e")) == 5
    assert screen.having("日本語語語")
    assert too_wide(terminal) == []


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_without_unicode_gets_nothing_that_does_not_fit(encoding: str):
    summary = {**SUMMARY, "files": ["日本" * 200], "commits": ["eeee ümlaut"]}
    terminal = replay((), {"summary": summary}, encoding=encoding)
    assert too_wide(terminal) == []
    assert "approved, unverified  T-1 ----" in bare(terminal.text)
    assert "\\u65e5\\u672c" in terminal.text


@pytest.mark.parametrize(
    ("ending", "says"),
    [
        ({}, "approved, unverified  T-1 ─"),
        ({"summary": {**SUMMARY, "verified": True}}, "approved  T-1 ─"),
        ({"summary": {**SUMMARY, "verified": False}}, "checks    they do not verify the change"),
        ({"summary": {**SUMMARY, "self_review": True}}, "          the person who did the work reviewed it too"),
        (
            {"summary": {**SUMMARY, "tree_settings_allowed": ["mine"]}},
            "          allow_tree_settings: the tree may have influenced its reviewer (mine)",
        ),
        ({"summary": {}}, "why       approved"),
        (
            {"outcome": Outcome.BUG, "error": "odd", "summary": {**SUMMARY, "round_details": []}},
            "checks    no round finished",
        ),
        ({"summary": {**SUMMARY, "branch": ""}}, "commits   1: bbbbbbb..eeeeeee on a detached HEAD"),
        ({"summary": {**SUMMARY, "commits": ["e"] * 200}}, "commits   200 or more: bbbbbbb..eeeeeee on main"),
        ({"commands": ["loop diff"]}, "next      loop diff"),
    ],
)
def test_each_ending_is_told_in_words(ending: dict[str, Any], says: str):
    assert Screen(replay((), ending)).having(says)


def test_room_goes_by_rank_and_everybody_gets_a_line():
    assert share_out([(1, 3), (0, 2), (2, 9)], 9) == [3, 2, 4]
    assert share_out([(1, 3), (0, 2), (2, 9)], 4) == [1, 2, 1]
    assert share_out([(1, 3), (0, 2), (2, 9)], 0) == [1, 1, 1]
    assert share_out([(1, 3), (0, 2), (2, 9)], 99) == [3, 2, 9]
