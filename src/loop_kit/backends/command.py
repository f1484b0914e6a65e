"""Any program, described in the config alone.

    [backends.mine]
    type = "command"
    argv = ["my-agent", "--model", "{model}", "--resume", "{session}", "--prompt-file", "{prompt}"]
    prompt = "file"                  # or "stdin", the default
    report = "json:result.document"  # where in its JSON output the document is, or "file", the default
    failures = {"ERROR 401" = "auth"}  # how a line begins that says it failed, and the kind of failure

Known placeholders are replaced in every argument after the first: {prompt} {report} {role} {model} {effort} {session}
{round} {task_id}; other braces stay. An argument that needs a model, an effort or a session where there is none is left
out, and with it the option before it if it consists of the placeholder alone. What the program prints is read as event
lines; a line that is none is something it said. A line that begins as one of `failures` is a failure too, for programs
that end with exit code 0 whatever happens; it must not be one that the program recovers from by itself. A report that was
handed in as a file counts all the same.
"""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from loop_kit.backends.base import Backend, Call, Order
from loop_kit.backends.ending import find_document
from loop_kit.backends.eventlines import read_event
from loop_kit.backends.fields import clean, one_line
from loop_kit.backends.jsontext import at_path, last_json, parse_object
from loop_kit.errors import ConfigError
from loop_kit.model.agent_events import AgentEvent, Failed, Finished, Said
from loop_kit.model.config import BackendSettings
from loop_kit.values import dataclass, field

_PLACEHOLDER = re.compile(r"\{(prompt|report|role|model|effort|session|round|task_id)\}")
_MAY_BE_MISSING = ("model", "effort", "session")
_JSON = "json:"
_LINES_LOOKED_AT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandBackend(Backend):
    """`settings` are those it was configured for; unconfigured, it only knows what an order says."""

    settings: BackendSettings = field(default_factory=partial(BackendSettings, type="command"))

    @property
    def programs(self) -> tuple[str, ...]:
        return ()

    @property
    def env(self) -> tuple[str, ...]:
        return self.settings.env

    @property
    def supports_resume(self) -> bool:
        return self._takes("{session}")

    @property
    def supports_effort(self) -> bool:
        return self._takes("{effort}")

    def _takes(self, placeholder: str) -> bool:
        return any(placeholder in argument for argument in self.settings.argv[1:])

    def configured(self, name: str, settings: BackendSettings) -> "CommandBackend":
        _check(f"backends.{name}", settings)
        return CommandBackend(settings=settings)

    def command(self, order: Order) -> Call:
        settings = order.settings
        _check("backends", settings)
        arguments = _fill(settings.argv[1:], _values(order))
        return Call(
            argv=(order.program or settings.argv[0], *arguments, *order.args),
            stdin=order.prompt if settings.prompt == "stdin" else None,
        )

    def read(self, line: str) -> tuple[AgentEvent, ...]:
        events = read_event(line)
        return events or ((Said(clean(line)), *self._failed(line)) if line.strip() else ())

    def _failed(self, line: str) -> tuple[AgentEvent, ...]:
        kinds = (kind for start, kind in self.settings.failures.items() if line.startswith(start))
        kind = next(kinds, None)
        return () if kind is None else (Failed(kind=kind, message=one_line(line, 500)),)

    def document(self, order: Order, finished: Finished | None, said: str) -> Any | None:
        if not order.settings.report.startswith(_JSON):
            return find_document(finished, said)
        found = at_path(_json_output(said), order.settings.report.removeprefix(_JSON))
        return last_json(found) if isinstance(found, str) else found


COMMAND = CommandBackend()


def _check(where: str, settings: BackendSettings) -> None:
    if not settings.argv or not settings.argv[0]:
        raise ConfigError(
            f"{where}.argv is missing", hint='write the program and its arguments, e.g. argv = ["my-agent", "--batch"]'
        )
    if settings.prompt not in ("stdin", "file"):
        raise ConfigError(f"{where}.prompt is {settings.prompt!r}", hint='it can be "stdin" or "file"')
    if settings.prompt == "file" and not any("{prompt}" in argument for argument in settings.argv[1:]):
        raise ConfigError(
            f'{where}.argv has no {{prompt}} although prompt is "file"',
            hint="put {prompt} where the file's path belongs",
        )
    if settings.report != "file" and not re.fullmatch(r"json:[^.]+(\.[^.]+)*", settings.report):
        raise ConfigError(f"{where}.report is {settings.report!r}", hint='it can be "file" or "json:PATH.TO.FIELD"')


def _values(order: Order) -> dict[str, str]:
    return {
        "prompt": str(order.prompt),
        "report": str(order.report),
        "role": order.role,
        "model": order.model,
        "effort": order.effort,
        "session": order.session or "",
        "round": str(order.round),
        "task_id": order.task_id,
    }


def _fill(arguments: tuple[str, ...], values: Mapping[str, str]) -> list[str]:
    filled: list[str] = []
    for index, argument in enumerate(arguments):
        missing = [name for name in _MAY_BE_MISSING if f"{{{name}}}" in argument and not values[name]]
        if not missing:
            filled.append(_PLACEHOLDER.sub(lambda found: values[found[1]], argument))
        elif argument == f"{{{missing[0]}}}" and index and arguments[index - 1].startswith("-"):
            filled.pop()
    return filled


def _json_output(said: str) -> Any | None:
    """Return the whole output if it is one JSON object, else the last line that is one."""
    whole = parse_object(said)
    if whole is not None:
        return whole
    lines = said.rstrip().rsplit("\n", _LINES_LOOKED_AT)[-_LINES_LOOKED_AT:]
    return next((found for line in reversed(lines) if (found := parse_object(line)) is not None), None)
