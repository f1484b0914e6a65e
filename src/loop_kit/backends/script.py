"""The stand-in: an agent that follows a script, for tests, demonstrations and trying a set-up without paying.

It is a program of its own (`standin.py`), started like any other agent; `settings.script` is the absolute path of its
script.
"""

import sys
from pathlib import Path

from loop_kit.backends.base import Backend, Call, Order
from loop_kit.backends.ending import explain_exit, last_line
from loop_kit.backends.eventlines import read_event
from loop_kit.errors import ConfigError
from loop_kit.model.agent_events import AgentEvent, Failed, FailureKind
from loop_kit.model.config import BackendSettings
from loop_kit.values import dataclass

_PROGRAM = Path(__file__).with_name("standin.py")
_OFF_SCRIPT = (96, 97, 98)  # the stand-in's own words for it; trying again would not help


@dataclass(frozen=True, slots=True)
class ScriptBackend(Backend):
    @property
    def programs(self) -> tuple[str, ...]:
        return ()

    @property
    def env(self) -> tuple[str, ...]:
        return ()

    @property
    def supports_resume(self) -> bool:
        return True

    @property
    def isolates(self) -> bool:
        return True  # it reads its script, and of a tree what the script says

    @property
    def tree_settings(self) -> tuple[str, ...]:
        return ()

    def configured(self, name: str, settings: BackendSettings) -> "ScriptBackend":
        _check(f"backends.{name}", settings)
        return self

    def command(self, order: Order) -> Call:
        _check("backends", order.settings)
        session = ("--session", order.session) if order.session else ()
        # -P and -E: nothing of the repository or the environment decides what the program imports.
        return Call(
            argv=(sys.executable, "-P", "-E", str(_PROGRAM), order.settings.script, *session, *order.args),
            stdin=order.prompt,
        )

    def explain(self, exit_code: int | None, stderr: str) -> Failed | None:
        if exit_code in _OFF_SCRIPT:
            return Failed(kind=FailureKind.PERMANENT, message=last_line(stderr))
        return explain_exit(exit_code, stderr)

    def read(self, line: str) -> tuple[AgentEvent, ...]:
        return read_event(line)


SCRIPT = ScriptBackend()


def _check(where: str, settings: BackendSettings) -> None:
    if not settings.script:
        raise ConfigError(f"{where}.script is missing", hint="write the path of the script that the stand-in follows")
