"""A model service of our own, on loopback: it speaks four wire formats, follows a script, and records every request.

with ModelServer(play) as server:
    … a program whose base URL is server.url …
server.requests
"""

import gzip
import itertools
import json
import sys
import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from tests.agents.script import Fault, Play, Scene
from tests.agents.wire.chat import Chat
from tests.agents.wire.gemini import Gemini
from tests.agents.wire.messages import Messages
from tests.agents.wire.parts import Asked, Part, Text, Wire, halves
from tests.agents.wire.responses import Responses

DRAFT = "I shall look at what is there and then do what is asked of me."  # what a fault cuts off
WIRES: tuple[Wire, ...] = (Responses(), Messages(), Gemini(), Chat())


@dataclass(frozen=True, kw_only=True)
class Request:
    """What was asked, and what was planted in the place of an answer."""

    path: str
    headers: Mapping[str, str]
    asked: Asked
    scene: Scene | None
    fault: Fault | None
    body: str = ""


class ModelServer:
    """Listens while it is entered. What a program asks for besides its model, such as news of itself, is not found."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.closing = threading.Event()
        self.broken: list[str] = []
        self._lock = threading.Lock()
        self._requests: list[Request] = []
        self._planted: dict[tuple[str, int], int] = {}
        self._numbers = itertools.count(1)
        self._server = _Listener(("127.0.0.1", 0), _Answering)
        self._server.model = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def requests(self) -> list[Request]:
        """Return what has been asked of the model so far."""
        with self._lock:
            return list(self._requests)

    def of(self, role: str, round_number: int) -> list[Request]:
        """Return the requests of the dispatches of a role in a round, oldest first."""
        return [
            each for each in self.requests if each.scene and (each.scene.role, each.scene.round) == (role, round_number)
        ]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        assert not self.broken, f"the model server failed:\n{''.join(self.broken)}"

    def take(self, path: str, headers: Mapping[str, str], asked: Asked, body: str = "") -> Request:
        """Record a request and say what is planted in it."""
        scene = Scene.of(asked)
        with self._lock:
            fault = self._due(scene) if scene else None
            request = Request(path=path, headers=headers, asked=asked, scene=scene, fault=fault, body=body)
            self._requests.append(request)
        return request

    def _due(self, scene: Scene) -> Fault | None:
        fault, name = self.play.fault(scene), (scene.role, scene.round)
        before = self._planted.get(name, 0)
        if fault is None or (fault.times is not None and before >= fault.times):
            return None
        self._planted[name] = before + 1
        return fault

    def reply(self, request: Request) -> Part:
        """Return the part that the script has for a request; what loop has no part in gets a word."""
        id_ = f"{next(self._numbers):04}"
        if request.scene is None:
            return Text(id_, "A title")
        if request.fault is not None:
            return Text(id_, DRAFT)
        return self.play.next(request.scene).part(request.scene, request.asked, id_)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    model: ModelServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep what went wrong here, for the test to fail with; clients that go away do not count: some are killed."""
        if not isinstance(sys.exception(), ConnectionError):
            self.model.broken.append(traceback.format_exc(limit=-1))


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listener

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (as in the base class)
        """Be silent: requests are recorded."""

    def do_HEAD(self) -> None:
        self._json(200, None)

    def do_GET(self) -> None:
        self._json(404, {"error": {"message": "no such path", "code": 404}})

    def do_POST(self) -> None:
        body, path = self._body(), self.path.partition("?")[0]
        wire = next((wire for wire in WIRES if wire.understands(path)), None)
        if wire is None:
            self._json(404, {"error": {"message": "no such path", "code": 404}})
            return
        model = self.server.model
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = model.take(path, headers, wire.read(path, body), json.dumps(body))
        fault = request.fault
        if fault is not None and fault.kind == "status":
            wait = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
            self._json(fault.status, wire.error(fault.status, fault.code, fault.message), wait)
        elif request.asked.stream:
            self._stream(wire.stream(model.reply(request)), fault)
        else:
            self._json(200, wire.whole(model.reply(request)), cut=fault is not None)

    def _body(self) -> Mapping[str, Any]:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "gzip":
            raw = gzip.decompress(raw)
        body = json.loads(raw or b"{}")
        return body if isinstance(body, dict) else {}

    def _stream(self, events: list[bytes], fault: Fault | None) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        kind = fault.kind if fault is not None else "none"
        rest = halves(DRAFT)[1].encode()
        uncut = next((number for number, each in enumerate(events) if rest in each), 0)
        sent = {"cut": uncut, "silent": 1}.get(kind, len(events))
        for each in events[:sent]:
            self.wfile.write(each)
            self.wfile.flush()
        if kind == "silent":
            self.server.model.closing.wait()

    def _json(
        self,
        status: int,
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str] | None = None,
        *,
        cut: bool = False,
    ) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Connection", "close")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data[: len(data) // 2] if cut else data)
