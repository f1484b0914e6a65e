"""A stand-in for an agent: it follows a JSON script instead of thinking. It imports nothing of loop.

    python standin.py SCRIPT.json [--session ID]        < prompt

The script maps a role to the steps of its calls: a list (first call, second call, …) or an object by round ("1", "2",
"*"). Every call leaves a file in `SCRIPT.json.calls/` with what it was told, so that calls can be counted afterwards.
A step is an object whose first known key says what to do; docs/backends.md lists them. A step that fails ends the
program with a sentence on stderr and exit code 97 (the prompt or a file is not as expected), 98 (a command failed) or
96 (the script itself is wrong).
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BAD_SCRIPT, NOT_AS_EXPECTED, COMMAND_FAILED = 96, 97, 98
WAIT_AT_MOST = 30.0  # seconds


class ScriptProblem(Exception):  # noqa: N818  (it ends the program with a code of its own; it is not loop's error)
    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(kw_only=True)
class Play:
    """One call: what it was told, and the files it has touched so far."""

    role: str
    round: int
    task_id: str
    report: str
    prompt: str
    edited: list[str] = field(default_factory=list)
    failed: bool = False


def main(arguments: list[str]) -> int:
    script = Path(arguments[0])
    play = Play(
        role=os.environ.get("LOOP_ROLE", "worker"),
        round=int(os.environ.get("LOOP_ROUND", "1")),
        task_id=os.environ.get("LOOP_TASK_ID", ""),
        report=os.environ.get("LOOP_REPORT", ""),
        prompt=sys.stdin.buffer.read().decode("utf-8", "replace"),
    )
    try:
        call = record_call(script, play, arguments[1:])
        for step in choose(script, play, call):
            follow(play, step)
    except ScriptProblem as problem:
        print(f"standin: {problem}", file=sys.stderr, flush=True)
        return problem.code
    if not play.failed:
        emit({"event": "finished"})
    return 0


def record_call(script: Path, play: Play, arguments: list[str]) -> int:
    """Leave a whole file for this call and return which call of its role it is; two at once get two numbers."""
    folder = script.with_name(f"{script.name}.calls")
    folder.mkdir(exist_ok=True)
    entry = {
        "role": play.role,
        "round": play.round,
        "task_id": play.task_id,
        "prompt": play.prompt,
        "argv": arguments,
        "cwd": str(Path.cwd()),
        "report": play.report,
        "pid": os.getpid(),
        "env": sorted(os.environ),
    }
    draft = folder / f".{os.getpid()}.{time.monotonic_ns()}"
    text = json.dumps(entry, ensure_ascii=False, indent=2) + "\n"
    draft.write_text(text, encoding="utf-8", errors="backslashreplace")  # a path need not be UTF-8
    number = 1
    while True:
        try:
            os.link(draft, folder / f"{play.role}-{number:03}.json")
        except FileExistsError:
            number += 1
        else:
            draft.unlink()
            return number


def choose(script: Path, play: Play, call: int) -> list[Mapping[str, Any]]:
    try:
        part = json.loads(script.read_text(encoding="utf-8"))[play.role]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ScriptProblem(BAD_SCRIPT, f"{script} has no readable part for the {play.role}: {error!r}") from None
    steps = None
    if isinstance(part, list) and call <= len(part):
        steps = part[call - 1]
    elif isinstance(part, dict):
        steps = part.get(str(play.round), part.get("*"))
    if not isinstance(steps, list):
        raise ScriptProblem(
            BAD_SCRIPT, f"{script} has no steps for call {call} of the {play.role} in round {play.round}"
        )
    return steps


def follow(play: Play, step: Mapping[str, Any]) -> None:
    verb = next((key for key in step if key in STEPS), None)
    if verb is None:
        raise ScriptProblem(BAD_SCRIPT, f"no known step in {json.dumps(step)[:200]}")
    try:
        STEPS[verb](play, step)
    except (AttributeError, KeyError, OSError, TypeError, ValueError) as error:
        raise ScriptProblem(BAD_SCRIPT, f"the step {json.dumps(step)[:200]} cannot be done: {error!r}") from None


def emit(event: Mapping[str, Any]) -> None:
    print(json.dumps(event), flush=True)  # ASCII, whatever the locale


def listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


# What it can do with the prompt and the files


def expect(play: Play, step: Mapping[str, Any]) -> None:
    for text in listed(step["expect"]):
        if text not in play.prompt:
            raise ScriptProblem(NOT_AS_EXPECTED, f"the prompt does not say {text!r}")


def expect_not(play: Play, step: Mapping[str, Any]) -> None:
    for text in listed(step["expect_not"]):
        if text in play.prompt:
            raise ScriptProblem(NOT_AS_EXPECTED, f"the prompt says {text!r}")


def edit(play: Play, step: Mapping[str, Any]) -> None:
    mode = "w" if "edit" in step else "a"
    for name, content in step["edit" if "edit" in step else "append"].items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open(mode, encoding="utf-8") as file:
            file.write(content)
        play.edited.append(name)
        emit({"event": "tool", "name": "edit", "detail": name})


def delete(play: Play, step: Mapping[str, Any]) -> None:
    for name in listed(step["delete"]):
        path = Path(name)
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        play.edited.append(name)


def touch(_play: Play, step: Mapping[str, Any]) -> None:
    Path(step["touch"]).touch()


# What it can do with programs and git


def execute(argv: list[str]) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable if part == "{python}" else part for part in argv]
    emit({"event": "tool", "name": "run", "detail": " ".join(argv)})
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError as error:
        raise ScriptProblem(COMMAND_FAILED, f"{argv} cannot be started: {error.strerror}") from None


def run(_play: Play, step: Mapping[str, Any]) -> None:
    done = execute(step["run"])
    if done.returncode not in step.get("ok_codes", [0]):
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
        raise ScriptProblem(COMMAND_FAILED, f"{step['run']} ended with {done.returncode}: {said}")


def commit(play: Play, step: Mapping[str, Any]) -> None:
    whole = "commit_all" in step
    message = step["commit_all" if whole else "commit"]
    run(play, {"run": ["git", "add", "--all", *([] if whole else ["--", *play.edited])]})
    run(play, {"run": ["git", "commit", "--quiet", "--message", message if isinstance(message, str) else "Work"]})


# What it can hand in


def report(play: Play, step: Mapping[str, Any]) -> None:
    """Write a report where `to` says, or `raw` text as it is; what it lacks is filled in unless `without` names it."""
    filled = {"task_id": play.task_id, "round": play.round}
    if "raw" not in step and "decision" not in (step.get("report") or {}):  # a report of work
        head = execute(["git", "rev-parse", "HEAD"]).stdout.decode().strip()
        filled |= {"head_sha": head, "files_changed": sorted(set(play.edited))}
    left_out = step.get("without", ())
    document = {key: value for key, value in filled.items() if key not in left_out} | (step.get("report") or {})
    text = step.get("raw", json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    target = step.get("to", "outbox")
    if target == "stdout":
        emit({"event": "said", "text": text if "raw" in step else f"Here it is.\n```json\n{text}```"})
        return
    path = Path(play.report if target == "outbox" else target)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def decide(play: Play, step: Mapping[str, Any]) -> None:
    """Run a command in the tree: its exit code decides about the tree, as a reviewer should."""
    rule = step["decide"]
    done = execute(rule["run"])
    issue = {
        "severity": "high",
        "file": "",
        "reason": f"{' '.join(rule['run'])} ended with {done.returncode}",
        "required_change": "Make it succeed.",
    }
    approved = done.returncode == rule.get("approve_if", 0)
    verdict = {
        "decision": "approve" if approved else "changes_required",
        "blocking_issues": [] if approved else rule.get("issues", [issue]),
        "non_blocking_suggestions": rule.get("suggestions", []),
    }
    report(play, {**{key: value for key, value in step.items() if key != "decide"}, "report": verdict})


# How it can behave


def fail(play: Play, step: Mapping[str, Any]) -> None:
    emit({"event": "failed", **step["fail"]})
    play.failed = True


def show(_play: Play, step: Mapping[str, Any]) -> None:
    for _ in range(step.get("repeat", 1)):
        sys.stdout.buffer.write(step["print"].encode())
    sys.stdout.buffer.flush()


def show_bytes(_play: Play, step: Mapping[str, Any]) -> None:
    sys.stdout.buffer.write(bytes.fromhex(step["print_bytes"]))
    sys.stdout.buffer.flush()


def wait_for(_play: Play, step: Mapping[str, Any]) -> None:
    deadline = time.monotonic() + WAIT_AT_MOST
    while not Path(step["wait_for"]).exists():
        if time.monotonic() > deadline:
            raise ScriptProblem(NOT_AS_EXPECTED, f"{step['wait_for']} did not appear")
        time.sleep(0.01)


def hold_stdout(_play: Play, step: Mapping[str, Any]) -> None:
    """Leave a process behind that keeps standard output open after this program is gone."""
    if os.fork() == 0:
        time.sleep(step["hold_stdout"])
        os._exit(0)


def close_stdout(_play: Play, _step: Mapping[str, Any]) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def daemon(_play: Play, step: Mapping[str, Any]) -> None:
    """Leave a process behind that is nobody's child, in a session of its own; it may write files when its time is over."""
    middle = os.fork()
    if middle:
        os.waitpid(middle, 0)
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    try:
        haunt(step["daemon"])
    finally:
        os._exit(0)  # or this process would go on with the script


def haunt(wanted: Mapping[str, Any]) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    if "pid_file" in wanted:
        Path(wanted["pid_file"]).write_text(str(os.getpid()), encoding="utf-8")
    time.sleep(wanted.get("seconds", 60))
    for name, content in wanted.get("write", {}).items():
        Path(name).write_text(content, encoding="utf-8")


def leave(_play: Play, step: Mapping[str, Any]) -> None:
    raise SystemExit(step["exit"])


STEPS: Mapping[str, Callable[[Play, Mapping[str, Any]], object]] = {
    "expect": expect,
    "expect_not": expect_not,
    "edit": edit,
    "append": edit,
    "delete": delete,
    "touch": touch,
    "run": run,
    "commit": commit,
    "commit_all": commit,
    "report": report,
    "raw": report,
    "decide": decide,
    "session": lambda _play, step: emit({"event": "session", "id": step["session"]}),
    "said": lambda _play, step: emit({"event": "said", "text": step["said"]}),
    "usage": lambda _play, step: emit({"event": "usage", **step["usage"]}),
    "finished": lambda _play, step: emit({"event": "finished", **step["finished"]}),
    "fail": fail,
    "print": show,
    "print_bytes": show_bytes,
    "stderr": lambda _play, step: print(step["stderr"], file=sys.stderr, flush=True),
    "sleep": lambda _play, step: time.sleep(step["sleep"]),
    "wait_for": wait_for,
    "hold_stdout": hold_stdout,
    "close_stdout": close_stdout,
    "daemon": daemon,
    "ignore_sigterm": lambda _play, _step: signal.signal(signal.SIGTERM, signal.SIG_IGN),
    "signal": lambda _play, step: os.kill(os.getpid(), step["signal"]),
    "exit": leave,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
