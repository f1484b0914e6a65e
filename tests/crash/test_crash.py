"""Kill -9 at every step: whoever dies, and whenever, the run is finished by running it again, and nothing is paid twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.crashes import (
    DRAFT,
    EVERY_POINT,
    Point,
    all_gone,
    ends_as_undisturbed,
    go_on,
    hold,
    kill,
    rounds,
    set_up,
    told,
)
from tests.support.runs import Stage, clearing, nothing_left, wait_until

VICTIMS = ("pm", "round", "both", "agent")
MOMENTS = {"worker": ("edited", "committed", "reported"), "reviewer": ("looking", "reported")}
ALL_POINTS = [
    Point(role=role, round=number, moment=moment) for number in (1, 2) for role in MOMENTS for moment in MOMENTS[role]
]
POINTS = [point for point in ALL_POINTS if EVERY_POINT or (point.role == "worker") == (point.round == 1)]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with clearing(set_up(tmp_path)) as stage:
        yield stage


# In the suite each point has two of the victims, in turn; all have all with LOOP_TEST_EVERY_POINT=1.
HELD = [
    (point, who)
    for index, point in enumerate(POINTS)
    for who in (VICTIMS if EVERY_POINT else (VICTIMS[index % 4], VICTIMS[(index + 2) % 4]))
]


@pytest.mark.parametrize(("point", "who"), HELD, ids=str)
def test_a_run_that_is_killed_while_an_agent_is_at_it_ends_as_if_it_had_not_been(stage: Stage, point: Point, who: str):
    hold(stage, point)
    process = stage.start("run")
    wait_until(point.flag(stage).exists, "the agent")
    kill(stage, process, who)
    result = stage.end(process)
    if who != "agent":
        if who == "both":
            assert result.standing["outcome"] is None
        else:
            all_gone(stage)
            # A round without a PM ends at its next step; when that was the last one, the run is approved.
            finished = who == "pm" and point == Point(role="reviewer", round=2, moment="reported")
            assert stage.look().standing["outcome"] == ("approved" if finished else "terminated")
        assert result.code == (143 if who == "round" else -9)
        result = stage.run("--resume")
    ends_as_undisturbed(stage, result)
    once_more = 0 if point.delivered else 1
    assert stage.paid == (2 + once_more * (point.role == "worker"), 2 + once_more * (point.role == "reviewer"))
    pinned = [name for name in stage.refs() if f"/r{point.round}/unfinished-" in name]
    if point.moment == "edited":
        assert stage.git("show", f"{pinned[0]}:app.txt") == DRAFT.strip()
        assert stage.git("show", f"{pinned[0]}:new.txt") == "not yet known to git"
    if point.moment == "committed":
        assert stage.git("rev-parse", pinned[0]) == stage.git("rev-parse", f"refs/loop/T-1/r{point.round}/head")


BETWEEN = [
    ("run_started", 1, "", "pm"),
    ("dispatch_started", 1, "worker", "both"),
    ("document_accepted", 1, "worker", "both"),
    ("verified", 1, "", "pm"),
    ("dispatch_ended", 1, "reviewer", "round"),
    ("decided", 1, "", "both"),
    ("round_started", 2, "", "pm"),
    ("decided", 2, "", "pm"),
]
EVENTS = (
    ("round_started", ""),
    ("dispatch_started", "worker"),
    ("document_accepted", "worker"),
    ("dispatch_ended", "worker"),
    ("verified", ""),
    ("dispatch_started", "reviewer"),
    ("document_accepted", "reviewer"),
    ("dispatch_ended", "reviewer"),
    ("decided", ""),
)
EVERYWHERE = [
    (event, number, role, who) for event, role in EVENTS for number in (1, 2) for who in ("pm", "round", "both")
]


@pytest.mark.parametrize(("event", "number", "role", "who"), EVERYWHERE if EVERY_POINT else BETWEEN)
def test_a_run_that_is_killed_right_after_an_event_ends_as_if_it_had_not_been(
    stage: Stage, event: str, number: int, role: str, who: str
):
    process = stage.start("run")
    wait_until(told(stage, event, number, role), event)
    # The run goes on meanwhile: at its very end there may be nobody left to kill.
    if process.poll() is None and (who == "pm" or rounds(stage)):
        kill(stage, process, who)
    stage.end(process)
    if who != "both":
        all_gone(stage)
    ends_as_undisturbed(stage, go_on(stage))
    assert sum(stage.paid) in (4, 5)


def test_a_run_that_is_killed_again_and_again_still_gets_there(stage: Stage):
    points = [
        Point(role="worker", round=1, moment="edited"),
        Point(role="worker", round=1, moment="committed"),
        Point(role="reviewer", round=1, moment="looking"),
        Point(role="worker", round=2, moment="reported"),
    ]
    hold(stage, *points)
    for point, who in zip(points, ("both", "pm", "both", "round"), strict=True):
        process = stage.start("run", *(["--resume"] if stage.read("state") else []))
        wait_until(point.flag(stage).exists, f"the agent at {point}")
        kill(stage, process, who)
        stage.end(process)
    ends_as_undisturbed(stage, stage.run("--resume"))
    assert stage.paid == (4, 3)


def test_a_resume_right_after_the_kill_waits_for_the_dying_round(stage: Stage):
    point = Point(role="worker", round=1, moment="edited")
    hold(stage, point, before=({"ignore_sigterm": True},))  # so that the round needs a second to end it
    process = stage.start("run")
    wait_until(point.flag(stage).exists, "the worker")
    kill(stage, process, "pm")
    assert rounds(stage), "the round ended before anybody could wait for it"
    ends_as_undisturbed(stage, stage.run("--resume"))
    assert stage.end(process).code == -9


@pytest.mark.parametrize("who", ["pm", "both"])
def test_a_reset_clears_away_what_the_killed_run_left(stage: Stage, who: str):
    point = Point(role="reviewer", round=1, moment="looking")
    hold(stage, point)
    process = stage.start("run")
    wait_until(point.flag(stage).exists, "the reviewer")
    kill(stage, process, who)
    stage.end(process)
    hold(stage)
    stage.forget_calls()
    stage.git("reset", "--quiet", "--hard", "HEAD~1")
    result = stage.run("--reset")
    assert result.code == 0, result.err
    assert result.standing["run_name"] == "T-1@2"
    assert "r1_work_report.json" in stage.archived()
    nothing_left(stage)
