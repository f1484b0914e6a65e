from typing import Any

import pytest

from loop_kit.model.events import OtherEvent
from loop_kit.views.lines import line
from tests.support.happenings import told


def test_an_event_of_another_version_is_told_by_its_name():
    assert line(OtherEvent("decided", {"round": 1})) == "decided"
    assert line(OtherEvent("of_a_newer_loop", {"round": 1})) == ""


SHA = "e" * 40
ENDED: dict[str, Any] = {
    "role": "worker",
    "document": False,
    "failure": "quota",
    "how": "exited",
    "seconds": 1.0,
    "swept": 0,
}
FINDINGS = [
    {"effect": "judge", "code": "c", "text": "a weakened test", "paths": []},
    {"effect": "note", "code": "c", "text": "not for people", "paths": []},
]
ISSUES = [{"severity": "high", "file": "", "reason": "It fails.", "required_change": ""}]


@pytest.mark.parametrize(
    ("event", "data", "said"),
    [
        (
            "run_started",
            {"run_name": "T-1@2", "base_sha": SHA, "branch": ""},
            "T-1@2: started at eeeeeeeeeeee on a detached HEAD",
        ),
        ("run_resumed", {"run_name": "T-1", "round": 2}, "T-1: going on in round 2"),
        (
            "run_resumed",
            {"run_name": "T-1", "round": 2, "tree_settings": ["the worker has none"]},
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
def test_each_event_is_told_in_words(event: str, data: dict[str, Any], said: str):
    assert line(told(event, data)) == said
