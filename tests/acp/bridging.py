"""The real bridge as a process, with a stand-in for the agent, read by the real backend."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from loop_kit.backends.ending import settle
from loop_kit.model.agent_events import AgentEvent, Failed, Finished, Said, SessionStarted, Usage, UsedTool
from loop_kit.model.config import BackendSettings
from loop_kit_acp.backend import ACP
from tests.backends.orders import CAPTURES, make_order

STAND_IN = Path(__file__).with_name("agent.py")
PATIENCE = 30.0


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What came of one call of the bridge; `told` is what it said to the agent."""

    code: int
    out: str
    err: str
    told: list[dict[str, Any]]

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def events(self) -> list[AgentEvent]:
        return [event for line in self.out.splitlines() for event in ACP.read(line)]

    @property
    def end(self) -> Finished | Failed | None:
        return settle(self.events) or ACP.explain(self.code, self.err)

    @property
    def failure(self) -> tuple[str, str]:
        """Return kind and message of the failure that it has to be."""
        assert isinstance(self.end, Failed), self
        return str(self.end.kind), self.end.message

    @property
    def said(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Said)]

    @property
    def tools(self) -> list[tuple[str, str]]:
        return [(event.name, event.detail) for event in self.events if isinstance(event, UsedTool)]

    @property
    def session(self) -> str | None:
        return next((event.session_id for event in self.events if isinstance(event, SessionStarted)), None)

    @property
    def usage(self) -> Usage | None:
        return next((event for event in self.events if isinstance(event, Usage)), None)

    def asked(self, method: str) -> list[dict[str, Any]]:
        """Return the parameters of each message of ours with that method."""
        return [message["params"] for message in self.told if message.get("method") == method]

    @property
    def answers(self) -> list[Any]:
        """Return what we answered to requests of the agent."""
        return [message.get("result", message.get("error")) for message in self.told if "method" not in message]


@dataclass(kw_only=True)
class Call:
    """A bridge that was started."""

    process: "subprocess.Popen[str]"
    note: Path

    def end(self, *, seconds: float = PATIENCE) -> Turn:
        try:
            out, err = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
            raise AssertionError(f"the bridge did not end; it said {out!r} and {err!r}") from None
        assert "Traceback" not in err, err
        noted = self.note.read_text(encoding="utf-8").splitlines() if self.note.exists() else []
        return Turn(code=self.process.returncode, out=out, err=err, told=[json.loads(line) for line in noted])


def start(
    folder: Path, agent: Sequence[str], *, preset: str = "", env: dict[str, str] | None = None, **given: Any
) -> Call:
    """Start the bridge as the backend says, for an order with what is `given`, with `agent` as the agent's command line."""
    folder.mkdir(exist_ok=True)
    settings = BackendSettings(type="acp", preset=preset, argv=tuple(agent))
    backend = ACP.configured("agent", settings)
    order = replace(make_order(folder, settings=settings, **given), program=agent[0])
    call = backend.command(order)
    assert call.stdin is not None
    with call.stdin.open("rb") as prompt:
        process = subprocess.Popen(
            call.argv,
            cwd=order.cwd,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), **call.env, **(env or {})},
            stdin=prompt,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )
    return Call(process=process, note=folder / "note.jsonl")


def capture_of(agent: str, case: str) -> Path:
    return CAPTURES / "acp" / agent / f"{case}.jsonl"


def replay(folder: Path, agent: str, case: str, **given: Any) -> Turn:
    """Let the bridge talk to the stand-in that plays a captured conversation, by default as with the agent's preset."""
    return start_replay(folder, agent, case, **given).end()


def start_replay(folder: Path, agent: str, case: str, **given: Any) -> Call:
    return start_play(folder, capture_of(agent, case), **{"preset": agent.removesuffix("-acp"), **given})


def start_play(folder: Path, capture: Path, **given: Any) -> Call:
    return start(folder, (sys.executable, str(STAND_IN), str(capture), str(folder / "note.jsonl")), **given)


def play(folder: Path, *, while_working: Sequence[dict[str, Any]] = (), **given: Any) -> Turn:
    """Let the bridge talk to a stand-in that sends some messages during its turn.

    `hello`, `opened` and `answer` replace what it answers to initialize, session/new and the prompt: a result, or
    `{"error": …}`.
    """
    usual = {
        "initialize": given.pop("hello", {"protocolVersion": 1, "agentCapabilities": {}}),
        "session/new": given.pop("opened", {"sessionId": "s-1"}),
        "session/prompt": given.pop("answer", {"stopReason": "end_turn"}),
    }
    folder.mkdir(exist_ok=True)
    entries: list[dict[str, Any]] = []
    for number, (method, answer) in enumerate(usual.items()):
        request = {"id": number, "method": method, "params": {"sessionId": "s-1"} if number == 2 else {}}
        entries.append({"dir": ">", "msg": request})
        for message in while_working if method == "session/prompt" else ():
            entries.append({"dir": "<", "msg": message})
            entries += [{"dir": ">", "msg": {"id": message["id"], "result": {}}}] if "id" in message else []
        done = answer if "error" in answer else {"result": answer}
        entries.append({"dir": "<", "msg": {"jsonrpc": "2.0", "id": number, **done}})
    capture = folder / "capture.jsonl"
    capture.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
    return start_play(folder, capture, **given).end()


def update(kind: str, /, **fields: Any) -> dict[str, Any]:
    """Return a session/update as an agent sends it."""
    params = {"sessionId": "s-1", "update": {"sessionUpdate": kind, **fields}}
    return {"jsonrpc": "2.0", "method": "session/update", "params": params}


def asking(method: str, /, **params: Any) -> dict[str, Any]:
    """Return a request as an agent sends it."""
    return {"jsonrpc": "2.0", "id": "a-1", "method": method, "params": {"sessionId": "s-1", **params}}


def talk_to(folder: Path, program: str, **given: Any) -> Call:
    """Let the bridge talk to an agent that is a short Python program."""
    path = folder / "agent.py"
    path.write_text(program, encoding="utf-8")
    return start(folder, (sys.executable, str(path)), **given)
