from typing import Any

import pytest

from loop_kit.model.events import OtherEvent
from loop_kit.views.event_text import event_text
from tests.support.happenings import told


def test_an_event_of_another_version_is_told_by_its_name():
    assert event_text(OtherEvent("decided", {"round": 1})) == "decided"
    assert event_text(OtherEvent("of_a_newer_loop", {"round": 1})) == ""


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
    {"effect": "ask_again", "code": "c", "text": "no file differs", "paths": []},
]
ISSUES = [{"severity": "high", "file": "", "reason": "It fails.", "required_change": ""}]


@pytest.mark.parametrize(
    ("event", "data", "said"),
    [
        (
            "run_started",
            {"run_name": "T-1@2", "base_sha": SHA, "branch": ""},
            "T-1@2: started at eeeeeee on a detached HEAD",
        ),
        ("run_resumed", {"run_name": "T-1", "round": 2}, "T-1: resumed in round 2"),
        (
            "run_resumed",
            {"run_name": "T-1", "round": 2, "tree_settings": ["the worker has none"]},
            "T-1: resumed in round 2\n  the worker has none",
        ),
        ("dispatch_started", {"role": "worker", "backend": "codex", "problems": []}, "worker started (codex)"),
        (
            "dispatch_started",
            {"role": "worker", "backend": "codex", "problems": ["a", "b"]},
            "worker retried (codex): a; b",
        ),
        ("dispatch_ended", ENDED, "worker ended without a document (quota), 1.0 s"),
        (
            "dispatch_ended",
            {**ENDED, "failure": None, "how": "wall_timeout"},
            "worker ended without a document (wall_timeout), 1.0 s",
        ),
        (
            "dispatch_ended",
            {**ENDED, "document": True, "seconds": 391.0, "swept": 2},
            "worker finished, 6:31; 2 processes it left behind were ended",
        ),
        (
            "dispatch_ended",
            {**ENDED, "document": True, "swept": 1},
            "worker finished, 1.0 s; 1 process it left behind was ended",
        ),
        (
            "backend_switched",
            {"role": "worker", "backend": "codex", "to": "claude", "failure": "quota", "message": "none left"},
            "worker falls back to claude: codex failed (quota): none left",
        ),
        (
            "verified",
            {"commits": 1, "files": 2, "head_sha": SHA, "findings": FINDINGS},
            (
                "git: 1 commit, 2 files, head eeeeeee\n"
                "  finding: a weakened test (for the reviewer)\n  finding: no file differs (sent back)"
            ),
        ),
        (
            "decided",
            {"round": 1, "decision": "approve", "judged_by": "reviewer", "issues": []},
            "round 1: approved",
        ),
        (
            "decided",
            {"round": 1, "decision": "changes_required", "judged_by": "loop", "issues": ISSUES},
            "round 1: checks failed, back to the worker\n  high: -: It fails.",
        ),
        ("checks_started", {"round": 0, "head_sha": SHA, "checks": ["a"]}, "1 check at eeeeeee (base)"),
        ("checks_ended", {"refused": "a link", "results": ["a: passed"]}, "a: passed\nchecks could not run: a link"),
        ("agent_silent", {"role": "worker", "seconds": 61.0, "limit": "", "seconds_left": 0.0}, ""),
        (
            "agent_silent",
            {"role": "worker", "seconds": 181.0, "limit": "", "seconds_left": 0.0},
            "the worker has printed nothing for 3 min; no limit ends it",
        ),
        (
            "agent_silent",
            {"role": "worker", "seconds": 181.0, "limit": "idle_timeout", "seconds_left": 419.0},
            "the worker has printed nothing for 3 min; idle_timeout ends it in 6:59",
        ),
    ],
)
def test_each_event_is_told_in_words(event: str, data: dict[str, Any], said: str):
    assert event_text(told(event, data)) == said
