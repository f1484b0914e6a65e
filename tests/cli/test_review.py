"""A person's review, from flags to the document."""

import json
from pathlib import Path

import pytest

from tests.cli.handwork import awaiting_review, by_hand, says
from tests.support.runs import Stage

ME = {"GIT_AUTHOR_EMAIL": "author@example.invalid", "GIT_AUTHOR_NAME": "Me"}


@pytest.fixture
def stage(tmp_path: Path):
    with by_hand(tmp_path) as stage:
        yield stage


@pytest.fixture
def reviewed(stage: Stage) -> Stage:
    return awaiting_review(stage)


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ((), "a review is --approve, or --change with --reason"),
        (("--approve", "--change", "app.txt"), "--approve and --change contradict each other"),
        (("--approve", "--reason", "Why not."), "comes before any --change"),
        (("--change", "app.txt"), "--change app.txt has no --reason"),
        (("--reason", "Late.", "--change", "app.txt"), "--reason comes before any --change"),
        (("--change", "a", "--reason", "1", "--reason", "2"), "--reason is given twice for --change a"),
        (("--edit", "--suggest", "More."), "--edit alone"),
    ],
)
def test_flags_that_make_no_review_are_a_wrong_usage(stage: Stage, args: tuple[str, ...], sentence: str):
    (stage.bus / "config.toml").write_text("", encoding="utf-8")
    says(stage.loop("review", *args), sentence, code=2)


def test_flags_belong_to_the_change_before_them(reviewed: Stage):
    args = ("--change=./app.txt:1", "--severity=low", "--reason=One.", "--change=", "--reason=Two.", "--required=Do.")
    assert reviewed.loop("review", *args).code == 0
    assert (reviewed.read("review_report") or {})["blocking_issues"] == [
        {"severity": "low", "file": "app.txt:1", "reason": "One.", "required_change": ""},
        {"severity": "high", "file": "", "reason": "Two.", "required_change": "Do."},
    ]


@pytest.mark.parametrize(("env", "own"), [(ME, True), ({"GIT_AUTHOR_EMAIL": "other@example.invalid"}, False)])
def test_a_review_of_ones_own_work_is_recorded_and_said(reviewed: Stage, env: dict[str, str], own: bool):
    says(reviewed.loop("review", "--approve", env=env), code=0)
    result = reviewed.run("--resume")
    assert result.code == 0
    assert (result.summary or {})["self_review"] is own
    assert ("the person who did the work reviewed it too" in result.out) is own


def test_a_review_about_another_commit_is_not_taken_for_one_about_this(reviewed: Stage):
    assert reviewed.loop("review", "--approve").code == 0
    old = {**(reviewed.read("review_report") or {}), "head_sha": reviewed.git("rev-parse", "HEAD~1")}
    (reviewed.bus / "review_report.json").write_text(json.dumps(old), encoding="utf-8")
    process = reviewed.start("run", "--resume")
    assert process.stderr is not None
    assert any("$.head_sha: it is about" in line for line in process.stderr)  # until it is said, or the run has ended
    assert reviewed.loop("review", "--approve").code == 0
    assert reviewed.end(process).code == 0
