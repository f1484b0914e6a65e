"""A review written in an editor."""

from pathlib import Path

import pytest

from tests.cli.handwork import awaiting_review, by_hand, says
from tests.support.runs import Stage


@pytest.fixture
def stage(tmp_path: Path):
    with by_hand(tmp_path) as stage:
        yield stage


@pytest.fixture
def reviewed(stage: Stage) -> Stage:
    return awaiting_review(stage)


def editor(stage: Stage, script: str) -> dict[str, str]:
    path = stage.cache.parent / "editor"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return {"EDITOR": f"'{path}' --wait", "VISUAL": ""}


def test_a_review_can_be_written_in_an_editor(reviewed: Stage):
    fill = """sed -i -e 's/^decision = .*/decision = "changes_required"/' -e 's/^#\\(.*\\[\\[\\)/\\1/' "$2"
    printf '[[blocking_issues]]\\nseverity = "high"\\nfile = "app.txt"\\nreason = "No."\\n' > "$2.tail"
    sed -i -e 's/^\\[\\[.*//' "$2"; cat "$2.tail" >> "$2"; rm "$2.tail\""""
    says(reviewed.loop("review", "--edit", env=editor(reviewed, fill)), "1 change required", code=0)
    assert (reviewed.read("review_report") or {})["blocking_issues"][0]["reason"] == "No."
    assert not list(reviewed.bus.glob("review_draft*"))


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("true", "has no decision"),
        ("exit 3", "exit status 3"),
        ("""echo 'decision = "perhaps"' > "$2\"""", "decision"),
        ("""echo '[[[' > "$2\"""", "review_draft_T-1_r1.toml"),
    ],
)
def test_a_draft_that_is_no_review_is_kept(reviewed: Stage, script: str, sentence: str):
    says(reviewed.loop("review", "--edit", env=editor(reviewed, script)), sentence, "--edit opens it again", code=3)
    assert (reviewed.bus / "review_draft_T-1_r1.toml").exists()
    assert reviewed.read("review_report") is None


def test_without_an_editor_that_is_said(reviewed: Stage):
    says(
        reviewed.loop("review", "--edit", env={"EDITOR": "", "VISUAL": ""}), "neither VISUAL nor EDITOR is set", code=3
    )
    says(reviewed.loop("review", "--edit", env={"EDITOR": "/no/such/editor"}), "cannot be started", code=3)
