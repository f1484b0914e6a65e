"""A program that stands beside its tree, through the real command: where it is started, and what it is told."""

import json
import sys
from pathlib import Path

import pytest

from tests.support.runs import Stage, works

_PROGRAM = """\
#!{python}
import json, os, sys
told = dict(prompt=sys.stdin.read(), cwd=os.getcwd(), lies=os.listdir(), env=dict(os.environ), argv=sys.argv[1:])
with open({seen!r}, "w") as file:
    json.dump(told, file)
sys.exit(41)
"""


def _told(folder: Path, role: str, *, goal: str = "Greet.") -> tuple[Stage, dict[str, object], str]:
    """Have Gemini's place taken by a program that notes what it is told; return what, and what loop said."""
    stage = Stage.set_up(folder, worker=[works()])
    program, seen = folder / "gemini", folder / "seen.json"
    program.write_text(_PROGRAM.format(python=sys.executable, seen=str(seen)), encoding="utf-8")
    program.chmod(0o755)
    text = (stage.bus / "config.toml").read_text(encoding="utf-8")
    own = f'{role}_backend = "gemini"'
    stage.configure(
        text.replace(f'{role}_backend = "script"', own) + f"\n[backends.gemini]\npath = {json.dumps(str(program))}\n"
    )
    result = stage.run("--dispatch-retries", "0")
    assert result.code == 8, result.err
    return stage, json.loads(seen.read_text(encoding="utf-8")), result.err


@pytest.mark.parametrize("role", ["worker", "reviewer"])
def test_it_is_started_in_an_empty_folder_of_the_run_and_told_where_the_tree_is(tmp_path: Path, role: str):
    stage, told, _ = _told(tmp_path, role)
    cwd, prompt = Path(str(told["cwd"])), str(told["prompt"])
    assert (told["lies"], cwd.is_relative_to(stage.cache)) == ([], True)
    assert prompt.startswith("You were started in an empty folder.")
    tree = prompt.splitlines()[2].strip()
    env = told["env"]
    assert isinstance(env, dict)
    assert env["GIT_CEILING_DIRECTORIES"] == str(cwd.parent)
    assert (tree == str(stage.root), env.get("GIT_WORK_TREE")) == ((True, None) if role == "worker" else (False, tree))


def test_a_worker_puts_nothing_beside_the_persons_repository(tmp_path: Path):
    stage, _, _ = _told(tmp_path, "worker")
    assert not stage.root.with_name(f"{stage.root.name}.apart").exists()
