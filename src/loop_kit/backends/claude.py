"""Claude Code, `claude -p` with stream-json. Measured with the versions in `tested`.

A failed call of its service ends as `subtype: "success"` with `is_error: true`; the reason may stand only in the
message before it, so both are read as failures and `ending.settle` keeps the one that says more. `total_cost_usd`
counts over the whole session in some versions and over the run in others: only the part since the last result is used,
and without it money is unknown.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from loop_kit.backends.answer_schema import read_schema
from loop_kit.backends.base import Backend, Call, Order
from loop_kit.backends.ending import explain_exit, status_kind
from loop_kit.backends.fields import amount, clean, count, one_line, started, tool_detail
from loop_kit.backends.jsontext import parse_object
from loop_kit.backends.outside import SHELLS, Source, SourceFormat, files, in_each
from loop_kit.backends.tested import TESTED
from loop_kit.errors import BackendError
from loop_kit.model.agent_events import AgentEvent, Failed, FailureKind, Finished, Said, Usage, UsedTool
from loop_kit.model.roles import Access, Answer

_TALK = ("-p", "--output-format", "stream-json", "--verbose")
_QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "CLAUDE_CODE_MAX_RETRIES": "2",  # its default of 10 takes three minutes; loop tries again by itself
    "DISABLE_AUTOUPDATER": "1",
}
# Whatever is not allowed is refused without asking, because there is nobody to ask. The lists end the argv: they take
# all that follows.
_WRITES = ("--permission-mode", "dontAsk", "--allowedTools", "Bash", "Edit", "Write")
_READS = (
    *("--permission-mode", "dontAsk", "--tools", "Read,Grep,Glob,Bash"),
    *("--allowedTools", "Bash(git log:*)", "Bash(git diff:*)", "Bash(git show:*)"),
)
# Without the sources "project" and "local" it reads nothing of the tree by itself, its instructions included.
_OWN_SETTINGS = ("--setting-sources", "user")
_NO_SERVERS = ("--strict-mcp-config",)
_FROM_A_PATH = {".claude/settings.json": "--settings", ".mcp.json": "--mcp-config"}
_OWN_PERMISSIONS = re.compile(r"--permission-mode(=.*)?|--dangerously-skip-permissions")
_ARGUMENT_LIMIT = 131_071  # bytes; the kernel takes no longer argument

_TOO_MANY = 429
_ERROR_KINDS = {
    "authentication_failed": FailureKind.AUTH,
    "rate_limit": FailureKind.TRANSIENT,
    "server_error": FailureKind.TRANSIENT,
    "unknown": FailureKind.TRUNCATED,  # without a status: an answer that was cut off or made no sense
}
_END_KINDS = {
    "aborted_tools": FailureKind.INTERRUPTED,
    "prompt_too_long": FailureKind.SESSION,  # the conversation is full; a fresh one is not
    "api_error": FailureKind.UNKNOWN,  # the message before it says more
}
_NO_SESSION = ("No conversation found with session ID", "Error: --resume requires a valid session ID")
# What it reads outside of a tree, however it is driven. Of its own settings all count but what is for the
# eye alone, or written by its migrations; of its other file, which each start rewrites, these few.
_FOR_THE_EYE = (
    *("$schema", "theme", "model", "verbose", "effortLevel", "language", "editorMode", "alwaysThinkingEnabled"),
    *("includeCoAuthoredBy", "attribution", "cleanupPeriodDays", "prefersReducedMotion", "preferredNotifChannel"),
    *(
        "spinner*",
        "show*",
        "terminal*",
        "feedback*",
        "autoUpdates*",
        "autoCompactEnabled",
        "autoScrollEnabled",
        "fastMode",
    ),
    *("skipDangerousModePermissionPrompt", "env.DISABLE_AUTOUPDATER"),
)
_OF_ITS_STATE = (
    *("mcpServers", "apiKeyHelper", "env", "hooks", "permissions", "enabledPlugins", "projects.@.mcpServers"),
    *("projects.@.allowedTools", "projects.@.enabledMcpjsonServers", "projects.@.enableAllProjectMcpServers"),
)
_PLUGINS = ("plugins.*.*.installPath", "plugins.*.*.version")
_MARKETPLACES = ("*.source", "*.installLocation")
OUTSIDE = (
    *in_each(
        ("~/.claude", "$CLAUDE_CONFIG_DIR"),
        Source("settings.json", SourceFormat.JSON, but=_FOR_THE_EYE),
        Source("settings.local.json", SourceFormat.JSON, but=_FOR_THE_EYE),
        Source("remote-settings.json", SourceFormat.JSON),  # what an organization wants, as it was last heard
        Source("state/hybrid-settings.json", SourceFormat.JSON),
        Source(".config.json", SourceFormat.JSON, keys=_OF_ITS_STATE),  # where that file lay before
        *(Source(f"plugins/installed_plugins{end}.json", SourceFormat.JSON, keys=_PLUGINS) for end in ("", "_v2")),
        *(
            Source(f"plugins/known_marketplaces{end}.json", SourceFormat.JSON, keys=_MARKETPLACES)
            for end in ("", "_claudeai")
        ),
        *files("plugins/cache", "plugins/repos", "agents", "commands", "skills", "hooks", "output-styles", "workflows"),
        *files("CLAUDE.md", "rules"),
    ),
    *in_each(("~", "$CLAUDE_CONFIG_DIR"), Source(".claude.json", SourceFormat.JSON, keys=_OF_ITS_STATE)),
    *in_each(("~/.config/anthropic", "$XDG_CONFIG_HOME/anthropic"), *files("active_config", "configs")),  # whom it asks
    *files("/etc/claude-code"),
    *SHELLS,
)
ABOVE = (".claude", ".mcp.json", "CLAUDE.md", "CLAUDE.local.md", "AGENTS.md")


class Claude(Backend):
    programs = ("claude",)
    env = (
        "ANTHROPIC_*",
        "CLAUDE_CODE_MAX_OUTPUT_TOKENS",
        "CLAUDE_CODE_OAUTH_TOKEN",
        "CLAUDE_CODE_USE_BEDROCK",
        "CLAUDE_CODE_USE_VERTEX",
        "CLAUDE_CONFIG_DIR",
        "IS_SANDBOX",
    )
    credentials = (
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
        "CLAUDE_CODE_OAUTH_TOKEN",
        "CLAUDE_CODE_USE_BEDROCK",
        "CLAUDE_CODE_USE_VERTEX",
        "$CLAUDE_CONFIG_DIR/.credentials.json",
        "~/.claude/.credentials.json",
    )
    supports_resume = True
    supports_effort = True
    outside = OUTSIDE
    above = ABOVE
    tested = TESTED["@anthropic-ai/claude-code"]
    sandbox = "none: its permissions say what it may run"
    isolates = True
    tree_settings = tuple(_FROM_A_PATH)

    def answer(self, access: Access) -> Answer:
        return Answer.FORM if access is Access.READ else Answer.FILE

    def command(self, order: Order) -> Call:
        model = ("--model", order.model) if order.model else ()
        effort = ("--effort", order.effort) if order.effort else ()
        resume = ("--resume", order.session) if order.session else ()
        return Call(
            argv=(
                order.program,
                *_TALK,
                *model,
                *effort,
                *resume,
                *_form(order),
                *_folders(order),
                *order.args,
                *_isolation(order),  # behind them: the last word counts
                *_permissions(order),
            ),
            env=_QUIET,
            stdin=order.prompt,
        )

    def read(self, line: str) -> tuple[AgentEvent, ...]:
        entry = parse_object(line) or {}
        events: tuple[AgentEvent, ...] = ()
        match entry:
            case {"type": "system", "subtype": "init", "session_id": session_id}:
                events = started(session_id)
            case {"type": "assistant", "error": str(error)}:
                events = (Failed(kind=_api_kind(entry, error), message=_first_text(entry) or one_line(error)),)
            case {"type": "assistant", "message": {"content": list(blocks)}}:
                events = tuple(_blocks(blocks))
            case {"type": "result", "is_error": True}:
                events = (*_usage(entry), _failed(entry))
            case {"type": "result", "is_error": False}:
                events = (*_usage(entry), _finished(entry))
        return events

    def explain(self, exit_code: int | None, stderr: str) -> Failed | None:
        failed = explain_exit(exit_code, stderr)
        # Its own check of the command line is all that it says before there is a conversation.
        complaint = re.search(r"^(error: |Error: --|Error: Input must be provided).*", stderr, re.MULTILINE)
        if failed is None or failed.kind is not FailureKind.UNKNOWN or complaint is None:
            return failed
        return Failed(kind=FailureKind.CONFIG, message=one_line(complaint[0]))


CLAUDE = Claude()


def _permissions(order: Order) -> tuple[str, ...]:
    """Let it run commands and edit, or look; a person who names a mode gets that one."""
    allowed = _WRITES if order.access is Access.WRITE else _READS
    own = any(_OWN_PERMISSIONS.fullmatch(argument) for argument in order.args)
    return allowed[2:] if own else allowed


def _isolation(order: Order) -> tuple[str, ...]:
    """Keep what the tree says from being settings: who reads gets none, who writes those of the run's base."""
    if order.access is Access.READ:
        return (*_OWN_SETTINGS, *_NO_SERVERS)
    given = ((flag, order.base_settings.get(name)) for name, flag in _FROM_A_PATH.items())
    return (*_OWN_SETTINGS, *(part for flag, path in given if path is not None for part in (flag, str(path))))


def _folders(order: Order) -> tuple[str, ...]:
    outside = order.access is Access.WRITE and not order.report.is_relative_to(order.cwd)
    return ("--add-dir", str(order.report.parent)) if outside else ()


def _form(order: Order) -> tuple[str, ...]:
    """Ask for a last message in the form of the document."""
    if order.answer is not Answer.FORM:
        return ()
    form = json.dumps(read_schema(order.schema), ensure_ascii=False, separators=(",", ":"))
    if len(form.encode()) > _ARGUMENT_LIMIT:
        raise BackendError(
            f"{order.schema.name} is too long to be an argument of claude", hint="shorten its descriptions"
        )
    return ("--json-schema", form)


def _blocks(blocks: list[Any]) -> Iterator[AgentEvent]:
    for block in blocks:
        match block:
            case {"type": "text", "text": str(text)}:
                yield Said(clean(text))
            case {"type": "tool_use", "name": str(name), **rest}:
                yield UsedTool(one_line(name, 80), tool_detail(rest.get("input")))
            case _:
                pass


def _first_text(event: dict[str, Any]) -> str:
    match event:
        case {"message": {"content": [{"type": "text", "text": str(text)}, *_]}}:
            return one_line(text, 500)
        case _:
            return ""


def _finished(result: dict[str, Any]) -> Finished:
    text = result.get("result")
    return Finished(text=clean(text) if isinstance(text, str) else None, structured=result.get("structured_output"))


def _failed(result: dict[str, Any]) -> Failed:
    errors = result.get("errors")
    said = (result.get("result"), *(errors if isinstance(errors, list) else ()))
    message = next((text for text in said if isinstance(text, str) and text), "it failed without a reason")
    return Failed(kind=_end_kind(result, message), message=one_line(message, 500))


def _end_kind(result: dict[str, Any], message: str) -> FailureKind:
    end = result.get("terminal_reason")
    if message.startswith(_NO_SESSION):
        return FailureKind.SESSION
    if result.get("stop_reason") == "refusal" or str(result.get("subtype")).startswith("error_max_"):
        return FailureKind.PERMANENT
    known = _END_KINDS.get(end, FailureKind.UNKNOWN) if isinstance(end, str) else FailureKind.UNKNOWN
    return _api_kind(result, "") if known is FailureKind.UNKNOWN else known


def _api_kind(event: dict[str, Any], error: str) -> FailureKind:
    """Return the kind of a failed call of the API: its status decides, without one the program's word for it."""
    status = count(event.get("api_error_status"))
    if status is None:
        fallback = FailureKind.PERMANENT if error else FailureKind.UNKNOWN
        return _ERROR_KINDS.get(error, fallback)
    if status == _TOO_MANY and event.get("api_error_type") == "insufficient_quota":
        return FailureKind.QUOTA
    return status_kind(status)


def _usage(result: dict[str, Any]) -> tuple[Usage, ...]:
    """Return what this run used; input counts what was read from and written to the cache too."""
    since = result.get("model_usage_since_last_result")
    models = [entry for entry in since.values() if isinstance(entry, dict)] if isinstance(since, dict) else []
    if models:
        return (
            Usage(
                input_tokens=_total(models, "inputTokens", "cacheReadInputTokens", "cacheCreationInputTokens"),
                cached_tokens=_total(models, "cacheReadInputTokens"),
                output_tokens=_total(models, "outputTokens"),
                reasoning_tokens=_total(models, "thinkingTokens"),
                cost_usd=_cost(models),
            ),
        )
    usage = result.get("usage")
    if result.get("is_error") or not isinstance(usage, dict):  # a failed run reports zeros although money was spent
        return ()
    return (
        Usage(
            input_tokens=_total([usage], "input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"),
            cached_tokens=count(usage.get("cache_read_input_tokens")),
            output_tokens=count(usage.get("output_tokens")),
        ),
    )


def _total(entries: list[dict[str, Any]], *keys: str) -> int | None:
    counts = [count(entry.get(key)) for entry in entries for key in keys]
    return None if None in counts else sum(number for number in counts if number is not None)


def _cost(models: list[dict[str, Any]]) -> float | None:
    costs = [amount(entry.get("costUSD")) for entry in models]
    return None if None in costs else sum(cost for cost in costs if cost is not None)
