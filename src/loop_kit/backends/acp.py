"""Any agent that speaks the Agent Client Protocol (ACP), driven by the bridge, a program of loop's own.

    [backends.mine]
    type = "acp"
    preset = "gemini"                # one that loop knows, or
    argv = ["my-agent", "--acp"]     # how any other is started; with both, the preset says the rest

The bridge needs the client library that the extra `acp` brings. What the presets say was measured with the versions in
docs/backends.md.
"""

import importlib.util
import json
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from loop_kit.backends import claude, codex, gemini, opencode
from loop_kit.backends.apart import git_variables, prompt_apart
from loop_kit.backends.base import Backend, Call, Order
from loop_kit.backends.ending import explain_exit, last_line
from loop_kit.backends.eventlines import read_event
from loop_kit.backends.jsontext import parse_object
from loop_kit.backends.outside import Source
from loop_kit.errors import BackendError, ConfigError
from loop_kit.model.config import BackendSettings
from loop_kit.model.event import AgentEvent, Failed, FailureKind
from loop_kit.values import dataclass, field
from loop_kit.values.wording import did_you_mean

_BRIDGE = "loop_kit.backends.acp_bridge"
_NO_CLIENT = 95  # the bridge's own word for it
_WRONG_CALL = 2
_OPENCODE_SETTINGS = "opencode.json"
_CLAUDE_SETTINGS = (".claude/settings.json", ".mcp.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """What keeps a tree's settings from an agent: variables, what goes along with the opening of a conversation, its place."""

    env: Mapping[str, str] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)
    apart: bool = False


def _isolated_claude(order: Order) -> Isolation:
    """Read a person's own settings only; a worker gets those of the base besides, as Claude Code itself does."""
    options: dict[str, Any] = {"settingSources": ["user"]}
    settings, servers = (order.base_settings.get(name) for name in _CLAUDE_SETTINGS)
    if order.role != "worker":
        options["strictMcpConfig"] = True
    else:
        options |= {"settings": str(settings)} if settings else {}
        options |= {"extraArgs": {"mcp-config": str(servers)}} if servers else {}
    named = {}
    if not order.environment.get("ANTHROPIC_MODEL"):
        # The adapter itself looks for a model in the tree's settings unless its environment names one; the program that it
        # starts takes the word for a name, and is not told.
        named = {"ANTHROPIC_MODEL": "default"}
        options["env"] = {"ANTHROPIC_MODEL": ""}
    return Isolation(env=named, meta={"claudeCode": {"options": options}})


def _isolated_gemini(order: Order) -> Isolation:  # noqa: ARG001  (others need it)
    """Trust the tree in nothing: neither its settings nor its instructions are read, and the rest is asked for."""
    return Isolation(
        env={"GEMINI_CLI_TRUST_WORKSPACE": "false", "GEMINI_RESTRICTED_MODE": "true"}
    )  # an option outweighs the first


def _beside(order: Order) -> Isolation:
    """Start it beside the tree; nothing keeps these from what lies where they stand."""
    base = order.base_settings.get(_OPENCODE_SETTINGS) if order.role == "worker" else None
    given = base is not None and "OPENCODE_CONFIG" not in order.environment
    return Isolation(env={**git_variables(order), **({"OPENCODE_CONFIG": str(base)} if given else {})}, apart=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """How one known agent is driven.

    `modes` are the modes of worker and reviewer, of which the first that the agent offers is taken, `quiet` variables that
    are set for every role, `reviewing` what is added for a reviewer to variables that hold a JSON object, `isolating` what
    keeps the tree's own settings from it, where there is such a way, `model_flag` the option that takes the model where the
    conversation offers no choice of one. One that `hides_git` keeps the person's git settings from its shell, and is told
    who the person is.
    """

    argv: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    quiet: Mapping[str, str] = field(default_factory=dict)
    reviewing: Callable[[Order], Mapping[str, Mapping[str, Any]]] | None = None
    isolating: Callable[[Order], Isolation] | None = None
    tree_settings: tuple[str, ...] = ()
    modes: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    model_flag: str = ""
    resumes: bool = True
    counts: bool = True
    hides_git: bool = False
    outside: tuple[Source, ...] = ()
    above: tuple[str, ...] = ()


def _asking(order: Order) -> Mapping[str, Mapping[str, Any]]:
    """Have OpenCode ask, which it does not do by itself, except to read the tree, beside which it stands.

    It outweighs what a person's file allows. What is refused ends a turn.
    """
    outside = {"*": "ask", f"{order.cwd}/*": "allow"}
    asked = {"edit": "ask", "bash": "ask", "webfetch": "ask", "external_directory": outside}
    return {"OPENCODE_CONFIG_CONTENT": {"permission": asked}}


PRESETS: Mapping[str, Preset] = {
    "claude": Preset(
        argv=("claude-agent-acp",),
        env=(
            "ANTHROPIC_*",
            "CLAUDE_CODE_MAX_OUTPUT_TOKENS",
            "CLAUDE_CODE_OAUTH_TOKEN",
            "CLAUDE_CODE_USE_BEDROCK",
            "CLAUDE_CODE_USE_VERTEX",
            "CLAUDE_CONFIG_DIR",
            "IS_SANDBOX",
        ),
        quiet={
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "CLAUDE_CODE_MAX_RETRIES": "2",  # its default of 10 takes three minutes; loop tries again by itself
            "DISABLE_AUTOUPDATER": "1",
        },
        isolating=_isolated_claude,
        tree_settings=_CLAUDE_SETTINGS,
        modes=(("default",), ("default",)),  # it asks; a person's own settings may have made it another one
        outside=claude.OUTSIDE,
        above=claude.ABOVE,
    ),
    "codex": Preset(
        argv=("codex-acp",),
        env=("OPENAI_*", "CODEX_*"),
        isolating=_beside,  # its adapter says of whatever folder it is opened in that a person trusts it
        # It comes without the sandbox that its other modes start commands in. Before 2.0 the first had another name.
        modes=(("agent-full-access", "full-access"), ("read-only",)),
        outside=codex.OUTSIDE,
        above=codex.ABOVE,
    ),
    "gemini": Preset(
        argv=("gemini", "--acp"),
        env=("GEMINI_*", "GOOGLE_*"),
        quiet={"GEMINI_CLI_NO_RELAUNCH": "true"},
        isolating=_isolated_gemini,
        modes=(("default",), ("default",)),
        model_flag="-m",
        hides_git=True,
        outside=gemini.OUTSIDE,
        above=gemini.ABOVE,
        resumes=False,  # it says that it can, and finds no conversation of an earlier process
    ),
    "opencode": Preset(
        argv=("opencode", "acp"),
        env=("OPENCODE_*",),
        quiet={
            "OPENCODE_DISABLE_AUTOUPDATE": "1",
            "OPENCODE_DISABLE_CLAUDE_CODE": "1",
            "OPENCODE_DISABLE_EXTERNAL_SKILLS": "1",
            "OPENCODE_DISABLE_PROJECT_CONFIG": "1",  # all but the plugins
        },
        isolating=_beside,
        tree_settings=(_OPENCODE_SETTINGS,),
        reviewing=_asking,
        outside=opencode.OUTSIDE,
        above=opencode.ABOVE,
        counts=False,  # its figures are those of the last step
    ),
}


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
        return self.preset.outside

    @property
    def above(self) -> tuple[str, ...]:
        return self.preset.above

    def configured(self, name: str, settings: BackendSettings) -> "AcpBackend":
        preset = _preset(f"backends.{name}", settings)
        if importlib.util.find_spec("acp") is None:
            raise BackendError(
                f"the backend '{name}' needs the client library for ACP, which is not installed",
                hint="pip install 'loop-kit[acp]' into the environment that runs loop",
            )
        return AcpBackend(settings=settings, preset=preset)

    def command(self, order: Order) -> Call:
        worker, preset = order.role == "worker", self.preset
        argv = order.settings.argv or preset.argv
        kept = preset.isolating(order) if preset.isolating is not None else Isolation()
        by_flag = (preset.model_flag, order.model) if preset.model_flag and order.model else ()
        # -P and -E: nothing of the repository or the environment decides what the bridge imports.
        return Call(
            argv=(
                *(sys.executable, "-P", "-E", "-m", _BRIDGE, "--role", order.role),
                *_option("--session", (order.session or "") if preset.resumes else ""),
                *_option("--model", "" if by_flag else order.model),
                *(word for mode in preset.modes[0 if worker else 1] for word in _option("--mode", mode)),
                *(() if preset.counts else ("--no-usage",)),
                *_option("--meta", json.dumps(kept.meta) if kept.meta else ""),
                *("--", order.program or argv[0], *argv[1:], *by_flag, *order.args),
            ),
            env={**preset.quiet, **kept.env, **(order.identity if preset.hides_git else {})},
            stdin=prompt_apart(order) if kept.apart else order.prompt,
            apart=kept.apart,
            merged={} if worker or preset.reviewing is None else _merged(order, preset.reviewing(order)),
        )

    def read(self, line: str) -> tuple[AgentEvent, ...]:
        return read_event(line)

    def explain(self, exit_code: int | None, stderr: str) -> Failed | None:
        if exit_code in (_NO_CLIENT, _WRONG_CALL):
            return Failed(kind=FailureKind.CONFIG, message=last_line(stderr) or "the bridge could not be started")
        return explain_exit(exit_code, stderr)


ACP = AcpBackend()


def _merged(order: Order, reviewing: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {name: _with(order, name, held) for name, held in reviewing.items()}


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
