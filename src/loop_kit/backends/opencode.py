"""OpenCode, `opencode run` with JSON events. Measured with the versions in `tested`.

It reports step by step and has no last event: a step that ends with `stop` is the end, and usage is the sum of the
steps. An answer that was cut off it asks for again at once and for ever (hundreds of times a minute), so a few in a row
end it. A failing service it tries again five times, for a bit more than a minute, and with no connection it waits
without a word; neither can be turned down, so the idle timeout is what ends the latter.
"""

import json
import re
from typing import Any

from loop_kit.backends.apart import git_variables, prompt_apart
from loop_kit.backends.base import Backend, Call, Order
from loop_kit.backends.ending import explain_exit, status_kind
from loop_kit.backends.fields import amount, clean, count, one_line, seconds, started, tool_detail
from loop_kit.backends.jsontext import at_path, parse_object
from loop_kit.backends.outside import SHELLS, Source, SourceFormat, files, in_each
from loop_kit.backends.tested import TESTED
from loop_kit.errors import ConfigError
from loop_kit.model.agent_events import AgentEvent, Failed, FailureKind, Finished, Said, Usage, UsedTool
from loop_kit.model.roles import Access, Answer

_TALK = ("run", "--format", "json")
_QUIET = {
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
    "OPENCODE_DISABLE_SHARE": "1",
}
_ISOLATED = {
    **_QUIET,
    "OPENCODE_DISABLE_PROJECT_CONFIG": "1",
    "OPENCODE_DISABLE_CLAUDE_CODE": "1",
    "OPENCODE_DISABLE_EXTERNAL_SKILLS": "1",
}
_OWN_APPROVAL = re.compile(r"(--auto|--agent)(=.*)?")
_CONFIG, _FILE, _BASE = "OPENCODE_CONFIG_CONTENT", "OPENCODE_CONFIG", "opencode.json"
# An agent of its own, because rules of an agent outweigh all others; its `plan` agent commits. The last rule that
# matches counts. What joins commands is taken apart and each part judged, but a redirection is not.
_REVIEWER = "loop-reviewer"
_READ_ONLY: dict[str, Any] = {
    "mode": "primary",
    "permission": {
        "*": "deny",
        **dict.fromkeys(("read", "grep", "glob", "list"), "allow"),
        "bash": {
            "*": "deny",
            **dict.fromkeys(("git log*", "git diff*", "git show*", "git status*"), "allow"),
            **dict.fromkeys(("*--output*", "*>*"), "deny"),
        },
    },
}

_CUT_OFF = 5  # answers in a row
_QUOTA = ("insufficient_quota", "usage_limit_reached")
_NAMES = {
    "ProviderAuthError": FailureKind.AUTH,
    "ProviderModelNotFoundError": FailureKind.CONFIG,
    "MessageAbortedError": FailureKind.INTERRUPTED,
    "ContextOverflowError": FailureKind.SESSION,  # the conversation is full; a fresh one is not
}
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# What it says before there is a conversation.
_COMPLAINTS: tuple[tuple[str, FailureKind], ...] = (
    ("Error: Session not found", FailureKind.SESSION),
    ("Error: You must provide a message", FailureKind.CONFIG),
    ("opencode run ", FailureKind.CONFIG),  # how it is used
)
# What it reads outside of a tree, however it is driven. It keeps packages of its own beside its settings, which are left
# out; a provider or a plugin that a setting names is in the setting.
_FOR_THE_EYE = ("$schema", "theme", "keybinds", "tui", "username", "model", "small_model", "autoupdate", "share")
_FOLDERS = (
    *(
        "agent",
        "agents",
        "command",
        "commands",
        "mode",
        "modes",
        "plugin",
        "plugins",
        "skill",
        "skills",
        "tool",
        "tools",
    ),
)
OUTSIDE = (
    *in_each(
        ("~/.config/opencode", "$XDG_CONFIG_HOME/opencode", "~/.opencode", "$OPENCODE_CONFIG_DIR", "/etc/opencode"),
        *(
            Source(name, SourceFormat.JSON, but=_FOR_THE_EYE)
            for name in ("opencode.json", "opencode.jsonc", "config.json")
        ),
        *files(*_FOLDERS, "AGENTS.md", "config", ".npmrc"),
    ),
    Source("$OPENCODE_CONFIG", SourceFormat.JSON, but=_FOR_THE_EYE),
    # A login of the kind `wellknown` names a server that it takes settings from; tokens come and go.
    *(
        Source(f"{data}/opencode/auth.json", SourceFormat.JSON, keys=("*.type",))
        for data in ("~/.local/share", "$XDG_DATA_HOME")
    ),
    *SHELLS,
    *files("~/.npmrc", "~/.claude/CLAUDE.md", "~/.claude/skills", "~/.agents"),
)
ABOVE = ("opencode.json", "opencode.jsonc", ".opencode", "AGENTS.md", "CLAUDE.md", "CONTEXT.md", ".claude", ".agents")


class OpenCode(Backend):
    programs = ("opencode",)
    env = ("OPENCODE_*",)
    credentials = (
        "OPENCODE_API_KEY",
        "OPENCODE_AUTH_CONTENT",
        "$XDG_DATA_HOME/opencode/auth.json",
        "~/.local/share/opencode/auth.json",
    )
    supports_resume = True
    supports_effort = True
    outside = OUTSIDE
    above = ABOVE
    tested = TESTED["opencode-ai"]
    sandbox = "none: its permissions say what it may run"
    isolates = True
    tree_settings = (_BASE,)

    def answer(self, access: Access) -> Answer:
        return Answer.TEXT if access is Access.READ else Answer.FILE

    def command(self, order: Order) -> Call:
        model = ("-m", order.model) if order.model else ()
        effort = ("--variant", order.effort) if order.effort else ()
        resume = ("--session", order.session) if order.session else ()
        title = f"loop {order.task_id} r{order.round} {order.role}"  # else it pays a model for one
        argv = (order.program, *_TALK, *model, *effort, *resume, "--title", title, *order.args)
        own = any(_OWN_APPROVAL.fullmatch(argument) for argument in order.args)
        if order.access is Access.WRITE:
            argv, merged = argv if own else (*argv, "--auto"), {}
        else:
            argv = argv if own else (*argv, "--agent", _REVIEWER)
            merged = {} if own else {_CONFIG: _with_reviewer(order)}
        # Its variables do not keep it from the plugins that lie where it stands.
        env = {**_ISOLATED, **_of_the_base(order), **git_variables(order)}
        return Call(argv=argv, env=env, merged=merged, stdin=prompt_apart(order), apart=True)

    def read(self, line: str) -> tuple[AgentEvent, ...]:
        entry = parse_object(line) or {}
        events: tuple[AgentEvent, ...] = ()
        match entry:
            case {"type": "step_start", "sessionID": session_id}:
                events = started(session_id)
            case {"type": "text", "part": {"text": str(text)}}:
                events = (Said(clean(text)),)
            case {"type": "tool_use", "part": {"tool": str(name)}}:
                events = (UsedTool(one_line(name, 80), tool_detail(at_path(entry, "part.state.input"))),)
            case {"type": "step_finish", "part": dict(part)}:
                events = (_usage(part), *_ended(part.get("reason")))
            case {"type": "error", "error": dict(error)}:
                events = (*started(entry.get("sessionID")), _failed(error))
        return events

    def explain(self, exit_code: int | None, stderr: str) -> Failed | None:
        plain = _COLOUR.sub("", stderr)
        failed = explain_exit(exit_code, plain)
        if failed is None or failed.kind is not FailureKind.UNKNOWN:
            return failed
        for start, kind in _COMPLAINTS:
            if plain.startswith(start):
                return Failed(kind=kind, message=one_line(plain.partition("\n")[0]))
        return failed


OPENCODE = OpenCode()


def _of_the_base(order: Order) -> dict[str, str]:
    """Give an agent that writes the configuration of the run's base, unless a person gives another file in its place."""
    base = order.base_settings.get(_BASE) if order.access is Access.WRITE else None
    return {} if base is None or _FILE in order.environment else {_FILE: str(base)}


def _with_reviewer(order: Order) -> str:
    """Return the person's own configuration with an agent that may only look, also into the tree, beside which it stands."""
    given = order.environment.get(_CONFIG, "")
    config = parse_object(given) if given.strip() else {}
    agents = config.get("agent", {}) if config is not None else None
    if config is None or not isinstance(agents, dict):
        what = "is not a JSON object" if config is None else "has an 'agent' that is not a JSON object"
        raise ConfigError(
            f"the variable {_CONFIG} {what}",
            hint="mend it, without comments: loop adds to it what holds a reviewer to reading",
        )
    permission = {**_READ_ONLY["permission"], "external_directory": {"*": "deny", f"{order.cwd}/*": "allow"}}
    return json.dumps(
        {**config, "agent": {**agents, _REVIEWER: {**_READ_ONLY, "permission": permission}}}, ensure_ascii=False
    )


def _ended(reason: Any) -> tuple[AgentEvent, ...]:
    if reason == "stop":
        return (Finished(said_last=True),)
    if reason == "unknown":
        return (Failed(kind=FailureKind.TRUNCATED, message="the model's answer was cut off", max_consecutive=_CUT_OFF),)
    return ()


def _usage(part: dict[str, Any]) -> Usage:
    """Return what one step used; input counts the cache too, output what was thought."""
    tokens = part.get("tokens")
    fresh, cached, kept, wrote, thought = (
        count(at_path(tokens, path)) for path in ("input", "cache.read", "cache.write", "output", "reasoning")
    )
    read = None if fresh is None or cached is None or kept is None else fresh + cached + kept
    if not read:  # a step has read something: zeros mean that nobody counted, and unknown is not zero
        return Usage(step=True)
    return Usage(
        input_tokens=read,
        cached_tokens=cached,
        output_tokens=None if wrote is None or thought is None else wrote + thought,
        reasoning_tokens=thought,
        cost_usd=amount(part.get("cost")) or None,  # a model without a known price costs zero
        step=True,
    )


def _failed(error: dict[str, Any]) -> Failed:
    raw = at_path(error, "data.responseBody")
    body = parse_object(raw) if isinstance(raw, str) else None
    message = next((text for path in ("data.message", "name") if isinstance(text := at_path(error, path), str)), "")
    return Failed(
        kind=_kind(error, body),
        message=one_line(message, 500) or "it failed without a reason",
        retry_after=_retry_after(error, body),
    )


def _kind(error: dict[str, Any], body: dict[str, Any] | None) -> FailureKind:
    status = count(at_path(error, "data.statusCode"))
    if any(at_path(body, f"error.{field}") in _QUOTA for field in ("code", "type")):
        return FailureKind.QUOTA
    if status is not None:
        return status_kind(status)
    if at_path(error, "data.isRetryable") is True:
        return FailureKind.TRANSIENT
    name = error.get("name")
    return _NAMES.get(name, FailureKind.UNKNOWN) if isinstance(name, str) else FailureKind.UNKNOWN


def _retry_after(error: dict[str, Any], body: dict[str, Any] | None) -> float | None:
    """Return the seconds that the service named: in a header, or in its answer when a quota is used up."""
    told = seconds(at_path(error, "data.responseHeaders.retry-after"))
    return told if told is not None else amount(at_path(body, "error.resets_in_seconds"))
