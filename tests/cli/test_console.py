import io
import os
import re
from typing import Any

import pytest

from loop_kit.cli.console import Lines, printable, tell


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, ümläut, 日本, 🎉", "plain, ümläut, 日本, 🎉"),
        ("two\nlines", "two\nlines"),
        ("a\ttab", "a tab"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("over\rwritten\b\x7f", "over\\rwritten\\x08\\x7f"),
        ("\x9b31m", "\\x9b31m"),
        ("turned \u202e round", "turned \\u202e round"),
        ("\udcff", "\\udcff"),
        ("\x00", "\\x00"),
    ],
)
def test_control_characters_are_shown_and_not_sent(text: str, shown: str):
    assert printable(text) == shown


def test_every_line_carries_the_time_or_stands_under_it():
    stream = io.StringIO()
    Lines(stream).say("one\ntwo")
    assert re.fullmatch(r"  0:00\.\d  one\n          two\n", stream.getvalue())


def test_when_nobody_reads_the_lines_the_run_goes_on_in_silence():
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w", closefd=False) as stream:
        lines = Lines(stream)
        lines.say("one")
        lines.say("two")
        os.dup2(os.open(os.devnull, os.O_WRONLY), write)
    os.close(write)


def test_an_event_that_is_not_worth_a_line_gets_none():
    stream = io.StringIO()
    Lines(stream)("agent_said", {"text": "hm"})
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    "data", [{}, {"round": None, "decision": "approve"}, {"decision": 1}, {"issues": [1], "decision": ""}]
)
def test_an_event_of_another_version_is_told_by_its_name(data: dict[str, Any]):
    told = tell("decided", data)
    assert told in ("decided", "round None: approved")


SHA = "e" * 40
ENDED: dict[str, Any] = {
    "role": "worker",
    "document": False,
    "failure": "quota",
    "how": "exited",
    "seconds": 1.0,
    "swept": 0,
}
FINDINGS = [{"effect": "judge", "text": "a weakened test"}, {"effect": "note", "text": "not for people"}]
ISSUES = [{"severity": "high", "file": "", "reason": "It fails."}]


@pytest.mark.parametrize(
    ("event", "data", "line"),
    [
        (
            "run_started",
            {"place": "T-1@2", "base_sha": SHA, "branch": ""},
            "T-1@2: started at eeeeeeeeeeee on a detached HEAD",
        ),
        ("run_resumed", {"place": "T-1", "round": 2}, "T-1: going on in round 2"),
        (
            "run_resumed",
            {"place": "T-1", "round": 2, "tree_settings": ["the worker has none"]},
            "T-1: going on in round 2\n  the worker has none",
        ),
        ("dispatch_started", {"role": "worker", "backend": "codex", "problems": []}, "the worker (codex) is asked"),
        (
            "dispatch_started",
            {"role": "worker", "backend": "codex", "problems": ["a", "b"]},
            "the worker (codex) is asked once more: a; b",
        ),
        ("dispatch_ended", ENDED, "the worker ended without a document (quota) after 1.0 s"),
        (
            "dispatch_ended",
            {**ENDED, "failure": None, "how": "wall_timeout"},
            "the worker ended without a document (wall_timeout) after 1.0 s",
        ),
        (
            "dispatch_ended",
            {**ENDED, "document": True, "swept": 2},
            "the worker handed in its document after 1.0 s; 2 processes it left behind were ended",
        ),
        (
            "verified",
            {"commits": 1, "files": 2, "head_sha": SHA, "findings": FINDINGS},
            "git shows 1 commit(s), 2 file(s) changed, head eeeeeeeeeeee\n  found (judge): a weakened test",
        ),
        (
            "decided",
            {"round": 1, "decision": "approve", "judged_by": "reviewer", "issues": []},
            "round 1: approved",
        ),
        (
            "decided",
            {"round": 1, "decision": "changes_required", "judged_by": "loop", "issues": ISSUES},
            "round 1: changes required by loop itself, no reviewer was asked\n  high: -: It fails.",
        ),
    ],
)
def test_each_event_is_told_in_words(event: str, data: dict[str, Any], line: str):
    assert tell(event, data) == line
