"""Whole runs whose worker and reviewer both speak ACP: the real bridge, agents that follow a script."""

import json
import sys
from pathlib import Path

from loop_kit.backends import standin
from tests.support.runs import Stage, approves, clearing, ended, nothing_left, objects, works

AGENT = Path(__file__).with_name("scripted.py")
_CONFIG = """\
[run]
auto_dispatch = true
worker_backend = "agent"
reviewer_backend = "agent"
dispatch_retry_base_sec = 0.01

[backends.agent]
type = "acp"
argv = {argv}
allow_tree_settings = true
"""


def speak_acp(stage: Stage) -> Stage:
    argv = [sys.executable, str(AGENT), standin.__file__, str(stage.script)]
    stage.configure(_CONFIG.format(argv=json.dumps(argv)))
    return stage


def test_two_agents_come_to_an_approval_and_go_on_in_their_conversations(tmp_path: Path):
    spoken = [{"said": "I will say two."}]
    stage = speak_acp(
        Stage.set_up(tmp_path, worker=[works("too\n"), spoken + works()], reviewer=[objects(), approves()])
    )
    result = stage.run("--resume-reviewer")
    ended(stage, result, 0, paid=(2, 2))
    assert stage.git("show", "HEAD:app.txt") == "two"
    for role in ("worker", "reviewer"):
        started = [each for each in result.events("dispatch_started") if each["role"] == role]
        over = [each for each in result.events("dispatch_ended") if each["role"] == role]
        first, second = (call["argv"] for call in stage.calls(role))
        assert (first, second) == ([], ["--session", over[0]["session"]])
        assert [each["session"] for each in started] == [None, over[0]["session"]]
        assert [each["usage"]["input_tokens"] for each in over] == [100, 100]
        assert [each["swept"] for each in over] == [0, 0]


def test_a_conversation_that_is_gone_begins_anew(tmp_path: Path):
    stage = speak_acp(Stage.set_up(tmp_path, worker=[works("too\n"), works()], reviewer=[objects(), approves()]))
    forget = {"run": ["{python}", "-c", f"open({str(stage.bus / 'acp_sessions.txt')!r}, 'w').close()"]}
    stage.play([works("too\n"), works()], [[forget, *objects()], approves()])
    result = stage.run("--resume-reviewer")
    ended(stage, result, 0, paid=(2, 2))
    assert [each["failure"] for each in result.events("dispatch_retry")] == ["session", "session"]
    assert [call["argv"] for call in stage.calls("worker")] == [[], []]


def test_an_agent_that_never_answers_is_ended_by_the_clock_and_leaves_nothing(tmp_path: Path):
    stage = Stage.set_up(tmp_path)
    stage.configure(_CONFIG.format(argv=json.dumps([sys.executable, "-c", "import time; time.sleep(600)"])))
    with clearing(stage):
        result = stage.run("--idle-timeout", "3")
        assert result.code == 9, result.err
        assert "printed nothing for --idle-timeout 3 s" in result.err
        nothing_left(stage)
