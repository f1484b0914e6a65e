"""Conversations: whose go on, when a new one begins, and what happens when a program has forgotten its own."""

from tests.support.runs import Stage, Steps, approves, ended, objects, works

THREE = ("--max-rounds", "9")


def _talks(session: str, steps: Steps) -> Steps:
    return [{"session": session}, *steps]


def _stage(tmp_path, rounds: int) -> Stage:
    """Return a stage of so many rounds in which every call goes on in the conversation it is given, or begins its own."""
    worker = [_talks(f"w-{number}", works(f"{number}\n")) for number in range(1, rounds + 1)]
    reviewer = [_talks(f"r-{number}", objects()) for number in range(1, rounds)]
    return Stage.set_up(tmp_path, worker=worker, reviewer=[*reviewer, _talks(f"r-{rounds}", approves())])


def _asked(stage: Stage, role: str) -> list[str | None]:
    """Return which conversation each call of a role was to go on in."""
    return [call["argv"][1] if call["argv"] else None for call in stage.calls(role)]


def test_the_worker_goes_on_and_the_reviewer_looks_afresh(tmp_path):
    stage = _stage(tmp_path, 3)
    stage.play(
        [_talks("w-1", works(f"{number}\n")) for number in (1, 2, 3)],
        [_talks("r-1", objects()), _talks("r-2", objects()), _talks("r-3", approves())],
    )
    result = stage.run(*THREE)
    ended(stage, result, 0, paid=(3, 3))
    assert _asked(stage, "worker") == [None, "w-1", "w-1"]
    assert _asked(stage, "reviewer") == [None, None, None]
    assert result.standing["sessions"]["worker"]["rounds"] == 3


def test_a_reviewer_goes_on_when_it_is_asked_to(tmp_path):
    stage = _stage(tmp_path, 2)
    stage.play(
        [_talks("w-1", works("1\n")), _talks("w-1", works("2\n"))],
        [_talks("r-1", objects()), _talks("r-1", approves())],
    )
    ended(stage, stage.run("--resume-reviewer"), 0, paid=(2, 2))
    assert _asked(stage, "reviewer") == [None, "r-1"]


def test_a_conversation_ends_after_its_rounds(tmp_path):
    stage = _stage(tmp_path, 5)
    names = ("w-1", "w-1", "w-2", "w-2", "w-3")
    stage.play(
        [_talks(name, works(f"{number}\n")) for number, name in enumerate(names)], [*[objects()] * 4, approves()]
    )
    result = stage.run(*THREE, "--max-session-rounds", "2")
    ended(stage, result, 0, paid=(5, 5))
    assert _asked(stage, "worker") == [None, "w-1", None, "w-2", None]
    assert result.standing["sessions"]["worker"]["rounds"] == 1


def test_who_begins_another_conversation_than_the_one_asked_for_is_asked_again_with_everything(tmp_path):
    worker = [
        _talks("w-1", works("1\n")),
        _talks("w-2", [{"fail": {"kind": "unknown", "message": "lost"}}, {"exit": 1}]),
        _talks("w-3", works("2\n")),
    ]
    stage = Stage.set_up(tmp_path, worker=worker, reviewer=[objects(), approves()])
    result = stage.run("--dispatch-retries", "0")  # a lost conversation is no failure that counts
    ended(stage, result, 0, paid=(3, 2))
    assert _asked(stage, "worker") == [None, "w-1", None]
    (retry,) = result.events("dispatch_retry")
    assert (retry["failure"], retry["wait_seconds"]) == ("session", 0.0)
    assert "w-2 instead of going on with w-1" in retry["message"]
    assert "Say two." in stage.calls("worker")[2]["prompt"]


def test_a_conversation_that_is_gone_is_begun_anew(tmp_path):
    gone: Steps = [{"fail": {"kind": "session", "message": "no such conversation"}}, {"exit": 1}]
    stage = Stage.set_up(
        tmp_path, worker=[_talks("w-1", works("1\n")), gone, works("2\n")], reviewer=[objects(), approves()]
    )
    result = stage.run("--dispatch-retries", "0")
    ended(stage, result, 0, paid=(3, 2))
    assert _asked(stage, "worker") == [None, "w-1", None]


# What a document leaves out


def test_what_a_report_leaves_out_and_git_knows_is_filled_in(tmp_path):
    worker = [
        *works()[:-1],
        {"report": {"notes": "done"}, "without": ["task_id", "round", "head_sha", "files_changed"]},
    ]
    reviewer = [{"report": {"decision": "approve", "blocking_issues": []}, "without": ["task_id", "round"]}]
    stage = Stage.set_up(tmp_path, worker=[worker], reviewer=[reviewer])
    result = stage.run()
    ended(stage, result, 0, paid=(1, 1))
    report = stage.read("work_report")
    assert report is not None
    assert (report["task_id"], report["round"], report["head_sha"]) == ("T-1", 1, stage.head)
    assert report["files_changed"] == ["app.txt"]


def test_what_a_report_does_say_is_not_replaced(tmp_path):
    false = [{"report": {"head_sha": "0" * 40}}]
    stage = Stage.set_up(tmp_path, worker=[[*works()[:-1], *false], false])
    ended(stage, stage.run(), 3, says="work_report.json was refused twice", paid=(2, 0))
