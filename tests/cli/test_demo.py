"""The demonstration is a real run: what it tells is what git, the bus and the tests in its folder say afterwards."""

import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from loop_kit.cli.cmd_demo import make_demo
from loop_kit.cli.invocation import Invocation
from tests.support.commands import Done, loop
from tests.support.repos import git


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """Return a folder that has nothing to do with the demonstration's."""
    (tmp_path / "here").mkdir()
    (tmp_path / "tmp").mkdir()
    return tmp_path / "here"


def play(here: Path, *flags: str, **env: str) -> tuple[Done, Path]:
    """Run the demonstration; return how it ended and the folder it made."""
    done = loop("demo", *flags, cwd=here, env={"TMPDIR": str(here.parent / "tmp"), **env})
    folder = next((here.parent / "tmp").glob("loop-demo-*"))
    return done, folder


def read(folder: Path, name: str) -> Any:
    return json.loads((folder / ".loop" / name).read_text(encoding="utf-8"))


def test_the_demo_tells_a_two_round_story_and_git_agrees(here: Path):
    done, folder = play(here)
    assert done.code == 0, done.err
    story = re.findall(r"round \d: .*|round \d$|\w+ started \(script\)", done.err, re.MULTILINE)
    started = ["worker started (script)", "reviewer started (script)"]
    assert story == ["round 1", *started, "round 1: changes required", "round 2", *started, "round 2: approved"]
    assert "high: basket.py: The tests fail at this commit" in done.err
    assert str(folder) in done.err
    assert done.out.startswith("DEMO-1: approved, unverified (no check is configured), after 2 rounds\n")
    state, summary = read(folder, "state.json"), read(folder, "summary.json")
    assert git(folder, "log", "--reverse", "--format=%s").splitlines() == [
        "Split a basket",
        "Add the remainder to the first share",
        "Spread the remainder, a cent each",
    ]
    assert git(folder, "rev-list", "--reverse", "HEAD").splitlines() == [
        state["base_sha"],
        state["round_details"][0]["head_sha"],
        state["head_sha"],
    ]
    assert (summary["outcome"], summary["rounds"], summary["files"]) == ("approved", 2, ["basket.py"])
    assert git(folder, "status", "--porcelain") == ""
    assert list(here.iterdir()) == []


def test_a_lie_is_refused_before_a_reviewer_is_paid_for_it(here: Path):
    done, folder = play(here, "--lie")
    assert done.code == 0, done.err
    refused = done.err.index("work_report.json refused: no file differs from")
    assert "1 file reported as changed but not changed: basket.py (for the reviewer)" in done.err
    assert done.err.index("worker retried (script): no file differs") > refused
    assert done.err.index("reviewer started (script)") > refused
    assert "round 2: approved" in done.err
    calls = sorted(path.name for path in (folder / ".loop/script.json.calls").iterdir())
    assert calls == ["reviewer-001.json", "reviewer-002.json", "worker-001.json", "worker-002.json", "worker-003.json"]
    kept = read(folder, "archive/DEMO-1/r1_work_report.refused-1.json")["document"]
    assert kept["notes"] == "Fixed. All tests pass."
    assert kept["head_sha"] == read(folder, "state.json")["base_sha"]


def test_every_command_it_names_works(here: Path):
    done, _folder = play(here)
    lines = done.err.partition("Look around:\n")[2].splitlines()
    assert len(lines) >= 5
    script = "set -e\n" + "\n".join(lines)
    seen = subprocess.run(["bash", "-c", script], cwd=here, capture_output=True, encoding="utf-8", check=False)
    assert seen.returncode == 0, seen.stderr
    assert "Spread the remainder, a cent each" in seen.stdout
    assert "ended: approved" in seen.stdout
    assert "r1_review_report.json" in seen.stdout
    assert "refs/loop/DEMO-1/r2/head" in seen.stdout
    assert "\nOK\n" in seen.stderr  # its own tests


def test_the_reviewer_decides_by_the_tree_so_that_swapping_the_fixes_changes_the_rounds(tmp_path: Path):
    make_demo(tmp_path, Invocation(environment=dict(os.environ), cwd=tmp_path, loop_dir=None), lie=False)
    path = tmp_path / ".loop/script.json"
    script = json.loads(path.read_text(encoding="utf-8"))
    edits = [next(step for step in steps if "edit" in step) for steps in script["worker"]]
    edits[0]["edit"], edits[1]["edit"] = edits[1]["edit"], edits[0]["edit"]
    path.write_text(json.dumps(script), encoding="utf-8")
    done = loop("run", "--auto-dispatch", cwd=tmp_path)
    assert (done.code, read(tmp_path, "state.json")["round"]) == (0, 1)
    assert "after 1 round\n" in done.out


def test_settings_for_real_runs_never_make_the_demo_start_a_real_agent(here: Path):
    env = {"LOOP_WORKER_BACKEND": "codex", "LOOP_MAX_ROUNDS": "1", "LOOP_DIR": "/nonexistent", "LOOP_VERBOSE": "maybe"}
    done, _folder = play(here, **env)
    assert done.code == 0, done.err
    assert "worker started (script)" in done.err


def test_the_demo_is_independent_of_the_persons_git_settings(here: Path, tmp_path: Path):
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "pre-commit").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (hooks / "pre-commit").chmod(0o755)
    (tmp_path / "ignored").write_text("*.py\n", encoding="utf-8")
    (tmp_path / "gitconfig").write_text(
        f"[commit]\ngpgsign = true\n[gpg]\nprogram = /bin/false\n"
        f"[core]\nhooksPath = {hooks}\nexcludesFile = {tmp_path}/ignored\nautocrlf = true\n"
        f"[init]\ndefaultObjectFormat = sha256\ntemplateDir = {tmp_path}\n",
        encoding="utf-8",
    )
    done, _folder = play(here, GIT_CONFIG_GLOBAL=str(tmp_path / "gitconfig"), GIT_DIR=str(here / "elsewhere"))
    assert done.code == 0, done.err


def test_the_folder_may_have_any_name(tmp_path: Path):
    here, odd = tmp_path / "here", tmp_path / "it's a\tdemo \x1b[31m"
    here.mkdir()
    odd.mkdir()
    done = loop("demo", cwd=here, env={"TMPDIR": str(odd)})
    assert done.code == 0, done.err
    assert b"\x1b" not in done.raw_err + done.raw_out
    assert shlex.quote(str(odd)).partition("\t")[0] in done.err


def test_without_git_there_is_one_sentence(here: Path):
    done = loop("demo", cwd=here, env={"PATH": "/nonexistent", "TMPDIR": str(here.parent / "tmp")})
    assert (done.code, done.out) == (3, "")
    assert done.err.splitlines()[0] == "loop: no working git was found on the PATH"
