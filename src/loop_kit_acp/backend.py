"""Any agent that speaks the Agent Client Protocol (ACP), driven by the bridge, a program of its own.

    [backends.mine]
    type = "acp"
    preset = "gemini"                # one that is known, or
    argv = ["my-agent", "--acp"]     # how any other is started; with both, the preset says the rest

The bridge needs the client library that the extra `acp` brings.
"""

import importlib.util
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from loop_kit.backends.api import (
    Access,
    AgentEvent,
    Answer,
    Backend,
    BackendError,
    BackendSettings,
    Call,
    ConfigError,
    Failed,
    FailureKind,
    Influenced,
    Order,
    Source,
    did_you_mean,
    explain_exit,
    find_backend,
    last_line,
    parse_object,
    prompt_apart,
    read_event,
)
from loop_kit_acp.presets import PRESETS, Isolation, Preset

_BRIDGE = "loop_kit_acp.bridge"
_NO_CLIENT = 95  # the bridge's own word for it
_WRONG_CALL = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class AcpBackend(Backend):
    """`settings` and `preset` are those it was configured for; unconfigured, it only knows what an order says."""

    settings: BackendSettings = field(default_factory=partial(BackendSettings, type="acp"))
    preset: Preset = field(default_factory=Preset)

    @property
    def programs(self) -> tuple[str, ...]:
        return () if self.settings.argv else self.preset.argv[:1]

    @property
    def env(self) -> tuple[str, ...]:
        return self.preset.env

    @property
    def supports_resume(self) -> bool:
        return self.preset.resumes

    @property
    def isolates(self) -> bool:
        return self.preset.isolating is not None

    @property
    def tree_settings(self) -> tuple[str, ...]:
        return self.preset.tree_settings

    @property
    def hides_git_settings(self) -> bool:
        return self.preset.hides_git

    @property
    def outside(self) -> tuple[Source, ...]:
        return found.outside if (found := _program_behind(self.settings.preset)) else ()

    @property
    def above(self) -> tuple[str, ...]:
        return found.above if (found := _program_behind(self.settings.preset)) else ()

    def configured(self, name: str, settings: BackendSettings) -> "AcpBackend":
        preset = _preset(f"backends.{name}", settings)
        if importlib.util.find_spec("acp") is None:
            raise BackendError(
                f"the backend '{name}' needs the client library for ACP, which is not installed",
                hint="pip install 'loop-kit[acp]' into the environment that runs loop",
            )
        return AcpBackend(settings=settings, preset=preset)

    def answer(self, access: Access) -> Answer:
        """Say where an agent answers: the bridge lets one that reads write nothing, if it asks, as those of a preset do."""
        return Answer.TEXT if access is Access.READ and self.settings.preset else Answer.FILE

    def command(self, order: Order) -> Call:
        writes, preset = order.access is Access.WRITE, self.preset
        argv = order.settings.argv or preset.argv
        kept = preset.isolating(order) if preset.isolating is not None else Isolation()
        by_flag = (preset.model_flag, order.model) if preset.model_flag and order.model else ()
        # -P and -E: nothing of the repository or the environment decides what the bridge imports.
        return Call(
            argv=(
                *(sys.executable, "-P", "-E", "-m", _BRIDGE, "--access", order.access),
                *_option("--session", (order.session or "") if preset.resumes else ""),
                *_option("--model", "" if by_flag else order.model),
                *(word for mode in preset.modes.get(order.access, ()) for word in _option("--mode", mode)),
                *(() if preset.counts else ("--no-usage",)),
                *_option("--meta", json.dumps(kept.meta) if kept.meta else ""),
                *("--", order.program or argv[0], *argv[1:], *by_flag, *order.args),
            ),
            env={**preset.quiet, **kept.env, **(order.identity if preset.hides_git else {})},
            stdin=prompt_apart(order) if kept.apart else order.prompt,
            apart=kept.apart,
            merged={} if writes or preset.reading is None else _merged(order, preset.reading(order)),
        )

    def read(self, line: str) -> tuple[AgentEvent, ...]:
        return read_event(line)

    def explain(self, exit_code: int | None, stderr: str) -> Failed | None:
        if exit_code in (_NO_CLIENT, _WRONG_CALL):
            return Failed(kind=FailureKind.CONFIG, message=last_line(stderr) or "the bridge could not be started")
        return explain_exit(exit_code, stderr)


ACP = AcpBackend()


def _program_behind(preset: str) -> Influenced | None:
    """Return the backend of the program that a preset drives, which has its name: by ACP too it reads the same."""
    if not preset:
        return None
    found = find_backend(preset, BackendSettings(type=preset))
    return found if isinstance(found, Influenced) else None


def _merged(order: Order, reading: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {name: _with(order, name, held) for name, held in reading.items()}


def _with(order: Order, name: str, held: Mapping[str, Any]) -> str:
    """Return the person's own value of a variable with what holds a reviewer to reading in it."""
    given = order.environment.get(name, "")
    own = parse_object(given) if given.strip() else {}
    if own is None:
        raise ConfigError(
            f"the variable {name} is not a JSON object",
            hint="mend it, without comments: loop adds to it what holds a reviewer to reading",
        )
    return json.dumps({**own, **held}, ensure_ascii=False)


def _option(flag: str, value: str) -> tuple[str, ...]:
    return (f"{flag}={value}",) if value else ()  # one word: a value may begin with a dash


def _preset(where: str, settings: BackendSettings) -> Preset:
    """Return what is known of the agent; raise `ConfigError` when nobody says how it is started."""
    if settings.preset:
        if settings.preset in PRESETS:
            return PRESETS[settings.preset]
        meant = did_you_mean(settings.preset, PRESETS)
        raise ConfigError(
            f"{where}.preset: there is no preset '{settings.preset}'{meant}", hint=f"known: {', '.join(PRESETS)}"
        )
    if not settings.argv or not settings.argv[0]:
        raise ConfigError(
            f"{where} says neither preset nor argv",
            hint='write preset = "gemini", or the program with its arguments: argv = ["my-agent", "--acp"]',
        )
    return Preset()
