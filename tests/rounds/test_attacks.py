"""What a hostile review of loop got through with, each once: by a reviewer's child, a check, a worker."""

import os
import shutil
from pathlib import Path

import pytest

from tests.rounds.test_one_answer import ON_BUS, REFUSAL, claude, stage_with
from tests.support.runs import clearing

# A child of the reviewer, such as a test of the worker's, ends loop's two processes.
KILL_BOTH = """
pm = int(pathlib.Path(f'/proc/{os.getppid()}/stat').read_text().rpartition(')')[2].split()[1])
os.kill(pm, 9)
os.kill(os.getppid(), 9)
time.sleep(60)
"""
WORKTREES_AWAY = """
trees = bus.parent / '.git/worktrees'
os.rename(trees, bus.parent.parent / 'aside')
trees.symlink_to(bus.parent.parent / 'aside')
"""


@pytest.mark.parametrize("outbox", ["stays", "goes"])
def test_an_approval_beside_a_form_is_not_taken_when_the_first_resume_fails_too(tmp_path: Path, outbox: str):
    """The resume has settled who was paid, and ends before it looks for the review: git's list of trees is a link."""
    goes = "import shutil; shutil.rmtree(outbox)\n" if outbox == "goes" else ""
    planting = f"{ON_BUS}\n{goes}{WORKTREES_AWAY}{KILL_BOTH}"
    stage = stage_with(tmp_path, "claude", claude(REFUSAL, code=planting), claude(REFUSAL))
    with clearing(stage):
        assert stage.run("--reviewer-backend", "claude").code == -9
        assert stage.run("--resume").code == 11
        os.unlink(stage.root / ".git/worktrees")  # noqa: PTH108  (the link, as the hint says)
        shutil.move(tmp_path / "aside", stage.root / ".git/worktrees")
        result = stage.run("--resume", "--single-round")
        assert result.code == 10, result.err


def test_an_approval_beside_a_form_is_not_taken_for_that_of_the_person_who_reviews_instead(tmp_path: Path):
    stage = stage_with(tmp_path, "claude", claude(REFUSAL, code=ON_BUS + KILL_BOTH))
    with clearing(stage):
        assert stage.run("--reviewer-backend", "claude").code == -9
        result = stage.run("--resume", "--no-auto-dispatch", "--worker-backend", "script", "--artifact-timeout", "1")
        assert (result.code, "review_report.json came within" in result.err) == (9, True), result.err
