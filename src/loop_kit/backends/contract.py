"""Questions that every backend has to answer, for whoever writes one.

    def test_my_backend_keeps_the_contract():
        check_backend(MyBackend(), transcripts=[Path("captured.jsonl").read_text().splitlines()])

`check_backend` starts nothing: it asks for commands and reads lines. It raises `ContractError` with a sentence for the
first rule that is broken.
"""

import itertools
import re
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, get_args

from loop_kit.backends.base import Answering, Backend, Call, Configurable, Isolating, Order, answer_of
from loop_kit.backends.outside import Influenced, Source
from loop_kit.model.agent_events import AgentEvent, Failed, Finished
from loop_kit.model.config import BackendSettings
from loop_kit.model.roles import Access, Answer
from loop_kit.values import dataclass, replace

_EVENTS: tuple[type, ...] = get_args(AgentEvent)
_MARK = "contract-check-prompt"
_EFFORT = "contract-check-effort"
_SESSION = "0f7e2c1a-contract-check"
_LONG = 200_000  # characters of a prompt; an argument above 131,071 bytes cannot be passed at all
_LONGEST_ARGUMENT = 100_000
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[A-Za-z_][A-Za-z0-9_]+\*")
_DEEP = 100_000
_SCHEMA = '{"type": "object", "properties": {"decision": {"type": "string"}}}'
_STDERR = ("", "error", "Error: \n\n", "\x00" * 100, "word " * 100_000)
_CODES = (None, 0, 1, 2, 97, 127, 130, 137, 143, 255, -1, -2, -9, -11, -15, 2**31)


class ContractError(AssertionError):
    """A backend breaks a rule; the message is the rule."""


def check_backend(
    backend: Any, *, settings: BackendSettings | None = None, transcripts: Iterable[Sequence[str]] = ()
) -> None:
    """Raise `ContractError` unless `backend` keeps the contract of `loop_kit.backends.base.Backend`.

    `settings` is the `[backends.NAME]` table to try it with; `transcripts` are captured outputs, a list of lines each.
    """
    _demand(isinstance(backend, Backend), "a backend has every member of `loop_kit.backends.base.Backend`")
    captured = tuple(transcripts)
    with tempfile.TemporaryDirectory(prefix="loop-contract-") as folder:
        order = _order(Path(folder).resolve(), settings or _settings(Path(folder)))
        chosen = backend.configured("contract", order.settings) if isinstance(backend, Configurable) else backend
        _check_names(chosen)
        _check_commands(chosen, order)
        _check_reading(chosen, (*_garbage(), *itertools.chain.from_iterable(captured)))
        _check_endings(chosen, order)
    for lines in captured:
        _demand(any(chosen.read(line) for line in lines), "at least one line of a transcript is an event")


def _garbage() -> tuple[str, ...]:
    """Return lines that no agent should print and that some will."""
    return (
        *(
            "",
            " ",
            "\n",
            "some words",
            "null",
            "0",
            "-1e999",
            '"text"',
            "[]",
            "{}",
            "[[]]",
            "{",
            "}",
            '{"type":',
            "NaN",
        ),
        *('{"type": null}', '{"type": ["result"]}', '{"type": {"a": 1}}', '{"event": 1}', '{"event": {}}'),
        *(
            '{"type": "result"}',
            '{"type": "turn.failed"}',
            '{"type": "turn.completed", "usage": {"input_tokens": 1e9}}',
        ),
        '{"type": "result", "is_error": true, "errors": 3, "usage": [], "terminal_reason": [], "api_error_status": "x"}',
        '{"type": "result", "is_error": false, "model_usage_since_last_result": {"m": 1, "n": {"costUSD": true}}}',
        '{"type": "assistant", "message": {"content": [null, {"type": "text", "text": 7}, {"type": "tool_use"}]}}',
        *('{"type": "assistant", "error": "x", "message": {"content": {}}}', '{"type": "item.completed", "item": []}'),
        *('{"event": "usage", "input_tokens": -1, "cost_usd": "free"}', '{"event": "session", "id": "--flag"}'),
        *(
            '{"event": "said", "text": "\\ud800"}',
            '{"event": "finished", "structured": []}',
            "\x00\x1b[31m\ufffd\u2028",
        ),
        *("x" * 5_000_000, '{"type": "' + "y" * 1_000_000 + '"}', '{"n": ' + "9" * 10_000 + "}"),
        *('{"a":' * _DEEP, "[" * _DEEP),
    )


def _settings(folder: Path) -> BackendSettings:
    return BackendSettings(type="contract", argv=("agent", "{session}"), script=str(folder / "script.json"))


def _order(folder: Path, settings: BackendSettings) -> Order:
    for name in ("tree", "scratch", "git", "outbox"):
        (folder / name).mkdir()
    (folder / "prompt.txt").write_text(_MARK + "p" * _LONG, encoding="utf-8")
    (folder / "schema.json").write_text(_SCHEMA, encoding="utf-8")
    return Order(
        role="worker",
        access=Access.WRITE,
        answer=Answer.FILE,
        task_id="T-1",
        round=1,
        prompt=folder / "prompt.txt",
        cwd=folder / "tree",
        report=folder / "outbox" / "report.json",
        schema=folder / "schema.json",
        scratch=folder / "scratch",
        program="/usr/bin/agent",
        settings=settings,
        writable=(folder / "git",),
    )


def _check_names(backend: Any) -> None:
    for name in backend.programs:
        _demand(
            isinstance(name, str) and name and "/" not in name, f"programs holds names without a path, not {name!r}"
        )
    for name in backend.env:
        fits = isinstance(name, str) and _VARIABLE.fullmatch(name)
        _demand(fits, f"env holds variable names and PREFIX_* patterns, not {name!r}")
    _demand(isinstance(backend.supports_resume, bool), "supports_resume is True or False")
    _demand(isinstance(backend.supports_effort, bool), "supports_effort is True or False")
    if isinstance(backend, Answering):
        known = all(isinstance(backend.answer(access), Answer) for access in Access)
        _demand(known, "answer returns an Answer for each access")
    if isinstance(backend, Isolating):
        _demand(isinstance(backend.isolates, bool), "isolates is True or False")
        for name in backend.tree_settings:
            inside = name and not name.startswith("/") and ".." not in name.split("/")
            _demand(inside, f"tree_settings holds paths inside a tree, not {name!r}")
    if isinstance(backend, Influenced):
        _check_outside(backend.outside, backend.above)


def _check_outside(outside: Any, above: Any) -> None:
    for source in outside:
        fits = isinstance(source, Source) and source.path.startswith(("/", "~", "$"))
        _demand(fits, f"outside holds sources with a path from /, ~ or $NAME, not {source!r}")
    for name in above:
        _demand(isinstance(name, str) and name and "/" not in name, f"above holds names, not {name!r}")


def _check_commands(backend: Backend, order: Order) -> None:
    for access, session in itertools.product(Access, (None, _SESSION)):
        variant = replace(order, access=access, answer=answer_of(backend, access), session=session)
        call = backend.command(variant)
        _check_call(call, variant)
        _demand(backend.command(variant) == call, "the same order gives the same command twice")
        renamed = backend.command(replace(variant, role="somebody"))
        _demand(_without(renamed, "somebody") == _without(call, variant.role), "the name of a role decides nothing")
        named = any(_SESSION in word for word in (*call.argv, *call.env.values()))
        wanted = session is not None and backend.supports_resume
        _demand(named or not wanted, "a backend that supports resume passes the session on")
    asked = backend.command(replace(order, effort=_EFFORT))
    named = any(_EFFORT in word for word in (*asked.argv, *asked.env.values(), *asked.merged.values()))
    _demand(named == backend.supports_effort, "a backend passes the effort on when it says that it supports one")
    if isinstance(backend, Isolating):
        _check_base(backend, order)


def _check_base(backend: Any, order: Order) -> None:
    """Demand that what a backend wants from the base reaches who writes, in a conversation taken up too, and nobody who reads."""
    base = {name: order.scratch / f"base-{number}.json" for number, name in enumerate(backend.tree_settings)}
    for path in base.values():
        path.write_text("{}", encoding="utf-8")
    for access, session in itertools.product(Access, (None, _SESSION)):
        answer = answer_of(backend, access)
        call = backend.command(replace(order, access=access, answer=answer, session=session, base_settings=base))
        words = (*call.argv, *call.env.values(), *call.merged.values())
        wanted = access is Access.WRITE
        given = all(any(str(path) in word for word in words) == wanted for path in base.values())
        _demand(
            given, "settings of the base are given to who writes, by the paths that the order names, and to no other"
        )


def _without(call: Call, role: str) -> tuple[str, ...]:
    words = (*call.argv, *call.env, *call.env.values(), *call.merged, *call.merged.values())
    return tuple(word.replace(role, "") for word in words)


def _check_call(call: Any, order: Order) -> None:
    _demand(isinstance(call, Call), "command returns a Call")
    words = (*call.argv, *call.env, *call.env.values(), *call.merged, *call.merged.values())
    _demand(call.argv and all(isinstance(word, str) for word in words), "argv and env are made of texts")
    _demand(not any("\0" in word for word in words), "no argument and no variable holds a NUL")
    fits = all(len(argument.encode()) < _LONGEST_ARGUMENT and _MARK not in argument for argument in call.argv)
    _demand(fits, "a long prompt does not stand in argv")
    told = call.stdin is not None and _MARK in call.stdin.read_text(encoding="utf-8")
    handed = told or any(str(order.prompt) in word for word in words)
    _demand(handed, "the prompt reaches the program: on standard input, or as the path of its file")


def _check_reading(backend: Any, lines: Iterable[str]) -> None:
    for line in lines:
        shown = repr(line[:60])
        with _NeverRaises(f"read({shown})"):
            events, again = backend.read(line), backend.read(line)
        known = isinstance(events, tuple) and all(isinstance(event, _EVENTS) for event in events)
        _demand(known, f"read returns a tuple of agent events, not {events!r:.80} for {shown}")
        _demand(events == again, f"the same line reads the same twice: {shown}")


def _check_endings(backend: Any, order: Order) -> None:
    for code, stderr in itertools.product(_CODES, _STDERR):
        with _NeverRaises(f"explain({code}, …)"):
            failed = backend.explain(code, stderr)
        _demand(failed is None or isinstance(failed, Failed), "explain returns a Failed or None")
    _demand(backend.explain(0, "") is None, "exit code 0 alone is no failure")
    for text in ("{}", "```json\n{", '{"decision": "approve"}', "[" * _DEEP, *_STDERR):
        for finished in (None, Finished(), Finished(text=text), Finished(structured={"a": [None]})):
            with _NeverRaises("document"):
                backend.document(order, finished, text)


@dataclass(frozen=True, slots=True)
class _NeverRaises:
    """A `with` block in which whatever is raised breaks the contract."""

    what: str

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, Exception):
            raise ContractError(f"{self.what} never raises, but raised {error!r:.200}") from error


def _demand(kept: object, rule: str) -> None:
    if not kept:
        raise ContractError(rule)
