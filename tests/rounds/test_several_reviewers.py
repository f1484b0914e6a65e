"""Whole runs with several reviewers: each is asked with what its role is given, one objection blocks, a quorum approves."""

import json
from pathlib import Path
from typing import Any

from tests.support.runs import Calls, Result, Stage, approves, clearing, nothing_left, objects, works

CONFIG = """\
[run]
auto_dispatch = true
reviewers = ["script", "strict-one"]
dispatch_retry_base_sec = 0.01

[roles.worker]
backend = "script"

[roles.strict-one]
backend = "script"
args = ["--strict"]

[backends.script]
script = "script.json"
"""
REFUSED: dict[str, Any] = {"fail": {"kind": "auth", "message": "no key"}}


def judged(
    folder: Path, script: Calls, strict: Calls, *flags: str, worker: Calls | None = None
) -> tuple[Stage, Result]:
    stage = Stage.set_up(folder)
    stage.configure(CONFIG)
    play = {"worker": worker or [works()], "script": script, "strict-one": strict}
    stage.script.write_text(json.dumps(play), encoding="utf-8")
    with clearing(stage):
        result = stage.run(*flags)
        nothing_left(stage)
    return stage, result


def test_each_is_asked_once_with_what_its_role_is_given(tmp_path: Path):
    stage, result = judged(tmp_path, [approves()], [approves()])
    assert result.code == 0, result.err
    assert [call["argv"] for call in stage.calls("script")] == [[]]
    assert [call["argv"] for call in stage.calls("strict-one")] == [["--strict"]]


def test_what_one_of_them_objects_to_blocks(tmp_path: Path):
    script, strict = [approves(), approves()], [objects(), approves()]
    stage, result = judged(tmp_path, script, strict, "--quorum", "1", worker=[works("too\n"), works()])
    assert result.code == 0, result.err
    assert len(stage.calls("worker")) == 2
    assert "It says something else." in stage.calls("worker")[1]["prompt"]


def test_one_approval_short_of_the_quorum_is_none_and_as_many_are_one(tmp_path: Path):
    _, short = judged(tmp_path / "all", [approves()], [[REFUSED]])
    assert short.code == 8, short.err
    assert "no key" in short.err
    _, enough = judged(tmp_path / "one", [approves()], [[REFUSED]], "--quorum", "1")
    assert enough.code == 0, enough.err
