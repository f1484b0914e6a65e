"""Codex CLI, `codex exec`. Measured with the versions in `tested`.

Its sandbox holds `.git` read-only, so a worker is granted git's folders one by one; it counts tokens over the whole
session; and its `error` events are not the end, only `turn.completed` and `turn.failed` are. An unknown session *name*
silently starts a new thread: the caller compares the id that is printed with the one it asked for.
"""

import json
import re
from pathlib import Path
from typing import Any

from loop_kit.backends.answer_schema import read_schema, strict_schema, without_nulls
from loop_kit.backends.base import Backend, Call, Order, clear_scratch, write_scratch
from loop_kit.backends.ending import explain_exit, find_document, last_line, status_kind
from loop_kit.backends.fields import clean, count, one_line, started
from loop_kit.backends.jsontext import parse_object
from loop_kit.backends.outside import SHELLS, Source, SourceFormat, files, in_each
from loop_kit.backends.tested import TESTED
from loop_kit.backends.tree import files_named, main_tree
from loop_kit.model.agent_events import AgentEvent, Failed, FailureKind, Finished, Said, Usage, UsedTool
from loop_kit.model.roles import Access, Answer

_TALK = ("exec", "--json")
_QUIET = (
    "--disable",
    "unbounded_connection_retries",  # else it waits for a network for ever
    "-c",
    "analytics.enabled=false",  # else it waits 5 s at the end for a service that may not be there
    "-c",
    "shell_environment_policy.ignore_default_excludes=false",  # its own key stays out of the model's shell
)
_NO_INSTRUCTIONS = ("-c", "project_doc_max_bytes=0")
_SKILLS = (".agents/skills", ".codex/skills")
_OWN_SANDBOX = re.compile(r"-s|--sandbox(=.*)?|--full-auto|--yolo|--dangerously-bypass-approvals-and-sandbox")
_WRONG_FLAG = 2

# What `turn.failed` says is prose; these beginnings are its only vocabulary. Anything else is the service's own refusal
# (400, 404).
_FAILURES: tuple[tuple[str, FailureKind], ...] = (
    ("Missing environment variable:", FailureKind.CONFIG),
    ("Quota exceeded", FailureKind.QUOTA),
    ("You've hit your usage limit", FailureKind.QUOTA),
    ("We're currently experiencing high demand", FailureKind.TRANSIENT),
    ("Selected model is at capacity", FailureKind.TRANSIENT),
    ("stream disconnected before completion", FailureKind.TRUNCATED),
    ("Connection failed", FailureKind.TRANSIENT),
    ("Codex ran out of room", FailureKind.SESSION),  # the thread is full; a fresh one is not
)
_STATUS = re.compile(r"(?:unexpected status|exceeded retry limit, last status:) (\d{3})\b")
# What it reads outside of a tree, however it is driven. It notes by itself which folders it trusts and what
# it has told the person; what it has been told not to trust is said in its command line.
_NOTED = Source(
    "config.toml",
    SourceFormat.TOML,
    but=(
        *(
            "projects",
            "notice",
            "tui",
            "history",
            "model",
            "model_reasoning_*",
            "personality",
            "file_opener",
            "analytics",
        ),
        *("feedback", "check_for_update_on_startup", "hide_*", "show_*", "marketplaces.*.last_updated"),
    ),
)
OUTSIDE = (
    *in_each(
        ("~/.codex", "$CODEX_HOME"),
        _NOTED,
        *files(
            "hooks.json",
            "rules",
            "agents",
            "prompts",
            "managed_config.toml",
            "requirements.toml",
            ".env",
            "environments.toml",
        ),
        *files("AGENTS.md", "AGENTS.override.md", "plugins/cache"),
        Source("skills", but=(".system",)),  # it puts skills of its own there
    ),
    *files("~/.agents", "/etc/codex"),
    *SHELLS,
)
ABOVE = (".codex", ".agents", "AGENTS.md", "AGENTS.override.md")


class Codex(Backend):
    programs = ("codex",)
    env = ("OPENAI_*", "CODEX_API_KEY", "CODEX_HOME")
    credentials = ("CODEX_API_KEY", "OPENAI_API_KEY", "$CODEX_HOME/auth.json", "~/.codex/auth.json")
    supports_resume = True
    supports_effort = True
    outside = OUTSIDE
    above = ABOVE
    tested = TESTED["@openai/codex"]
    sandbox = "its own: a worker writes its tree and git's folders, a reviewer nothing"
    isolates = True
    tree_settings = ()

    def answer(self, access: Access) -> Answer:
        return Answer.FORM if access is Access.READ else Answer.FILE

    def command(self, order: Order) -> Call:
        answer = _answer_path(order)
        clear_scratch(answer)  # codex leaves it as it is when a turn fails, and an old answer is no answer
        model = ("-m", order.model) if order.model else ()
        effort = ("-c", f"model_reasoning_effort={json.dumps(order.effort)}") if order.effort else ()
        resume = ("resume", order.session) if order.session else ()
        return Call(
            argv=(
                *(order.program, *_TALK, "-C", str(order.cwd)),
                *_sandbox(order),
                *_QUIET,
                *model,
                *effort,
                *_form(order),
                *order.args,
                *_isolation(order),  # behind them: the last word counts
                *("-o", str(answer)),
                *resume,
                "-",
            ),
            stdin=order.prompt,
        )

    def read(self, line: str) -> tuple[AgentEvent, ...]:
        entry = parse_object(line) or {}
        events: tuple[AgentEvent, ...] = ()
        match entry.get("type"), entry.get("item"):
            case "item.completed", {"type": "agent_message", "text": str(text)}:
                events = (Said(clean(text)),)
            case "item.started", {"type": "command_execution", "command": str(command)}:
                events = (UsedTool("shell", one_line(command)),)
            case "item.completed", {"type": "file_change" | "mcp_tool_call" | "web_search" as tool}:
                events = (UsedTool(tool),)
            case "thread.started", _:
                events = started(entry.get("thread_id"))
            case "turn.completed", _:
                events = (*_usage(entry.get("usage")), Finished())
            case "turn.failed", _:
                events = (_failed(entry.get("error")),)
        return events

    def explain(self, exit_code: int | None, stderr: str) -> Failed | None:
        failed = explain_exit(exit_code, stderr)
        if failed is None or failed.kind is not FailureKind.UNKNOWN:
            return failed
        # Before a thread exists codex has only stderr to speak on; nothing that an agent says stands there at the start
        # of a line.
        if re.search(r"^Error: thread/resume: ", stderr, re.MULTILINE):
            return Failed(kind=FailureKind.SESSION, message=_error_line(stderr))
        if exit_code == _WRONG_FLAG or re.search(r"^Error loading config", stderr, re.MULTILINE):
            return Failed(kind=FailureKind.CONFIG, message=_error_line(stderr))
        return failed

    def document(self, order: Order, finished: Finished | None, said: str) -> Any | None:
        return without_nulls(find_document(finished, said, wrote=_answer_path(order)))


CODEX = Codex()


def _answer_path(order: Order) -> Path:
    return order.scratch / "last_message.txt"


def _sandbox(order: Order) -> tuple[str, ...]:
    """Let it write its tree and git's folders, or nothing; a person who names a sandbox gets that one."""
    own = any(_OWN_SANDBOX.fullmatch(argument) for argument in order.args)
    if order.access is Access.READ:
        return () if own else ("-s", "read-only")
    granted = tuple(part for folder in order.to_write for part in ("--add-dir", str(folder)))
    return granted if own else ("-s", "workspace-write", *granted)


def _isolation(order: Order) -> tuple[str, ...]:
    """Keep what the tree says from being settings: nothing of a repository that nobody trusts is loaded.

    It looks up the folder and then the main working tree, whatever a person has said of them in their own settings.
    """
    trees = dict.fromkeys(each for path in (order.cwd, main_tree(order.cwd)) for each in (path, path.resolve()))
    untrusted = ",".join(f'{json.dumps(str(tree), ensure_ascii=False)}={{trust_level="untrusted"}}' for tree in trees)
    return ("-c", f"projects={{{untrusted}}}", *_NO_INSTRUCTIONS, *_no_skills(order))


def _no_skills(order: Order) -> tuple[str, ...]:
    """Switch off the skills of the tree, one by one: it takes up any that a prompt names, and a change may name one."""
    found = {str(path) for place in _SKILLS for path in files_named("SKILL.md", order.cwd / place)}
    off = ",".join(f"{{path={json.dumps(path, ensure_ascii=False)},enabled=false}}" for path in sorted(found))
    return ("-c", f"skills.config=[{off}]") if found else ()


def _form(order: Order) -> tuple[str, ...]:
    """Ask for a last message in the form of the document."""
    if order.answer is not Answer.FORM:
        return ()
    strict = strict_schema(read_schema(order.schema))
    path = write_scratch(order.scratch / "answer.schema.json", json.dumps(strict, ensure_ascii=False))
    return ("--output-schema", str(path))


def _usage(usage: Any) -> tuple[Usage, ...]:
    if not isinstance(usage, dict):
        return ()
    tokens = Usage(
        input_tokens=count(usage.get("input_tokens")),
        cached_tokens=count(usage.get("cached_input_tokens")),
        output_tokens=count(usage.get("output_tokens")),
        reasoning_tokens=count(usage.get("reasoning_output_tokens")),
        cumulative=True,
    )
    # A turn that is done has read something: zeros mean that codex did not count, and unknown is not zero.
    return (tokens,) if tokens.input_tokens else ()


def _failed(error: Any) -> Failed:
    message = error.get("message") if isinstance(error, dict) else None
    if not isinstance(message, str):
        return Failed(kind=FailureKind.UNKNOWN, message="the turn failed without a reason")
    return Failed(kind=_kind(message.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")), message=one_line(message, 500))


def _kind(message: str) -> FailureKind:
    status = _STATUS.match(message)
    if status:
        return status_kind(int(status[1]))
    return next((kind for start, kind in _FAILURES if message.startswith(start)), FailureKind.PERMANENT)


def _error_line(stderr: str) -> str:
    """Return the line that says what was wrong; what follows it is advice on usage."""
    lines = (line for line in stderr[-4096:].splitlines() if line.lower().startswith("error"))
    return one_line(next(lines, "")) or last_line(stderr)
