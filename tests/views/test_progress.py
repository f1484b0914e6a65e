from typing import Any

import pytest

from loop_kit.model.events import Event, OtherEvent
from loop_kit.views.progress import Moment, Note, Progress, Tone
from tests.support.happenings import told

SHA = "e" * 40
STARTED = {"role": "worker", "backend": "codex", "problems": []}
HANDED_IN = {"role": "worker", "document": True, "swept": 0, "seconds": 9.0, "failure": None, "how": "exited"}
VERIFIED = {"commits": 1, "files": 2, "head_sha": SHA, "findings": []}
APPROVED = {"round": 1, "decision": "approve", "judged_by": "reviewer", "issues": []}
PASSED = "unit (pytest -q): passed in 2.0 s"
LINT = "lint (ruff check): failed in 0.1 s"


class Clock:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def progress(clock: Clock) -> Progress:
    progress = Progress(clock)
    assert progress.hear(told("round_started", {"round": 1})) is None
    return progress


def test_a_phase_leaves_one_line_that_says_whose_it_was_how_long_and_what_came_of_it(progress: Progress, clock: Clock):
    assert progress.hear(told("dispatch_started", STARTED)) is None
    clock.at = 60.0
    assert progress.hear(told("dispatch_ended", HANDED_IN)) is None
    assert progress.now() == Moment(doing="round 1: reading the worker's report", took="1:00")
    clock.at = 61.5
    assert progress.hear(told("verified", VERIFIED)) == Note(
        "round 1: worker (codex), 1:01: 1 commit, 2 files, head eeeeeee"
    )
    assert progress.now() == Moment(doing="round 1: loop works", took="0:00")


def test_the_newest_action_is_shown_and_no_other_is_kept(progress: Progress):
    progress.hear(told("dispatch_started", STARTED))
    for number in range(1000):
        progress.hear(told("agent_action", {"role": "worker", "tool": "Bash", "detail": f"step {number}"}))
    assert progress.now() == Moment(doing="round 1: worker (codex) works", took="0:00", action="Bash: step 999")
    progress.hear(told("agent_said", {"role": "worker", "text": "I think\n\tso.\n" + "x" * 10_000}))
    action = progress.now().action
    assert action.startswith("says: I think so. xxx")
    assert len(action) < 600
    progress.hear(told("agent_action", {"role": "worker", "tool": "Stop", "detail": ""}))
    assert progress.now().action == "Stop"


def test_an_agent_that_is_retried_is_named_so(progress: Progress):
    progress.hear(told("dispatch_started", {**STARTED, "problems": ["no file differs"]}))
    assert progress.now() == Moment(doing="round 1: worker (codex) retried", took="0:00")


def test_an_agent_that_handed_in_nothing_leaves_its_line_at_once(progress: Progress):
    progress.hear(told("dispatch_started", STARTED))
    note = progress.hear(told("dispatch_ended", {**HANDED_IN, "document": False, "failure": "transient"}))
    assert note == Note("worker ended without a document (transient), 9.0 s", Tone.ODD)
    retry = {"role": "worker", "failure": "transient", "message": "busy", "wait_seconds": 20.0}
    note = progress.hear(told("dispatch_retry", retry))
    assert note == Note("worker failed (transient): busy; retried in 20 s", Tone.ODD)
    assert progress.now() == Moment(doing="round 1: worker retried in 20 s", took="0:00")


def test_processes_left_behind_are_told(progress: Progress):
    note = progress.hear(told("dispatch_ended", {**HANDED_IN, "swept": 2}))
    assert note is not None
    assert "2 processes it left behind were ended" in note.text


def test_checks_are_counted_as_they_end(progress: Progress, clock: Clock):
    progress.hear(told("checks_started", {"round": 1, "head_sha": SHA, "checks": ["unit", "lint"]}))
    assert progress.now() == Moment(doing="round 1: checks, 0 of 2 done", took="0:00")
    progress.hear(told("check", {"name": "prepare", "command": "make", "result": ""}))
    assert progress.now() == Moment(doing="round 1: checks, 0 of 2 done", took="0:00", action="prepare: make")
    progress.hear(told("check", {"name": "prepare", "command": "make", "result": "made"}))
    progress.hear(told("check", {"name": "unit", "command": "pytest -q", "result": ""}))
    clock.at = 3
    assert progress.now() == Moment(doing="round 1: checks, 0 of 2 done", took="0:03", action="unit: pytest -q")
    progress.hear(told("check", {"name": "unit", "command": "pytest -q", "result": PASSED}))
    assert progress.now() == Moment(doing="round 1: checks, 1 of 2 done", took="0:03")
    ended = {"round": 1, "verified": False, "refused": "", "results": [PASSED, LINT]}
    text = f"round 1: checks, 0:03: not all passed\n  {PASSED}\n  {LINT}"
    assert progress.hear(told("checks_ended", ended)) == Note(text, Tone.BAD)


@pytest.mark.parametrize(
    ("ended", "said", "tone"),
    [
        ({"round": 1, "verified": True, "refused": "", "results": [PASSED]}, PASSED, Tone.GOOD),
        ({"round": 0, "verified": False, "refused": "", "results": [LINT]}, LINT, Tone.ODD),
        ({"round": 1, "verified": False, "refused": "linked", "results": []}, "checks could not run: linked", Tone.ODD),
    ],
)
def test_one_check_is_one_line(progress: Progress, ended: dict[str, Any], said: str, tone: Tone):
    where = "checks" if ended["round"] else "checks at the base"
    progress.hear(told("checks_started", {"round": ended["round"], "head_sha": SHA, "checks": ["unit"]}))
    assert progress.hear(told("checks_ended", ended)) == Note(f"round 1: {where}, 0:00: {said}", tone)


def test_a_decision_names_its_judge(progress: Progress):
    progress.hear(told("dispatch_started", {**STARTED, "role": "reviewer"}))
    assert progress.hear(told("decided", APPROVED)) == Note("round 1: reviewer (codex), 0:00: approved", Tone.GOOD)
    issue = {"severity": "high", "file": "", "reason": "It fails.", "required_change": ""}
    by_loop = {**APPROVED, "decision": "changes_required", "judged_by": "loop", "issues": [issue]}
    text = "round 1: checks failed, back to the worker\n  high: -: It fails."
    assert progress.hear(told("decided", by_loop)) == Note(text, Tone.BAD)


def test_what_is_wanted_of_a_person_is_never_shortened(progress: Progress, clock: Clock):
    wanted: dict[str, Any] = {
        "round": 1,
        "role": "worker",
        "task_id": "T-1",
        "goal": "Two.",
        "path": "/bus/work_report.json",
        "material": ["/bus/task_card.json"],
        "answers": ["loop submit"],
    }
    note = progress.hear(told("waiting_for_person", wanted))
    assert note is not None
    assert note.whole
    assert note.text.startswith("round 1: waiting for you, the worker\n  T-1: Two.")
    clock.at = 3700
    assert progress.now() == Moment(doing="round 1: waiting for you, the worker", took="1:01:40")
    verified = progress.hear(told("verified", VERIFIED))
    assert verified is not None
    assert verified.text.startswith("round 1: worker (you), 1:01:40: 1 commit")


@pytest.mark.parametrize(
    ("event", "note"),
    [
        (told("run_ended", {}), None),
        (OtherEvent("feed_made_up", {}), None),
        (told("document_refused", {"document": "a.json", "reason": "odd"}), Note("a.json refused: odd", Tone.ODD)),
        (told("unfinished_pinned", {"ref": "refs/loop/x"}), Note("unfinished work is kept as refs/loop/x")),
        # Another version of loop wrote it.
        (OtherEvent("dispatch_started", {}), Note("dispatch_started")),
    ],
)
def test_other_events_are_told_as_everywhere_and_those_of_another_version_by_their_name(
    progress: Progress, event: Event, note: Note | None
):
    assert progress.hear(event) == note


def silent(seconds: float) -> Event:
    return told("agent_silent", {"role": "worker", "seconds": seconds, "limit": "idle_timeout", "seconds_left": 9.0})


def test_the_age_of_the_last_output_is_shown_while_an_agent_is_silent(progress: Progress, clock: Clock):
    progress.hear(told("dispatch_started", STARTED))
    clock.at = 60.0
    assert progress.hear(silent(60.0)) is None
    assert progress.now().silence == "1:00"
    clock.at = 180.0
    note = Note("the worker has printed nothing for 3 min; idle_timeout ends it in 0:09", Tone.ODD)
    assert progress.hear(silent(180.0)) == note
    clock.at = 185.0
    assert progress.now().silence == "3:05"
    assert progress.hear(silent(0.0)) is None
    assert progress.now().silence == ""


@pytest.mark.parametrize(
    "sign_of_life",
    [
        told("agent_action", {"role": "worker", "tool": "Bash", "detail": ""}),
        told("agent_said", {"role": "worker", "text": "So."}),
        told("dispatch_ended", HANDED_IN),
    ],
)
def test_an_agent_that_does_something_is_silent_no_more(progress: Progress, clock: Clock, sign_of_life: Event):
    progress.hear(told("dispatch_started", STARTED))
    clock.at = 60.0
    progress.hear(silent(60.0))
    progress.hear(sign_of_life)
    clock.at = 200.0
    assert progress.now().silence == ""
