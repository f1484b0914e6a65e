"""`loop demo`: a real run on a small real bug, with scripted agents, in a repository made for it.

Only the agents are scripted. The bug, the failing test, git, the PM, the round processes and the verification are real; the
scripted reviewer runs the tests on the tree it is given and decides by their result.
"""

import json
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

import click

from loop_kit import resources
from loop_kit.bus.atomic import write_bytes
from loop_kit.bus.bus import Bus
from loop_kit.bus.document import write_json
from loop_kit.cli.cmd_init import make_bus
from loop_kit.cli.console import print_
from loop_kit.cli.invocation import Invocation
from loop_kit.cli.main import loop
from loop_kit.errors import BackendError, StartError
from loop_kit.processes.briefly import run_briefly
from loop_kit.processes.spawn import Command

_CONFIG = """\
# Both agents follow a script; a real config names codex, claude or a command of your own here.
[run]
auto_dispatch = true
worker_backend = "script"
reviewer_backend = "script"

[backends.script]
script = "script.json"
"""
# The repository's own, so that the agents' commits do not fail on the person's hooks, signatures or ignored files.
_GIT_SETTINGS = {
    "user.name": "Loop Demo",
    "user.email": "demo@example.invalid",
    "commit.gpgsign": "false",
    "core.autocrlf": "false",
    "core.excludesFile": "/dev/null",
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
}
_GIT_SECONDS = 60.0


@click.command("demo")
@click.option("--lie", is_flag=True, help="Let the worker claim a fix that it did not make.")
@click.pass_obj
def command(invocation: Invocation, lie: bool) -> int:
    """Run two rounds on a small real bug in a throwaway repository: no agent, no key, no network."""
    folder = Path(tempfile.mkdtemp(prefix="loop-demo-")).resolve()
    make_demo(folder, invocation, lie=lie)
    there = shlex.quote(str(folder))
    print_(f"A repository with a bug and a failing test: {folder}\n$ cd {there} && loop run --auto-dispatch", err=True)
    # Without the person's own settings, which could start a paid agent.
    environment = {name: value for name, value in invocation.environment.items() if not name.startswith("LOOP_")}
    inside = Invocation(environment=environment, cwd=folder, loop_dir=None)
    code = loop.main(["run", "--auto-dispatch"], prog_name="loop", obj=inside, standalone_mode=False)
    commands = (
        f"cd {there}",
        "git log --oneline",
        f"{shlex.quote(sys.executable)} -m unittest",
        f"{_program(invocation)} status",
        "ls .loop/archive/DEMO-1",
        "cat .loop/archive/DEMO-1/r1_review_report.json",
        "git for-each-ref refs/loop",
    )
    print_("\n  ".join(["\nLook around:", *commands]), err=True)
    return int(code or 0)


def _program(invocation: Invocation) -> str:
    """Return how the person's shell calls loop: by its name when that is on the PATH."""
    found = shutil.which("loop", path=invocation.environment.get("PATH", ""))
    return "loop" if found else f"{shlex.quote(sys.executable)} -m loop_kit"


def make_demo(folder: Path, invocation: Invocation, *, lie: bool) -> None:
    """Make the repository, its bus, the card and the agents' script."""
    for path in sorted(resources.default_path("demo/repository").glob("*.py")):
        write_bytes(folder / path.name, path.read_bytes())
    for args in (
        ("init", "--quiet", "--initial-branch=main"),
        *(("config", name, value) for name, value in _GIT_SETTINGS.items()),
        ("add", "--all"),
        ("commit", "--quiet", "--message", "Split a basket"),
    ):
        _git(folder, invocation, *args)
    bus = Bus(folder / ".loop")
    make_bus(bus)
    write_bytes(bus.config_path, _CONFIG.encode())
    write_bytes(bus.card_path, resources.default_path("demo/task_card.json").read_bytes())
    script = json.loads(resources.default_text("demo/script.json"))
    if lie:
        script["worker"].insert(0, script["lie"])
    write_json(bus.root / "script.json", script)


def _git(folder: Path, invocation: Invocation, *args: str) -> None:
    environment = {name: value for name, value in invocation.environment.items() if not name.startswith("GIT_")}
    # The person's own git settings must not change the demonstration.
    environment |= {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    try:
        done = run_briefly(Command(argv=("git", *args), env=environment, cwd=folder), timeout=_GIT_SECONDS)
    except BackendError:
        raise StartError(
            "no working git was found on the PATH", hint="install git, or add its folder to PATH"
        ) from None
    if done.code != 0:
        raise StartError(
            f"git {args[0]} failed in {folder}: {done.stderr.strip()}", hint="check the installation of git"
        )
