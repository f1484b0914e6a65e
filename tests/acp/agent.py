"""A stand-in for an agent that speaks ACP: it plays the agent's side of a captured conversation. Standard library only.

    python agent.py CAPTURE.jsonl NOTE.jsonl

Each request of the client is answered with what the capture answered to the same method (of several, to the one with
the same session), together with all that was sent meanwhile, and with the ids of now. Where the captured client said
something in between, an answer or a cancellation, it is waited for. Setting a mode succeeds when the capture never did
it; any other method that the capture does not have is an error. NOTE gets whatever the client sends.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Message = dict[str, Any]


@dataclass
class Scene:
    """A request of the captured client and all that came of it until its next request."""

    request: Message
    follows: list[tuple[str, Message]] = field(default_factory=list)

    def fits(self, request: Message) -> bool:
        mine, theirs = self.request["params"], request.get("params", {})
        return bool(mine.get("sessionId") == theirs.get("sessionId"))


def read_scenes(capture: Path) -> list[Scene]:
    scenes: list[Scene] = []
    for line in capture.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        message = entry["msg"]
        if entry["dir"] == ">" and "id" in message and "method" in message:
            scenes.append(Scene(message))
        else:
            scenes[-1].follows.append((entry["dir"], message))
    return scenes


class Play:
    def __init__(self, scenes: list[Scene], note: Path) -> None:
        self.scenes, self.note = scenes, note

    def heard(self) -> Iterator[Message]:
        for line in sys.stdin:
            with self.note.open("a", encoding="utf-8") as file:
                file.write(line)
            yield json.loads(line)

    def run(self) -> None:
        messages = self.heard()
        for message in messages:
            if "id" in message and "method" in message:
                self.answer(message, messages)

    def answer(self, request: Message, messages: Iterator[Message]) -> None:
        scene = self.choose(request)
        if scene is None:
            done = {"result": {}} if request["method"] == "session/set_mode" else {"error": _UNKNOWN}
            return send({"jsonrpc": "2.0", "id": request["id"], **done})
        for direction, message in scene.follows:
            if direction == "<":
                mine = "method" not in message and message["id"] == scene.request["id"]
                send({**message, "id": request["id"]} if mine else message)
            else:
                next(messages, None)
        return None

    def choose(self, request: Message) -> Scene | None:
        same = [scene for scene in self.scenes if scene.request["method"] == request["method"]]
        scene = next((each for each in same if each.fits(request)), same[0] if same else None)
        if scene is not None:
            self.scenes.remove(scene)
        return scene


_UNKNOWN = {"code": -32601, "message": "Method not found"}


def send(message: Message) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    Play(read_scenes(Path(sys.argv[1])), Path(sys.argv[2])).run()
