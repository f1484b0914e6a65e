"""A repository, a bus and the stand-in agents for one tool, away from everything of the person who measures.

Home, caches, configuration and PATH are made for the stage; the stand-in comes first on PATH under the name of the
program that both tools start. What a run left is taken back before the next one, so that each begins in the same state.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.playing import Played, Stamp, play
from benchmarks.tools import Tool

_STANDIN = Path(__file__).with_name("standin.sh")
_COMPILED = Path(__file__).with_name("standin.c")
_BASH = shutil.which("bash") or "/bin/bash"
_SETTINGS = {
    "user.name": "Bench",
    "user.email": "bench@example.invalid",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "commit.gpgsign": "false",
}
_COUNTING = """\
here=${0%/*}
"$here/real/git" "$@"
code=$?
{ times; printf '%s\\n' "$*"; } > "$here/calls/$EPOCHREALTIME-$$"
exit $code
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of git: the seconds of processor time it took, and its arguments."""

    seconds: float
    arguments: str


@dataclass(kw_only=True)
class Stage:
    """Where one tool plays its runs."""

    tool: Tool
    folder: Path
    base: str = ""
    number: int = 0
    plan: dict[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def set_up(cls, tool: Tool, folder: Path, source: Path | None = None) -> "Stage":
        """Make the stage below `folder`, with one small file or with a copy of the repository at `source`."""
        stage = cls(tool=tool, folder=folder)
        for name in ("home/.config", "home/.cache", "stand/real", "tmp"):
            (folder / name).mkdir(parents=True)
        stage._put_standin()
        if source is None:
            stage.root.mkdir()
            stage.git("init", "--quiet", "--initial-branch", "main", f"--template={folder / 'tmp'}")
        else:
            shutil.copytree(source, stage.root, symlinks=True)
        for key, value in _SETTINGS.items():
            stage.git("config", key, value)
        (stage.root / ".gitignore").write_text(".loop/\n", encoding="utf-8")
        (stage.root / "app.txt").write_text("start\n", encoding="utf-8")
        stage.git("add", ".gitignore", "app.txt")
        stage.git("commit", "--quiet", "--message", "Start")
        stage.base = stage.git("rev-parse", "HEAD")
        subprocess.run(
            [tool.program, "init"], cwd=stage.root, env=stage.environment, check=True, stdout=subprocess.DEVNULL
        )
        stage.bus.rename(folder / "bus")
        return stage

    @property
    def root(self) -> Path:
        return self.folder / "repo"

    @property
    def bus(self) -> Path:
        return self.root / ".loop"

    @property
    def stand(self) -> Path:
        return self.folder / "stand"

    @property
    def environment(self) -> dict[str, str]:
        home = self.folder / "home"
        return {
            "PATH": f"{self.stand}:{os.environ['PATH']}",
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_CACHE_HOME": str(home / ".cache"),
            "TMPDIR": str(self.folder / "tmp"),
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "NO_COLOR": "1",
            **self.variables,
        }

    def git(self, *args: str, said: str = "") -> str:
        """Ask the real git, past whatever counts its calls; `said` is what it reads."""
        done = subprocess.run(
            ["git", *args],
            cwd=self.root,
            env=self.environment | {"PATH": os.environ["PATH"]},
            input=said.encode(),
            capture_output=True,
            check=True,
        )
        return done.stdout.decode().strip()

    def compile_standin(self) -> bool:
        """From now on the stand-in is a compiled program that does the least; False where there is no C compiler."""
        compiler = shutil.which("cc")
        if compiler is not None:
            (self.stand / "codex").unlink()
            subprocess.run([compiler, "-O2", "-Wall", "-o", str(self.stand / "codex"), str(_COMPILED)], check=True)
        return compiler is not None

    def count_git(self) -> None:
        """From now on every call of git that is not a stand-in's leaves a note, at the cost of one more process each."""
        (self.stand / "calls").mkdir(exist_ok=True)
        self._put_program("git", _COUNTING)

    def git_calls(self) -> list[Call]:
        """Return the calls since the last time that this was asked, in their order."""
        notes = sorted((self.stand / "calls").iterdir())
        calls = [_read_call(note.read_text(encoding="utf-8", errors="replace")) for note in notes]
        for note in notes:
            note.unlink()
        return calls

    def prepare(self, rounds: int) -> list[str]:
        """Take back what the last run left, and return the command line of one that is approved in that round."""
        self.number += 1
        task = f"T-{self.number}"
        self.git("reset", "--quiet", "--hard", self.base)
        refs = self.git("for-each-ref", "--format=delete %(refname)", "refs/loop")
        self.git("update-ref", "--stdin", said=f"{refs}\n" if refs else "")
        shutil.rmtree(self.bus, ignore_errors=True)
        shutil.copytree(self.folder / "bus", self.bus)
        card: dict[str, object] = {"task_id": task, "goal": "app.txt has a line for each round.", "constraints": []}
        card |= {"acceptance_criteria": ["It has."], "in_scope": list(self.scope), "out_of_scope": []}
        (self.bus / "task_card.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
        words = {"rounds": str(rounds), "task": task, **self.plan}
        plan = "".join(f"{name}='{value}'\n" for name, value in words.items())
        (self.stand / "plan").write_text(plan, encoding="utf-8")
        (self.stand / "turn").write_text("0\n", encoding="utf-8")
        (self.stand / "stamps").write_text("", encoding="utf-8")
        backends = ("--worker-backend", "codex", "--reviewer-backend", "codex")
        return [
            str(self.tool.program),
            "run",
            "--auto-dispatch",
            *backends,
            "--max-rounds",
            str(rounds + 1),
            *self.flags,
        ]

    def play(self, rounds: int, *, peaks: bool = False) -> Played:
        """Play a run that is approved in that round; anything else is an error, for its figures would mean nothing."""
        played = self.start_and_end(self.prepare(rounds), peaks=peaks)
        expected = [(role, number) for number in range(1, rounds + 1) for role in ("worker", "reviewer")]
        if played.code != 0 or [(stamp.role, stamp.round) for stamp in played.stamps] != expected:
            raise RuntimeError(
                f"{self.tool.name} did not play as it should (exit {played.code}):\n{played.said[-3000:]}"
            )
        return played

    def start_and_end(self, argv: Sequence[str], *, peaks: bool = False) -> Played:
        return play(
            argv, cwd=self.root, env=self.environment, output=self.folder / "output", stamps=self.stamps, peaks=peaks
        )

    def stamps(self) -> tuple[Stamp, ...]:
        """Return when each stand-in started and ended, by its own clock."""
        lines = (self.stand / "stamps").read_text(encoding="utf-8").split("\n")
        return tuple(Stamp.read(line) for line in lines if line)

    def _put_standin(self) -> None:
        real = shutil.which("git")
        if real is None:
            raise RuntimeError("there is no git on PATH")
        (self.stand / "real/git").symlink_to(real)
        self._put_program("codex", _STANDIN.read_text(encoding="utf-8"))

    def _put_program(self, name: str, text: str) -> None:
        path = self.stand / name
        path.write_text(f"#!{_BASH}\n{text}", encoding="utf-8")
        path.chmod(0o755)


def _read_call(note: str) -> Call:
    """Read a note: the shell's own times, its children's, the arguments; times stand there as `0m0.004s`."""
    _own, spent, arguments = note.split("\n", 2)
    minutes_and_seconds = [part.rstrip("s").split("m") for part in spent.split()]
    return Call(
        seconds=sum(60 * float(minutes) + float(seconds) for minutes, seconds in minutes_and_seconds),
        arguments=arguments.rstrip("\n"),
    )
