"""How known agents are driven. What is said here was measured with the versions in docs/backends.md and `TESTED`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from loop_kit.backends.api import Access, Order, git_variables

# The adapters that agents are driven by, as they were held against: by npm package, the oldest version first.
TESTED: Mapping[str, tuple[str, ...]] = {
    "@agentclientprotocol/claude-agent-acp": ("0.101.0",),
    "@agentclientprotocol/codex-acp": ("2.6.0",),
}
_OPENCODE_SETTINGS = "opencode.json"
_CLAUDE_SETTINGS = (".claude/settings.json", ".mcp.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """What keeps a tree's settings from an agent: variables, what goes along with the opening of a conversation, its place."""

    env: Mapping[str, str] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)
    apart: bool = False


def _isolated_claude(order: Order) -> Isolation:
    """Read a person's own settings only; who writes gets those of the base besides, as Claude Code itself does."""
    options: dict[str, Any] = {"settingSources": ["user"]}
    settings, servers = (order.base_settings.get(name) for name in _CLAUDE_SETTINGS)
    if order.access is Access.READ:
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
    base = order.base_settings.get(_OPENCODE_SETTINGS) if order.access is Access.WRITE else None
    given = base is not None and "OPENCODE_CONFIG" not in order.environment
    return Isolation(env={**git_variables(order), **({"OPENCODE_CONFIG": str(base)} if given else {})}, apart=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """How one known agent is driven.

    `modes` are the modes for each access, of which the first that the agent offers is taken, `quiet` variables that are
    always set, `reading` what is added for one that reads to variables that hold a JSON object, `isolating` what
    keeps the tree's own settings from it, where there is such a way, `model_flag` the option that takes the model where the
    conversation offers no choice of one. One that `hides_git` keeps the person's git settings from its shell, and is told
    who the person is.
    """

    argv: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    quiet: Mapping[str, str] = field(default_factory=dict)
    reading: Callable[[Order], Mapping[str, Mapping[str, Any]]] | None = None
    isolating: Callable[[Order], Isolation] | None = None
    tree_settings: tuple[str, ...] = ()
    modes: Mapping[Access, tuple[str, ...]] = field(default_factory=dict)
    model_flag: str = ""
    resumes: bool = True
    counts: bool = True
    hides_git: bool = False


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
        modes=dict.fromkeys(Access, ("default",)),  # it asks; a person's own settings may have made it another one
    ),
    "codex": Preset(
        argv=("codex-acp",),
        env=("OPENAI_*", "CODEX_*"),
        isolating=_beside,  # its adapter says of whatever folder it is opened in that a person trusts it
        # It comes without the sandbox that its other modes start commands in. Before 2.0 the first had another name.
        modes={Access.WRITE: ("agent-full-access", "full-access"), Access.READ: ("read-only",)},
    ),
    "gemini": Preset(
        argv=("gemini", "--acp"),
        env=("GEMINI_*", "GOOGLE_*"),
        quiet={"GEMINI_CLI_NO_RELAUNCH": "true"},
        isolating=_isolated_gemini,
        modes=dict.fromkeys(Access, ("default",)),
        model_flag="-m",
        hides_git=True,
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
        reading=_asking,
        counts=False,  # its figures are those of the last step
    ),
}
