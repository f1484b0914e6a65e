"""Gemini CLI, `gemini` with stream-json. Measured with the versions in `tested`.

Its result holds no text: the last message is put together from pieces. Its exit code is the service's status modulo
256, and the only sign of what went wrong where the message is the service's own. Told to end, it exits with 0 and
without a result, so no result means cut off. It tries a failing service again ten times, for three to four minutes:
only a settings file could turn that down, and beside the person's own it reads none that root does not own. What its
shell runs does not see the person's git settings, so the name for a commit has to stand in the environment.
"""

import re
from typing import Any

from loop_kit.backends.apart import git_variables, prompt_apart
from loop_kit.backends.base import Backend, Call, Order, write_scratch
from loop_kit.backends.ending import explain_exit, last_line, status_kind
from loop_kit.backends.fields import clean, count, one_line, seconds, started, tool_detail
from loop_kit.backends.jsontext import at_path, parse_object
from loop_kit.backends.outside import SHELLS, Source, SourceFormat, files, in_each
from loop_kit.backends.tested import TESTED
from loop_kit.errors import BackendError
from loop_kit.model.agent_events import AgentEvent, Failed, FailureKind, Finished, Said, Usage, UsedTool
from loop_kit.model.roles import Access, Answer

_TALK = ("--output-format", "stream-json", "--skip-trust")  # an untrusted folder ends it at once, and nobody is asked
_QUIET = {"GEMINI_CLI_NO_RELAUNCH": "true"}  # else it starts itself anew, and the launcher is deaf to signals
_OWN_APPROVAL = re.compile(r"-y|--yolo|(--approval-mode|--policy|--admin-policy|--allowed-tools)(=.*)?")
_PROMPT_LIMIT = 8 * 1024 * 1024  # bytes; it silently forgets the rest
# In the tier that a person's own policies do not outweigh. It splits compound commands and judges each part, and asks
# about redirections, which nobody answers.
_READ_ONLY = """\
[[rule]]
toolName = "*"
decision = "deny"
priority = 100

[[rule]]
toolName = ["read_file", "read_many_files", "list_directory", "glob", "grep_search"]
decision = "allow"
priority = 200

[[rule]]
toolName = "run_shell_command"
commandPrefix = ["git log", "git diff", "git show", "git status"]
decision = "allow"
priority = 200

[[rule]]
toolName = "run_shell_command"
commandRegex = ".*--output"
decision = "deny"
priority = 300
"""

_STATUSES = range(400 - 256, 512 - 256)  # its exit codes for HTTP statuses from 400
_CODES = {
    41: FailureKind.AUTH,
    42: FailureKind.CONFIG,  # what it was given makes no sense to it
    52: FailureKind.CONFIG,
    53: FailureKind.PERMANENT,  # the limit of turns
    55: FailureKind.CONFIG,  # a folder that is not trusted
}
# Its own words; whatever else it reports is the service's, and then the exit code tells more.
_FAILURES: tuple[tuple[str, FailureKind], ...] = (
    ("You have exhausted your daily quota on this model.", FailureKind.QUOTA),
    ("exception TypeError: fetch failed", FailureKind.TRANSIENT),
    ("Incomplete JSON segment at the end", FailureKind.TRUNCATED),
    ("Model stream ended with", FailureKind.TRUNCATED),  # "with empty …", "without …"; not "due to …"
)
_API_ERROR = re.compile(r"\[API Error: (.*)\]", re.DOTALL)
_RETRY = re.compile(r"(?:^Suggested retry after|\bPlease retry in) (\d[\d.]*?)(ms|s)\b", re.MULTILINE)
# What it prints when it has given up; the class of the error stands behind the path of its report.
_GONE = re.compile(
    r"^Error when talking to Gemini API Full report available at: \S+ ModelNotFoundError: ", re.MULTILINE
)
_NO_SESSION = re.compile(r"^Error resuming session: .*", re.MULTILINE)
_WRONG_FLAG = re.compile(r"^Unknown arguments?: .*", re.MULTILINE)
# What it reads outside of a tree, however it is driven. Whom it has met and which folders it trusts stands elsewhere.
_SETTINGS = Source(
    "settings.json",
    SourceFormat.JSON,
    but=(
        *("$schema", "$version", "ui", "privacy", "model", "output", "ide.hasSeenNudge", "security.auth.selectedType"),
        *("general.maxAttempts", "general.preferredEditor", "general.vimMode", "general.enable*", "general.session*"),
    ),
)
OUTSIDE = (
    *in_each(
        ("~/.gemini", "$GEMINI_CLI_HOME/.gemini"),
        _SETTINGS,
        Source("mcp-server-enablement.json", SourceFormat.JSON),
        Source("trusted_hooks.json", SourceFormat.JSON),
        Source("trustedFolders.json", SourceFormat.JSON, keys=("@",)),
        *files(
            "extensions", "policies", "commands", "agents", "skills", "hooks", "acknowledgments", ".env", "GEMINI.md"
        ),
    ),
    Source("$GEMINI_CLI_TRUSTED_FOLDERS_PATH", SourceFormat.JSON, keys=("@",)),
    *files("~/.node_modules", "~/.node_libraries"),  # where node looks for what is not installed
    *SHELLS,
    *files(
        "~/.agents", "~/.env", "/etc/gemini-cli", "$GEMINI_CLI_SYSTEM_SETTINGS_PATH", "$GEMINI_CLI_SYSTEM_DEFAULTS_PATH"
    ),
)
ABOVE = (".gemini", ".agents", ".env", "GEMINI.md")


class Gemini(Backend):
    programs = ("gemini",)
    env = (
        "GEMINI_*",
        "GOOGLE_API_KEY",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "GOOGLE_CLOUD_LOCATION",
        "GOOGLE_CLOUD_PROJECT",
        "GOOGLE_GEMINI_BASE_URL",
        "GOOGLE_GENAI_USE_GCA",
        "GOOGLE_GENAI_USE_VERTEXAI",
        "GOOGLE_VERTEX_BASE_URL",
    )
    credentials = (
        "GEMINI_API_KEY",
        "GOOGLE_API_KEY",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "$GEMINI_CLI_HOME/.gemini/oauth_creds.json",
        "~/.gemini/oauth_creds.json",
    )
    supports_resume = True
    outside = OUTSIDE
    above = ABOVE
    tested = TESTED["@google/gemini-cli"]
    sandbox = "none: its policy says what it may run"
    hides_git_settings = True
    isolates = True
    tree_settings = ()
    concludes = True

    def answer(self, access: Access) -> Answer:
        return Answer.TEXT if access is Access.READ else Answer.FILE

    def command(self, order: Order) -> Call:
        _check_prompt(order)
        model = ("-m", order.model) if order.model else ()
        resume = ("--resume", order.session) if order.session else ()
        # Folders and policies are lists, which take every word up to the next option.
        return Call(
            argv=(order.program, *_folders(order), *_TALK, *model, *resume, *order.args, *_permissions(order)),
            env={**_QUIET, **order.identity, **git_variables(order)},
            stdin=prompt_apart(order),
            apart=True,  # it takes variables and instructions from where it stands, and trusts no folder in part
        )

    def read(self, line: str) -> tuple[AgentEvent, ...]:
        entry = parse_object(line) or {}
        events: tuple[AgentEvent, ...] = ()
        match entry:
            case {"type": "init", "session_id": session_id}:
                events = started(session_id)
            case {"type": "message", "role": "assistant", "content": str(text)}:
                events = (Said(clean(text), more=entry.get("delta") is True),)
            case {"type": "tool_use", "tool_name": str(name)}:
                events = (UsedTool(one_line(name, 80), tool_detail(entry.get("parameters"))),)
            case {"type": "error", "severity": "error", "message": str(message)}:
                events = (_failed(message),)
            case {"type": "result", "status": "success"}:
                events = (*_usage(entry.get("stats")), Finished(said_last=True))
            case {"type": "result", "status": "error"}:
                events = (*_usage(entry.get("stats")), _failed(at_path(entry, "error.message")))
        return events

    def explain(self, exit_code: int | None, stderr: str) -> Failed | None:
        failed = explain_exit(exit_code, stderr)
        if failed is None or exit_code is None or failed.kind is not FailureKind.UNKNOWN:
            return failed
        if lost := _NO_SESSION.search(stderr):
            return Failed(kind=FailureKind.SESSION, message=one_line(lost[0]))
        if wrong := _WRONG_FLAG.search(stderr):
            return Failed(kind=FailureKind.CONFIG, message=one_line(wrong[0]))
        if _GONE.search(stderr):
            return Failed(kind=FailureKind.PERMANENT, message=failed.message)
        if exit_code in _STATUSES:
            status = exit_code + 256
            return Failed(kind=status_kind(status), message=f"status {status}: {last_line(stderr)}")
        return Failed(kind=_CODES.get(exit_code, failed.kind), message=failed.message)


GEMINI = Gemini()


def _check_prompt(order: Order) -> None:
    try:
        size = order.prompt.stat().st_size
    except OSError:  # whoever starts the program will say so
        return
    if size > _PROMPT_LIMIT:
        raise BackendError(
            f"{order.prompt.name} has {size} bytes, and gemini reads no more than {_PROMPT_LIMIT} of a prompt",
            hint="make the task card or its context shorter, or name another backend",
        )


def _folders(order: Order) -> tuple[str, ...]:
    """Let the tools of an agent that writes reach the tree, and the report when it lies outside of it."""
    if order.access is Access.READ:
        return ()
    outside = () if order.report.is_relative_to(order.cwd) else (str(order.report.parent),)
    return tuple(word for folder in (str(order.cwd), *outside) for word in ("--include-directories", folder))


def _permissions(order: Order) -> tuple[str, ...]:
    """Let it do everything, or look; a person who names a mode or a policy gets that one."""
    if any(_OWN_APPROVAL.fullmatch(argument) for argument in order.args):
        return ()
    if order.access is Access.WRITE:
        return ("--approval-mode", "yolo")
    policy = write_scratch(order.scratch / "reviewer.policy.toml", _READ_ONLY)
    return ("--approval-mode", "default", "--admin-policy", str(policy))


def _usage(stats: Any) -> tuple[Usage, ...]:
    if not isinstance(stats, dict):
        return ()
    read, total = count(stats.get("input_tokens")), count(stats.get("total_tokens"))
    if not read:  # a run that failed reports zeros, and unknown is not zero
        return ()
    # What it thought stands in the total alone.
    written = total - read if total is not None and total >= read else count(stats.get("output_tokens"))
    return (Usage(input_tokens=read, cached_tokens=count(stats.get("cached")), output_tokens=written),)


def _failed(message: Any) -> Failed:
    if not isinstance(message, str):
        return Failed(kind=FailureKind.UNKNOWN, message="it failed without a reason")
    api = _API_ERROR.match(message)
    reason = api[1] if api else message
    wait = _RETRY.search(reason)
    return Failed(
        kind=_kind(reason), message=one_line(_told(reason), 500), retry_after=_seconds(*wait.groups()) if wait else None
    )


def _kind(reason: str) -> FailureKind:
    status = count(at_path(parse_object(reason), "error.code"))
    if status is not None:
        return status_kind(status)
    return next((kind for start, kind in _FAILURES if reason.startswith(start)), FailureKind.UNKNOWN)


def _told(reason: str) -> str:
    told = at_path(parse_object(reason), "error.message")
    return told if isinstance(told, str) and told else reason


def _seconds(number: str, unit: str) -> float | None:
    wait = seconds(number)
    return wait / 1000 if wait is not None and unit == "ms" else wait
