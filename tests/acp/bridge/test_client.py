"""What the bridge answers when the agent asks, and what it hears."""

from pathlib import Path
from typing import Any

import pytest

from loop_kit.model.agent_events import Finished, Usage
from tests.acp.bridging import asking, play, update

OPTIONS = [
    {"optionId": "yes-always", "kind": "allow_always", "name": "Always"},
    {"optionId": "yes", "kind": "allow_once", "name": "Once"},
    {"optionId": "no", "kind": "reject_once", "name": "No"},
]


def permission(kind: str | None, given: Any = None, options: Any = None) -> dict[str, Any]:
    call = {"toolCallId": "t-1", "title": "git log", "rawInput": given, **({"kind": kind} if kind else {})}
    return asking("session/request_permission", toolCall=call, options=OPTIONS if options is None else options)


@pytest.mark.parametrize(
    ("access", "kind", "given", "chosen"),
    [
        ("write", "edit", {"path": "a"}, "yes"),
        ("write", None, None, "yes"),
        ("read", "read", {"path": "a"}, "yes"),
        ("read", "execute", {"command": "git log --oneline -5"}, "yes"),
        ("read", "execute", {"command": "git log; rm -r ."}, "no"),
        ("read", "execute", {}, "no"),  # its title says git log, and decides nothing
        ("read", "edit", {"command": "git log"}, "no"),
        ("read", None, {"command": "git log"}, "no"),
    ],
)
def test_who_writes_may_do_all_and_who_reads_look(
    tmp_path: Path, access: str, kind: str | None, given: Any, chosen: str
):
    turn = play(tmp_path, while_working=[permission(kind, given)], access=access)
    assert turn.answers == [{"outcome": {"outcome": "selected", "optionId": chosen}}]
    assert turn.end == Finished()


def test_what_was_told_of_a_tool_before_counts_when_it_asks(tmp_path: Path):
    told = update("tool_call", toolCallId="t-1", title="look", kind="execute", rawInput={"command": "git status"})
    turn = play(tmp_path, while_working=[told, permission(None)], access="read")
    assert turn.answers == [{"outcome": {"outcome": "selected", "optionId": "yes"}}]
    assert turn.tools == [("execute", "git status")]


@pytest.mark.parametrize("options", [[], [OPTIONS[1]]])
def test_where_nothing_can_be_refused_the_turn_is_cancelled(tmp_path: Path, options: list[Any]):
    turn = play(tmp_path, while_working=[permission("edit", {}, options)], access="read")
    assert turn.answers == [{"outcome": {"outcome": "cancelled"}}]


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("fs/read_text_file", {"path": "/etc/passwd"}),
        ("fs/write_text_file", {"path": "/tmp/x", "content": ""}),
        ("terminal/create", {"command": "sh"}),
        ("terminal/kill", {"terminalId": "1"}),
        ("session/dance", {}),
        ("_own/method", {}),
    ],
)
def test_what_was_not_offered_is_no_method(tmp_path: Path, method: str, params: dict[str, Any]):
    turn = play(tmp_path, while_working=[asking(method, **params)])
    assert [answer["code"] for answer in turn.answers] == [-32601]
    assert turn.end == Finished()


def test_an_update_that_nobody_knows_is_passed_over(tmp_path: Path):
    strange = [update("dance", steps=3), {"jsonrpc": "2.0", "method": "session/dance", "params": {}}]
    spoken = update("agent_message_chunk", content={"type": "text", "text": "Done."})
    turn = play(tmp_path, while_working=[*strange, spoken])
    assert (turn.said, turn.end) == (["Done."], Finished())


def test_an_image_is_not_text(tmp_path: Path):
    image = update("agent_message_chunk", content={"type": "image", "data": "AAAA", "mimeType": "image/png"})
    assert play(tmp_path, while_working=[image]).said == []


def test_the_model_is_chosen_where_the_conversation_offers_it(tmp_path: Path):
    choice = {"id": "m", "name": "Model", "category": "model", "type": "select", "currentValue": "a"}
    groups = [{"group": "g", "name": "G", "options": [{"value": "b", "name": "B"}]}]
    for number, options in enumerate(([{"value": "b", "name": "B"}], groups)):
        opened = {"sessionId": "s-1", "configOptions": [{**choice, "options": options}]}
        turn = play(tmp_path / str(number), opened=opened, model="b")
        assert turn.asked("session/set_config_option") == [{"sessionId": "s-1", "configId": "m", "value": "b"}]


def test_of_the_modes_of_a_preset_the_first_that_is_offered_is_taken(tmp_path: Path):
    def opened(*names: str) -> dict[str, Any]:
        modes = [{"id": name, "name": name} for name in ("read-only", *names)]
        return {"sessionId": "s-1", "modes": {"currentModeId": "read-only", "availableModes": modes}}

    offers = {
        "new": ("agent", "agent-full-access"),
        "old": ("full-access",),
        "both": ("full-access", "agent-full-access"),
    }
    for name, modes in offers.items():
        turn = play(tmp_path / name, preset="codex", opened=opened(*modes))
        taken = "full-access" if name == "old" else "agent-full-access"
        assert turn.asked("session/set_mode") == [{"modeId": taken, "sessionId": "s-1"}]


def test_only_a_key_that_is_there_is_logged_in_with(tmp_path: Path):
    none = {"id": "none", "name": "N", "type": "env_var", "vars": []}
    other = {"id": "other", "name": "O", "type": "env_var", "vars": [{"name": "OTHER_KEY"}]}
    by_hand = {"id": "by-hand", "name": "H"}
    mine = {"id": "mine", "name": "M", "type": "env_var", "vars": [{"name": "MY_KEY"}, {"name": "X", "optional": True}]}
    hello = {"protocolVersion": 1, "authMethods": [none, other, by_hand, mine]}
    turn = play(tmp_path, hello=hello, env={"MY_KEY": "made-up"})
    assert turn.asked("authenticate") == [{"methodId": "mine"}]
    assert turn.failure == ("permanent", "Method not found")  # this agent does not know how, after all


@pytest.mark.parametrize(
    ("given", "kind", "says"),
    [
        ({"model": "b"}, "config", "the agent offers no choice of a model; take model out of the settings"),
        ({"preset": "codex"}, "config", "the agent has no mode 'agent-full-access', only: none"),
        ({"session": "s-0"}, "session", "the agent cannot take up a conversation again"),
        ({"hello": {"protocolVersion": 7}}, "config", "the agent speaks version 7 of ACP, not 1"),
        ({"answer": {"stopReason": "max_tokens"}}, "permanent", "the answer was cut off"),
        ({"answer": {"stopReason": "refusal"}}, "permanent", "the model refused"),
        ({"answer": {"stopReason": "cancelled"}}, "interrupted", "the turn was cancelled"),
        ({"answer": {"stopReason": "tired"}}, "unknown", "its answer to session/prompt is not what the protocol says"),
        ({"opened": {"error": {"code": -32000, "message": "Log in"}}}, "auth", "Log in"),
    ],
    ids=str,
)
def test_a_turn_that_fails_says_how(tmp_path: Path, given: dict[str, Any], kind: str, says: str):
    turn = play(tmp_path, **given)
    assert turn.code == 1
    assert turn.failure[0] == kind
    assert turn.failure[1].startswith(says)


@pytest.mark.parametrize(
    ("answer", "usage"),
    [
        ({}, None),
        ({"usage": {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0}}, None),
        ({"usage": {"inputTokens": "many", "outputTokens": 1, "totalTokens": 1}}, None),
        (
            {"usage": {"inputTokens": 5, "outputTokens": 3, "totalTokens": 9, "thoughtTokens": 1}},
            Usage(input_tokens=5, output_tokens=3, reasoning_tokens=1),
        ),
        ({"_meta": {"quota": {"token_count": {"input_tokens": True}}}}, None),
    ],
    ids=str,
)
def test_usage_that_is_not_known_stays_unknown(tmp_path: Path, answer: dict[str, Any], usage: Usage | None):
    assert play(tmp_path, answer={"stopReason": "end_turn", **answer}).usage == usage
