"""The instrument itself: what it understands, what it answers in each wire format, and how it breaks when it is told to."""

import json
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from typing import Any

import pytest

from tests.agents.model_server import ModelServer
from tests.agents.script import Fault, Judge, Play, Report, Run, Say, Scene, Turn
from tests.agents.wire.parts import Asked, Call, Entry, Text

PROMPT = "Do it.\n\n    /home/me/my repo/.loop/runtime/T-1@2-r3-worker-7/report.json\n\nThat is all."
REPORT = "/home/me/my repo/.loop/runtime/T-1@2-r3-worker-7/report.json"
DISPATCH = ("worker", 3)
HEAD = "1234567890" * 4
SCHEMA = {"type": "object", "properties": {"command": {"type": "string"}}}
# What each program sends: a first request, and the same conversation after a command that printed a commit.
RESPONSES: dict[str, Any] = {
    "stream": True,
    "tools": [{"type": "function", "name": "exec_command", "parameters": SCHEMA}, {"type": "web_search"}],
    "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": PROMPT}]}],
}
MESSAGES: dict[str, Any] = {
    "stream": True,
    "tools": [{"name": "Bash", "input_schema": SCHEMA}],
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "A reminder."}, {"type": "text", "text": PROMPT}]}
    ],
}
GEMINI: dict[str, Any] = {
    "tools": [{"functionDeclarations": [{"name": "run_shell_command", "parametersJsonSchema": SCHEMA}]}],
    "contents": [{"role": "user", "parts": [{"text": PROMPT}]}],
}
CHAT: dict[str, Any] = {
    "stream": True,
    "tools": [{"type": "function", "function": {"name": "bash", "parameters": SCHEMA}}],
    "messages": [{"role": "system", "content": "Be good."}, {"role": "user", "content": PROMPT}],
}
GEMINI_PATH = "/v1beta/models/m:streamGenerateContent?alt=sse"
WIRES: dict[str, tuple[str, dict[str, Any], str, list[dict[str, Any]]]] = {
    "responses": (
        "/v1/responses",
        RESPONSES,
        "input",
        [
            {"type": "reasoning", "summary": []},
            {"type": "function_call", "name": "exec_command", "arguments": "{}", "call_id": "c"},
            {"type": "function_call_output", "call_id": "c", "output": f"At {HEAD}"},
        ],
    ),
    "messages": (
        "/v1/messages?beta=true",
        MESSAGES,
        "messages",
        [
            {"role": "assistant", "content": [{"type": "tool_use", "id": "c", "name": "Bash", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": f"At {HEAD}"}]},
        ],
    ),
    "gemini": (
        GEMINI_PATH,
        GEMINI,
        "contents",
        [
            {"role": "model", "parts": [{"functionCall": {"name": "run_shell_command", "args": {}}}]},
            {
                "role": "user",
                "parts": [{"functionResponse": {"name": "run_shell_command", "response": {"output": HEAD}}}],
            },
        ],
    ),
    "chat": (
        "/v1/chat/completions",
        CHAT,
        "messages",
        [
            {"role": "assistant", "content": None, "tool_calls": [{"id": "c", "function": {"name": "bash"}}]},
            {"role": "tool", "tool_call_id": "c", "content": f"At {HEAD}"},
        ],
    ),
}
each_wire = pytest.mark.parametrize("wire", WIRES)


def play(*turns: Turn, fault: Fault | None = None) -> Play:
    return Play(turns={DISPATCH: turns}, faults={DISPATCH: fault} if fault else {})


def ask(server: ModelServer, path: str, body: dict[str, Any]) -> HTTPResponse:
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    return connection.getresponse()


def later(wire: str) -> dict[str, Any]:
    """Return the conversation one turn further on."""
    _, body, key, more = WIRES[wire]
    return {**body, key: [*body[key], *more]}


@each_wire
def test_a_command_and_what_comes_after_it_are_told_in_the_words_of_the_wire(wire: str):
    path, body, *_ = WIRES[wire]
    with ModelServer(play(Run("git rev-parse HEAD"), Say("The head is <head>, of <report>."))) as server:
        first = ask(server, path, body).read().decode()
        second = ask(server, path, later(wire)).read().decode()
        assert [request.scene and request.scene.turn for request in server.requests] == [0, 1]
    assert next(iter(server.requests[0].asked.tools)) in first
    assert "rev-parse" in first
    assert HEAD[:10] in second
    assert server.requests[1].scene == Scene(role="worker", round=3, task="T-1", report=REPORT, head=HEAD, turn=1)


@each_wire
def test_a_stream_that_is_cut_off_has_begun_and_has_no_end(wire: str):
    path, body, *_ = WIRES[wire]
    with ModelServer(play(Say("Never."), fault=Fault(kind="cut", times=1))) as server:
        cut, whole = (ask(server, path, body).read().decode() for _ in range(2))
    assert "I shall look" in cut
    assert "asked of me" not in cut
    ends = {"responses": "response.completed", "messages": "message_stop", "gemini": '"STOP"', "chat": "[DONE]"}
    assert (ends[wire] in cut, ends[wire] in whole) == (False, True)


@each_wire
def test_a_refusal_has_its_status_and_ends_after_as_many_times_as_planted(wire: str):
    path, body, *_ = WIRES[wire]
    with ModelServer(play(Say("Now. Now."), fault=Fault(kind="status", status=429, retry_after=7, times=2))) as server:
        answers = [ask(server, path, body) for _ in range(3)]
        assert [(answer.status, answer.getheader("Retry-After")) for answer in answers] == [
            (429, "7"),
            (429, "7"),
            (200, None),
        ]
        assert "planted" in answers[0].read().decode()
        assert "Now" in answers[2].read().decode()
        assert [request.fault is not None for request in server.requests] == [True, True, False]


def test_a_silent_stream_says_something_and_then_nothing_until_the_server_closes():
    with ModelServer(play(Say("Never."), fault=Fault(kind="silent"))) as server:
        answer = ask(server, "/v1/messages", MESSAGES)
        assert b"message_start" in answer.readline() + answer.readline()
    assert b"Never" not in answer.read()


def test_an_answer_in_one_piece_can_be_cut_off_too():
    with ModelServer(play(Say("All."), fault=Fault(kind="cut"))) as server, pytest.raises(IncompleteRead):
        ask(server, "/v1/messages", {**MESSAGES, "stream": False}).read()


def test_what_loop_has_no_part_in_gets_a_word_and_does_not_count_as_a_turn():
    with ModelServer(play(Say("Done."))) as server:
        title = ask(server, "/v1/chat/completions", {**CHAT, "tools": [], "stream": False})
        assert json.loads(title.read())["choices"][0]["message"]["content"] == "A title"
        assert server.requests[0].scene is None
        assert server.of("worker", 3) == []


def test_a_request_that_the_script_does_not_foresee_fails_the_test():
    with pytest.raises(AssertionError, match="KeyError"), ModelServer(Play(turns={})) as server, pytest.raises(OSError):  # noqa: PT011  (whichever way the connection breaks)
        ask(server, "/v1/responses", RESPONSES)


def test_news_and_statistics_are_not_to_be_had():
    with ModelServer(play(Say("Done."))) as server:
        assert ask(server, "/v1/statistics", {}).status == 404
        assert server.requests == []


def scene_of(*entries: Entry) -> Scene | None:
    return Scene.of(Asked(entries=entries, tools={"Bash": frozenset()}, stream=True))


def test_the_newest_prompt_decides_and_a_path_that_a_tool_printed_does_not():
    older, newer = (PROMPT.replace("r3-worker-7", name) for name in ("r1-worker-1", "r2-reviewer-4"))
    found = scene_of(Entry("user", older), Entry("model", "Done."), Entry("user", newer), Entry("tool", PROMPT))
    assert found == Scene(role="reviewer", round=2, task="T-1", report=REPORT.replace("r3-worker-7", "r2-reviewer-4"))
    again = scene_of(Entry("user", f"loop cannot accept your work report:\n\n{PROMPT}"))
    assert again is not None
    assert Play.name(again) == (*DISPATCH, "again")
    assert scene_of(Entry("user", "Find a title.")) is None


def test_a_reviewer_who_is_told_no_path_is_known_by_the_form_in_its_prompt():
    form = '{\n  "task_id": "T-1",\n  "round": 2,\n  "decision": "<approve or changes_required>",'
    assert scene_of(Entry("user", form)) == Scene(role="reviewer", round=2, task="T-1")
    again = "loop cannot accept your review report:\n\n- it is none"
    asked = scene_of(Entry("user", form), Entry("model", "Done."), Entry("user", again))
    assert asked == Scene(role="reviewer", round=2, task="T-1", again=True)


def test_documents_go_by_the_programs_own_tools_where_it_has_them():
    scene = Scene(role="worker", round=3, task="T-1", report=REPORT, head=HEAD)
    own = Asked(
        entries=(),
        tools={"Bash": frozenset({"description"}), "Write": frozenset(), "StructuredOutput": frozenset()},
        stream=True,
    )
    bare = Asked(entries=(), tools={"exec_command": frozenset()}, stream=True)
    judged = {"task_id": "T-1", "round": 3, "decision": "approve"}
    reported = json.dumps({"task_id": "T-1", "round": 3, "head_sha": HEAD})
    judge, report = Judge({"decision": "approve"}), Report({"head_sha": "<head>"})
    assert judge.part(scene, own, "1") == Call("1", "StructuredOutput", judged)
    assert judge.part(scene, bare, "1") == Text("1", json.dumps(judged))
    assert report.part(scene, own, "1") == Call("1", "Write", {"file_path": REPORT, "content": reported})
    written = {"cmd": f"cat > '{REPORT}' <<'END'\n{reported}\nEND"}
    assert report.part(scene, bare, "1") == Call("1", "exec_command", written)
