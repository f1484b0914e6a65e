"""A repository and a bus where real programs work and review, with a home that was made for the run."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.agents.model_server import ModelServer
from tests.agents.programs import Program
from tests.agents.script import Judge, Play, Report, Run, Say, Turn, Write
from tests.support.runs import CARD, Result, Stage, clearing

PATIENCE = 280.0  # seconds: some of these programs need half a minute to start when the machine is busy
PERSON = "A Person"
GREETING, WRONG, RIGHT = "greeting.txt", "hallo", "hello"
ISSUE = {"severity": "high", "file": GREETING, "reason": "It is misspelt.", "required_change": "Spell it hello."}
VERDICT: dict[str, Any] = {"blocking_issues": [], "non_blocking_suggestions": []}
SCRIPTED = "script"
THERE = "cd <tree>"  # where the work is, which is not where each program is started


def works(text: str, *, first: Sequence[Turn] = (), also: Sequence[str] = ()) -> list[Turn]:
    """Write a file, commit it and report so; `also` names what was committed before."""
    return [*first, Write(f"<tree>/{GREETING}", f"{text}\n"), *commits_and_reports(f"Say {text}", also)]


def mends(text: str) -> list[Turn]:
    """Change the file in the shell, commit it and report so."""
    return [Run(f"{THERE} && echo {text} > {GREETING}"), *commits_and_reports(f"Say {text}")]


def commits_and_reports(message: str, also: Sequence[str] = ()) -> list[Turn]:
    report = {"head_sha": "<head>", "files_changed": [GREETING, *also], "notes": message, "tests": []}
    return [
        Run(f"{THERE} && git add {GREETING} && git commit --quiet -m '{message}' && git rev-parse HEAD"),
        Report(report),
        Say("Done."),
    ]


def approves() -> list[Turn]:
    return [Run(f"git show HEAD:{GREETING}"), Judge({**VERDICT, "decision": "approve"})]


def objects() -> list[Turn]:
    verdict = {**VERDICT, "decision": "changes_required", "blocking_issues": [ISSUE]}
    return [Run(f"git show HEAD:{GREETING}"), Judge(verdict)]


@dataclass(kw_only=True)
class LiveStage(Stage):
    """A stage whose roles are played by real programs."""

    home: Path

    @classmethod
    def furnish(cls, folder: Path, bin_folder: Path, server: ModelServer, **roles: Program | None) -> "LiveStage":
        """Make everything below `folder`; a role that is None follows the script, and the script approves."""
        made = Stage.set_up(folder, files={"README.md": "A repository for tests.\n"}, card=dict(CARD, goal="Greet."))
        stage = cls(root=made.root, bus=made.bus, cache=made.cache, home=folder / "home", patience=PATIENCE)
        # Their name stands where people have it, and not in the repository: some programs hide that file from git.
        settings = stage.home / ".gitconfig"
        stage.home.mkdir()
        settings.write_text(f"[user]\n\tname = {PERSON}\n\temail = person@example.invalid\n", encoding="utf-8")
        stage.git("config", "--remove-section", "user")
        stage.env = {"HOME": str(stage.home), "PATH": f"{bin_folder}:{os.environ['PATH']}"}
        stage.env["GIT_CONFIG_GLOBAL"] = str(settings)
        # Beside the home: Codex makes no helpers for a sandbox of the system's in a home that lies below TMPDIR.
        stage.env["TMPDIR"] = str(folder / "tmp")
        (folder / "tmp").mkdir()
        for name in ("config", "state", "data"):
            stage.env[f"XDG_{name.upper()}_HOME"] = str(stage.home / ".xdg" / name)
        for program in filter(None, roles.values()):
            stage._welcome(program, server.url)
        stage.configure(_config(roles, server.url))
        return stage

    def _welcome(self, program: Program, url: str) -> None:
        self.env.update({name: value.replace("{url}", url) for name, value in program.env.items()})
        for name, content in program.home.items():
            path = self.home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content.replace("{url}", url), encoding="utf-8")

    def trust(self, program: Program) -> None:
        """Have the person trust the repository, as far as the program lets a person do so."""
        for name, content in program.trusting.items():
            path = self.home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            before = path.read_text(encoding="utf-8") if path.exists() else ""
            path.write_text(before + content.replace("{root}", str(self.root)), encoding="utf-8")

    def alive(self) -> dict[int, str]:
        """Return pid and command line of all that belongs to this stage: by loop's mark, by the stage's, by its place."""
        run = (self.read("state") or {}).get("run_id")
        marks = [f"XDG_CACHE_HOME={self.cache}", f"HOME={self.home}", f"LOOP_RUN_ID={run}"]
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                environment = (folder / "environ").read_bytes().split(b"\0")
                place = (folder / "cwd").readlink()
                if any(mark.encode() in environment for mark in marks) or place.is_relative_to(self.root):
                    found[int(folder.name)] = (
                        (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    )
        return found

    def leftovers(self) -> dict[int, str]:
        return self.alive()


def _config(roles: Mapping[str, Program | None], url: str) -> str:
    lines = ["[run]", "auto_dispatch = true", "dispatch_retry_base_sec = 0.01"]
    lines += [f'{role}_backend = "{program.backend if program else SCRIPTED}"' for role, program in roles.items()]
    for role, program in roles.items():
        if program is not None:
            args = [argument.replace("{url}", url) for argument in program.args]
            lines += [f"[{role}]", f"model = {json.dumps(program.model)}", f"args = {json.dumps(args)}"]
    for program in {program.backend: program for program in roles.values() if program is not None}.values():
        if program.table:
            lines += [
                f"[backends.{program.backend}]",
                *(f"{key} = {json.dumps(value)}" for key, value in program.table.items()),
            ]
    return "\n".join([*lines, f"[backends.{SCRIPTED}]", f'script = "{SCRIPTED}.json"', ""])


@contextmanager
def playing(
    folder: Path, bin_folder: Path, play: Play, *, worker: Program, reviewer: Program | None = None
) -> Iterator[tuple[LiveStage, ModelServer]]:
    """Have a stage and the service that its programs ask; whatever is still alive at the end is killed."""
    with ModelServer(play) as server:
        stage = LiveStage.furnish(folder, bin_folder, server, worker=worker, reviewer=reviewer)
        with clearing(stage):
            yield stage, server


def dispatches(result: Result, *keys: str) -> list[tuple[Any, ...]]:
    """Return what is told of the end of each dispatch, oldest first."""
    return [tuple(data[key] for key in keys) for data in result.events("dispatch_ended")]
