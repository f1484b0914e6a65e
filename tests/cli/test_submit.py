"""A person's work is judged before it is written down."""

from pathlib import Path

import pytest

from tests.cli.handwork import by_hand, interrupted_while_waiting, says, work
from tests.support.runs import Stage


@pytest.fixture
def stage(tmp_path: Path):
    with by_hand(tmp_path) as stage:
        yield stage


def test_work_that_a_round_would_refuse_is_not_handed_in(stage: Stage):
    interrupted_while_waiting(stage)
    says(stage.loop("submit"), "no file differs", code=7)
    (stage.root / "app.txt").write_text("half\n", encoding="utf-8")
    says(stage.loop("submit"), "app.txt", "commit what belongs to the work", code=4)
    assert stage.read("work_report") is None
    work(stage)
    says(stage.loop("submit"), "loop run --resume", code=0)
    says(stage.loop("submit", "--test", "make"), "is not NAME=RESULT", code=2)


def test_a_rewritten_history_is_explained_with_the_command_that_mends_it(stage: Stage):
    interrupted_while_waiting(stage)
    base = stage.head
    stage.git("commit", "--quiet", "--amend", "--message", "Another start")
    work(stage)
    mending = f"git reset --soft {base[:12]} && git commit"
    says(stage.loop("submit"), f"the base {base[:7]} is not in the history", mending, "then: loop submit", code=11)
    says(stage.run("--resume"), mending, code=11)
    stage.git("reset", "--quiet", "--soft", base)
    stage.git("commit", "--quiet", "--message", "Work")
    says(stage.loop("submit"), code=0)


def test_a_switched_branch_is_explained_with_the_command_that_goes_back(stage: Stage):
    interrupted_while_waiting(stage)
    stage.git("switch", "--quiet", "--create", "mine")
    work(stage)
    says(stage.loop("submit"), "git switch main, then: loop submit", code=11)
