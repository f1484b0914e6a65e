"""An agent that speaks ACP and follows the script of backends/standin.py. Standard library only.

    python scripted.py STANDIN.py SCRIPT.json

For each prompt it asks for permission to edit, as a worker, or to look at the log, as a reviewer, then lets the stand-in
play the turn and passes on what it says. Conversations are remembered beside the script, so that a later process can
take one up again.
"""

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any


def main(standin: Path, script: Path) -> None:
    sessions = script.with_name("acp_sessions.txt")
    command = [sys.executable, "-P", "-E", str(standin), str(script)]
    resumed: list[str] = []
    for line in sys.stdin:
        request = json.loads(line)
        match request:
            case {"method": "initialize", "id": number}:
                answer(number, {"protocolVersion": 1, "agentCapabilities": {"loadSession": True}})
            case {"method": "session/new", "id": number}:
                session, resumed = str(uuid.uuid4()), []
                with sessions.open("a") as file:
                    file.write(session + "\n")
                answer(number, {"sessionId": session})
            case {"method": "session/load", "id": number, "params": {"sessionId": str(session)}}:
                if session in (sessions.read_text().split() if sessions.exists() else []):
                    resumed = ["--session", session]
                    update(session, {"sessionUpdate": "agent_message_chunk", "content": text("This was said before.")})
                    answer(number, {})
                else:
                    send({"jsonrpc": "2.0", "id": number, "error": {"code": -32002, "message": "Resource not found"}})
            case {"method": "session/prompt", "id": number, "params": {"sessionId": str(session), "prompt": prompt}}:
                ask(session)
                play(session, [*command, *resumed], "".join(block["text"] for block in prompt))
                answer(number, {"stopReason": "end_turn", "usage": _USAGE})
            case {"method": method, "id": number}:
                send({"jsonrpc": "2.0", "id": number, "error": {"code": -32601, "message": f"no {method}"}})


_USAGE = {"inputTokens": 70, "outputTokens": 8, "cachedReadTokens": 30, "totalTokens": 108}


def ask(session: str) -> None:
    """Ask for what the role needs; a refusal ends the agent, so that the run shows it."""
    worker = os.environ["LOOP_ROLE"] == "worker"
    kind, command = ("edit", "") if worker else ("execute", "git log --oneline")
    call = {"toolCallId": "t1", "title": "ask", "kind": kind, "rawInput": {"command": command}}
    options = [
        {"optionId": "no", "kind": "reject_once", "name": "No"},
        {"optionId": "yes", "kind": "allow_once", "name": "Yes"},
    ]
    params = {"sessionId": session, "toolCall": call, "options": options}
    send({"jsonrpc": "2.0", "id": "p1", "method": "session/request_permission", "params": params})
    response = json.loads(sys.stdin.readline())
    if response["result"]["outcome"].get("optionId") != "yes":
        sys.exit(f"refused: {response}")


def play(session: str, command: list[str], prompt: str) -> None:
    done = subprocess.run(command, input=prompt, stdout=subprocess.PIPE, encoding="utf-8", check=True)
    for line in done.stdout.splitlines():
        event: dict[str, Any] = json.loads(line)
        if event["event"] == "said":
            update(session, {"sessionUpdate": "agent_message_chunk", "content": text(event["text"])})


def text(said: str) -> dict[str, str]:
    return {"type": "text", "text": said}


def update(session: str, what: dict[str, Any]) -> None:
    send({"jsonrpc": "2.0", "method": "session/update", "params": {"sessionId": session, "update": what}})


def answer(number: Any, result: dict[str, Any]) -> None:
    send({"jsonrpc": "2.0", "id": number, "result": result})


def send(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
