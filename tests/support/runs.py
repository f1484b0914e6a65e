"""Whole runs: the real command as a process, in a real repository, with agents that follow a script.

    stage = Stage.set_up(tmp_path, worker=[works()], reviewer=[approves()])
    result = stage.run("--auto-dispatch")           # or: process = stage.start(...); process.send_signal(...); stage.end(process)
    assert result.code == 0
    nothing_left(stage)

`worker` and `reviewer` are lists of calls, each a list of the steps that backends/standin.py knows, or a map from the
round ("1", "2", "*") to the steps. Every process of a stage carries the stage's own XDG_CACHE_HOME, loop's agents
included: by that mark what was left behind is found.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from loop_kit.errors import EXIT_CODES, Outcome
from tests.support.repos import git, make_repo

LOOP = (sys.executable, "-P", "-E", "-m", "loop_kit")
PATIENCE = 60.0  # seconds: what takes longer has failed
TEMPORARY = (".*.tmp", "*/.*.tmp", "archive/*/.*.tmp")  # what bus/atomic.py writes before it renames
CONFIG = """\
[run]
auto_dispatch = true
worker_backend = "script"
reviewer_backend = "script"
dispatch_retry_base_sec = 0.01

[backends.script]
script = "script.json"
"""
FILES = {"app.txt": "one\n", "README.md": "A repository for tests.\n"}
CARD: dict[str, Any] = {"task_id": "T-1", "goal": "app.txt says two.", "acceptance_criteria": ["app.txt says two."]}
ISSUE = {"severity": "high", "file": "app.txt", "reason": "It says something else.", "required_change": "Say two."}

Steps = list[dict[str, Any]]
Calls = list[Steps] | dict[str, Steps]


def works(content: str = "two\n", *, path: str = "app.txt", report: Mapping[str, Any] | None = None) -> Steps:
    """Edit a file, commit it and report so."""
    return [{"edit": {path: content}}, {"commit": f"Write {path}"}, {"report": dict(report or {})}]


def approves(*suggestions: str) -> Steps:
    return [{"report": {"decision": "approve", "blocking_issues": [], "non_blocking_suggestions": list(suggestions)}}]


def objects(*issues: Mapping[str, Any]) -> Steps:
    verdict = {"decision": "changes_required", "blocking_issues": [*issues] or [ISSUE], "non_blocking_suggestions": []}
    return [{"report": verdict}]


@dataclass(frozen=True, kw_only=True)
class Result:
    """How the command ended, and the bus as it was right after. `state` and `summary` are None when they are absent."""

    code: int
    out: str
    err: str
    state: dict[str, Any] | None
    summary: dict[str, Any] | None
    feed: list[dict[str, Any]]

    @property
    def standing(self) -> dict[str, Any]:
        """Return the state, which has to be there."""
        assert self.state is not None, f"there is no state.json; stderr: {self.err}"
        return self.state

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the data of every event of that name, oldest first."""
        return [line["data"] for line in self.feed if line["event"] == name]


@dataclass(kw_only=True)
class Stage:
    """A repository with a bus, a card and a script."""

    root: Path
    bus: Path
    cache: Path
    env: dict[str, str] = field(default_factory=dict)
    started: list["subprocess.Popen[str]"] = field(default_factory=list)
    may_tear: bool = False  # whether a process of this stage is killed while it writes to the feed
    program: Sequence[str] = LOOP
    patience: float = PATIENCE
    popen: Callable[..., "subprocess.Popen[str]"] = subprocess.Popen  # what makes a process of a program and its words
    may_quote: bool = False  # whether a check of this stage prints tracebacks, which loop quotes, indented
    words: tuple[str, ...] = ()  # what stands before every command

    @classmethod
    def set_up(
        cls,
        folder: Path,
        *,
        worker: Calls | None = None,
        reviewer: Calls | None = None,
        files: Mapping[str, str | bytes] | None = None,
        card: Mapping[str, Any] | None = None,
        config: str = "",
    ) -> "Stage":
        """Make everything below `folder`. `card` holds fields to add or replace; `config` is appended to CONFIG."""
        root = make_repo(folder / "repo", FILES if files is None else files)
        stage = cls(root=root, bus=root / ".loop", cache=folder / "cache")
        stage.bus.mkdir()
        (stage.bus / ".gitignore").write_text("*\n", encoding="utf-8")
        stage.configure(CONFIG + config)
        stage.put_card({**CARD, **(card or {})})
        stage.play(worker, reviewer)
        return stage

    def on_bus_of(self, task_id: str) -> "Stage":
        """Return the same repository and agents with every command told to use the bus of that task."""
        return replace(self, bus=self.bus / "runs" / task_id, words=("--loop-dir", f".loop/runs/{task_id}"))

    @property
    def script(self) -> Path:
        return (self.bus.parent.parent if self.words else self.bus) / "script.json"

    @property
    def state_home(self) -> Path:
        return self.cache.with_name("state")

    def play(self, worker: Calls | None = None, reviewer: Calls | None = None) -> None:
        """Let the agents follow another script; calls of a role that were made before still count."""
        script = {"worker": [works()] if worker is None else worker}
        script["reviewer"] = [approves()] if reviewer is None else reviewer
        self.script.write_text(json.dumps(script), encoding="utf-8")

    def forget_calls(self) -> None:
        """Count calls from one again, as when the script is another one."""
        for path in self.script.with_name(f"{self.script.name}.calls").glob("*"):
            path.unlink()

    def configure(self, text: str) -> None:
        (self.bus / "config.toml").write_text(text, encoding="utf-8")

    def put_card(self, document: Any) -> None:
        (self.bus / "task_card.json").write_text(json.dumps(document), encoding="utf-8")

    def environment(self, env: Mapping[str, str] | None = None) -> dict[str, str]:
        places = {"XDG_CACHE_HOME": str(self.cache), "XDG_STATE_HOME": str(self.state_home)}
        return {**os.environ, **self.env, **places, **(env or {})}

    def run(self, *args: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Result:
        """Let `loop run ARGS` come to its end."""
        return self.end(self.start("run", *args, env=env, cwd=cwd))

    def loop(self, *args: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Result:
        """Let any command come to its end: `stage.loop("status", "--json")`."""
        return self.end(self.start(*args, env=env, cwd=cwd))

    def start(
        self,
        *args: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        program: Sequence[str] | None = None,
    ) -> "subprocess.Popen[str]":
        """Start `loop ARGS` in a session of its own, to be signalled; hand it to `end` afterwards."""
        process = self.popen(
            [*(program or self.program), *self.words, *args],
            cwd=cwd or self.root,
            env=self.environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="backslashreplace",
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def end(self, process: "subprocess.Popen[str]", *, seconds: float = 0.0) -> Result:
        """Wait for a started command and return how it ended; no traceback may ever be on its stderr."""
        seconds = seconds or self.patience
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.kill_all()
            out, err = process.communicate()
            raise AssertionError(f"loop did not end in {seconds:g} s; stderr: {err}") from None
        assert ("\nTraceback" if self.may_quote else "Traceback") not in f"\n{err}", err
        return self.look(code=process.returncode, out=out, err=err)

    def look(self, *, code: int = 0, out: str = "", err: str = "") -> Result:
        """Return the bus as it is now."""
        return Result(
            code=code, out=out, err=err, state=self.read("state"), summary=self.read("summary"), feed=self.feed()
        )

    def read(self, kind: str) -> dict[str, Any] | None:
        """Return a document of the bus, None when it is absent or no JSON object."""
        path = self.bus / f"{kind}.json"
        with suppress(OSError, ValueError):
            document = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
            return document if isinstance(document, dict) else None
        return None

    def feed(self) -> list[dict[str, Any]]:
        """Return the whole lines of the feed."""
        with suppress(OSError):
            lines = (self.bus / "logs/feed.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
            return [json.loads(line) for line in lines if line.endswith("\n") and not (self.may_tear and _torn(line))]
        return []

    def calls(self, role: str) -> list[dict[str, Any]]:
        """Return what each paid call of a role was told, oldest first: prompt, round, argv, cwd, env."""
        folder = self.script.with_name(f"{self.script.name}.calls")
        return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob(f"{role}-*.json"))]

    @property
    def paid(self) -> tuple[int, int]:
        """Return how many calls of the worker and of the reviewer were paid."""
        return len(self.calls("worker")), len(self.calls("reviewer"))

    def archived(self, run_name: str = "T-1") -> list[str]:
        return sorted(path.name for path in (self.bus / "archive" / run_name).glob("*"))

    def git(self, *args: str, ok: tuple[int, ...] = (0,)) -> str:
        return git(self.root, *args, ok=ok)

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def refs(self) -> dict[str, str]:
        """Return every ref below refs/loop/ with the object it names."""
        lines = self.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/loop").splitlines()
        return {name: sha for name, _, sha in (line.partition(" ") for line in lines)}

    def pins(self) -> dict[str, str]:
        """Return those refs that hold a commit: not the claim of a place, nor what anchors the log."""
        blobs = ("/r0/run", "/log")
        return {
            name: sha for name, sha in self.refs().items() if not name.endswith(blobs) and "/older/log-" not in name
        }

    def leftovers(self) -> dict[int, str]:
        """Return pid and command line of every live process of this stage: loop's, its agents' and their helpers'."""
        mark = b"XDG_CACHE_HOME=" + os.fsencode(self.cache)
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    found[int(folder.name)] = command.strip()
        return found

    def kill_all(self) -> None:
        """End what is left of this stage, so that a failing test leaves nothing running."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
        for pid in self.leftovers():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _torn(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return True
    return False


@contextmanager
def clearing(stage: Stage) -> Iterator[Stage]:
    """Kill at the end whatever of the stage is still alive; for tests that start what may not end."""
    try:
        yield stage
    finally:
        stage.kill_all()
        for process in stage.started:  # what nobody waited for would be noticed in some other test
            process.wait()
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()


def wait_until(fact: Callable[[], Any], what: str, *, seconds: float = PATIENCE) -> Any:
    """Return the first true value of `fact()`; the test fails when none comes in time."""
    until = time.monotonic() + seconds
    while not (found := fact()):
        assert time.monotonic() < until, f"waited {seconds:g} s in vain: {what}"
        time.sleep(0.01)
    return found


def nothing_left(stage: Stage, *, processes: bool = True, apart: Sequence[Path] = ()) -> None:
    """Fail when a process, a worktree, a scratch folder, a temp file, an outbox or a heartbeat was left behind.

    `apart` names worktrees that the test made itself.
    """
    if processes:
        with suppress(AssertionError):  # a process that was killed needs a moment until it is gone
            wait_until(lambda: not stage.leftovers(), "the end of all processes", seconds=2.0)
        assert stage.leftovers() == {}, "processes were left behind"
    known = {str(stage.root), *map(str, apart)}
    listed = stage.git("worktree", "list", "--porcelain", "-z").split("\0")
    worktrees = [line.removeprefix("worktree ") for line in listed if line.startswith("worktree ")]
    assert [path for path in worktrees if path not in known] == [], "a worktree was left"
    scratch = stage.cache / "loop-kit"
    assert not scratch.exists() or not list(scratch.iterdir()), "the scratch folder was left"
    trees = stage.state_home / "loop-kit" / "trees"
    assert not trees.exists() or not list(trees.iterdir()), "a tree of a run's own was left"
    assert [path for pattern in TEMPORARY for path in stage.bus.glob(pattern)] == [], "temp files were left on the bus"
    runtime = stage.bus / "runtime"
    assert not runtime.exists() or not list(runtime.iterdir()), f"left in runtime/: {list(runtime.iterdir())}"


def ended(stage: Stage, result: Result, code: int, *, says: str = "", paid: tuple[int, int]) -> None:
    """Fail unless the run ended as said, every file that tells of it agrees, and nothing was left behind."""
    assert (result.code, says in result.err + result.out) == (code, True), result.err
    assert stage.paid == paid, result.err
    standing = result.standing
    if standing["outcome"] is None:  # a single round that ended with changes required
        assert code == EXIT_CODES[Outcome.CHANGES_REQUIRED]
    else:
        assert EXIT_CODES[Outcome(standing["outcome"])] == code
        assert result.summary is not None
        assert (result.summary["outcome"], result.summary["exit_code"]) == (standing["outcome"], code)
        assert result.events("run_ended")[-1]["outcome"] == standing["outcome"]
    assert standing["error"] in result.err
    assert bool(standing["error"]) == (code not in (EXIT_CODES[Outcome.APPROVED], EXIT_CODES[Outcome.CHANGES_REQUIRED]))
    nothing_left(stage)
