"""Captured conversations of four agents, played by a stand-in to the real bridge as the real backend starts it."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from loop_kit.model.agent_events import Finished, Usage
from tests.acp.bridging import Turn, capture_of, replay, start_replay
from tests.backends.orders import CAPTURES
from tests.support.runs import wait_until

COMMAND = (
    "printf 'edited by the scripted model\\n' >> hello.txt && git add -A && git commit -m 'scripted change' "
    "&& git log --oneline | head -3"
)
AGENTS = ("claude-acp", "codex-acp", "gemini", "opencode")
KEY = {"OPENAI_API_KEY": "made-up"}
TWO_STEPS = {
    "claude-acp": Usage(input_tokens=2400, cached_tokens=400, output_tokens=80),
    "codex-acp": None,
    "gemini": Usage(input_tokens=2400, output_tokens=80),
    "opencode": None,  # it told of 1000, the last step alone
}


def sessions(agent: str, case: str) -> list[str]:
    """Return the sessions that the captured client asked for, or was given."""
    entries = [json.loads(line)["msg"] for line in capture_of(agent, case).read_text().splitlines()]
    asked = [entry["params"]["sessionId"] for entry in entries if entry.get("method") == "session/load"]
    given = [entry["result"]["sessionId"] for entry in entries if "sessionId" in entry.get("result", {})]
    return asked or given


def chosen(turn: Turn) -> list[str]:
    return [answer["outcome"]["optionId"] for answer in turn.answers]


def test_every_capture_is_played_here():
    played = {"allow", "reject", "cancel", "err401", "err429", "load"}
    found = {path.relative_to(CAPTURES / "acp").with_suffix("") for path in (CAPTURES / "acp").rglob("*.jsonl")}
    assert found == {Path(agent, case) for agent in AGENTS for case in played}


@pytest.mark.parametrize(
    ("agent", "once"),
    [("claude-acp", ["allow"]), ("codex-acp", []), ("gemini", ["proceed_once"]), ("opencode", ["once"])],
)
def test_a_worker_may_edit_and_commit(tmp_path: Path, agent: str, once: list[str]):
    turn = replay(tmp_path, agent, "allow", env=KEY)
    assert (turn.code, turn.end) == (0, Finished())
    assert [turn.session] == sessions(agent, "allow")
    assert turn.said[-2:] == ["I will edit and commit.", "Done: committed."]
    assert turn.tools == [("execute", COMMAND)]
    assert turn.usage == TWO_STEPS[agent]
    assert chosen(turn) == once
    (told,) = turn.asked("session/prompt")[0]["prompt"]
    assert (told["type"], told["text"].endswith("Do the work.")) == ("text", True)
    assert turn.asked("session/new")[0]["cwd"] == str(tmp_path / "tree")


@pytest.mark.parametrize(
    ("agent", "no"), [("claude-acp", ["reject"]), ("codex-acp", []), ("gemini", ["cancel"]), ("opencode", ["reject"])]
)
def test_a_reviewer_may_not(tmp_path: Path, agent: str, no: list[str]):
    turn = replay(tmp_path, agent, "reject", access="read", env=KEY)
    assert (turn.code, turn.end) == (0, Finished())
    assert chosen(turn) == no
    assert turn.tools == ([("execute", COMMAND)] if no else [])


@pytest.mark.parametrize(
    ("agent", "kind", "says"),
    [
        ("claude-acp", "auth", "Failed to authenticate"),
        ("codex-acp", "auth", "unexpected status 401 Unauthorized"),
        ("gemini", "auth", "UNAUTHENTICATED"),
        ("opencode", "unknown", "scripted error 401"),  # it says nothing else, and prose decides nothing
    ],
)
def test_a_wrong_key_is_named_where_the_agent_tells_it(tmp_path: Path, agent: str, kind: str, says: str):
    turn = replay(tmp_path, agent, "err401", env=KEY)
    assert turn.code == 1
    assert turn.failure[0] == kind
    assert says in turn.failure[1]


@pytest.mark.parametrize(
    ("agent", "kind"), [("claude-acp", "transient"), ("codex-acp", "transient"), ("opencode", "unknown")]
)
def test_too_many_requests_pass(tmp_path: Path, agent: str, kind: str):
    turn = replay(tmp_path, agent, "err429", env=KEY)
    assert (turn.code, turn.failure[0]) == (1, kind)
    assert turn.usage is None


@pytest.mark.parametrize(
    ("agent", "case", "until"),
    [
        *((agent, "cancel", '"event": "tool"') for agent in AGENTS),
        ("gemini", "err429", '"event": "session"'),  # it tries again and again, and says nothing
    ],
)
def test_a_turn_that_is_told_to_end_is_cancelled(tmp_path: Path, agent: str, case: str, until: str):
    call = start_replay(tmp_path, agent, case, env=KEY)
    assert call.process.stdout is not None
    told = ""
    while until not in told:
        told = call.process.stdout.readline()
        assert told, "the bridge ended"
    wait_until(lambda: '"session/prompt"' in call.note.read_text(), "the prompt")
    call.process.send_signal(signal.SIGTERM)
    turn = call.end()
    assert turn.code == 128 + signal.SIGTERM
    assert turn.failure[0] == "interrupted"
    assert turn.asked("session/cancel") == [{"sessionId": sessions(agent, case)[0]}]


@pytest.mark.parametrize("agent", ["claude-acp", "codex-acp", "opencode"])
def test_a_conversation_is_taken_up_again_and_only_what_is_new_is_told(tmp_path: Path, agent: str):
    session, _ = sessions(agent, "load")
    turn = replay(tmp_path, agent, "load", session=session, env=KEY)
    assert (turn.code, turn.end, turn.session) == (0, Finished(), session)
    assert turn.asked("session/new") == []
    assert len(turn.said) == 1
    assert turn.said[0].endswith("Second prompt answered.")
    assert turn.tools == []


@pytest.mark.parametrize("agent", AGENTS)
def test_a_conversation_that_is_not_found_is_forgotten(tmp_path: Path, agent: str):
    _, unknown = sessions(agent, "load")
    turn = replay(tmp_path, agent, "load", preset="", session=unknown, env=KEY)
    assert (turn.code, turn.failure[0]) == (1, "session")
    assert turn.session is None


def test_gemini_finds_no_conversation_and_is_not_asked_for_one(tmp_path: Path):
    found, _ = sessions("gemini", "load")
    turn = replay(tmp_path, "gemini", "load", preset="", session=found)
    assert turn.failure == ("session", "Internal error: No previous sessions found for this project.")
    turn = replay(tmp_path / "with_preset", "gemini", "allow", session=found)
    assert turn.asked("session/load") == []
    assert turn.end == Finished()


def test_codex_logs_in_by_a_key_that_is_there_and_is_let_out_of_its_sandbox_as_a_worker(tmp_path: Path):
    turn = replay(tmp_path, "codex-acp", "allow", env=KEY)
    assert turn.asked("authenticate") == [{"methodId": "openai-api-key"}]
    assert turn.asked("session/set_mode") == [{"modeId": "full-access", "sessionId": turn.session}]


def test_codex_uses_its_own_login_without_a_key_and_keeps_a_reviewer_from_writing(tmp_path: Path):
    turn = replay(tmp_path, "codex-acp", "reject", access="read")
    assert turn.asked("authenticate") == []
    assert turn.asked("session/set_mode") == []  # it begins read-only


MODELS: dict[str, Any] = {"claude-acp": "claude-sonnet-4-5", "opencode": "lab/scripted-1"}


@pytest.mark.parametrize(("agent", "model"), MODELS.items())
def test_a_model_that_is_not_offered_is_a_matter_of_the_settings(tmp_path: Path, agent: str, model: str):
    turn = replay(tmp_path, agent, "allow", model="no-such-model")
    assert turn.failure[0] == "config"
    assert turn.failure[1].startswith("the agent has no model 'no-such-model', only: ")
    assert model in turn.failure[1] or len(turn.failure[1]) > 400
    assert turn.asked("session/prompt") == []
