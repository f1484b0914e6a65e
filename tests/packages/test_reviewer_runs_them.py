"""A published package without checks: the reviewer runs its tests, and git agrees with all that loop says."""

import json
from pathlib import Path
from typing import Any

import pytest

from loop_kit.bus.bus import Bus
from loop_kit.bus.feed import Feed
from tests.packages.catalogue import INFLECTION
from tests.packages.staging import published as files_of
from tests.support.repos import commit
from tests.support.runs import Result, Stage, clearing, nothing_left

MODULE, RIGHT, BUG, HALF_RIGHT = INFLECTION.module, INFLECTION.right, INFLECTION.bug, INFLECTION.half
TESTS = ["{python}", "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_inflection.py"]
CARD = {
    "task_id": "INFLECT-7",
    "goal": "ordinal() is wrong beyond a hundred: 111 should be 111th, as 11 is 11th.",
    "in_scope": ["inflection/"],
    "acceptance_criteria": ["python -m pytest passes"],
    "constraints": ["the tests stay as they are"],
}


@pytest.fixture(scope="session")
def published() -> dict[str, bytes]:
    return files_of(INFLECTION)


@pytest.fixture
def stage(published: dict[str, bytes], tmp_path: Path):
    right = published[MODULE].decode()
    assert right.count(RIGHT) == 1
    stage = Stage.set_up(
        tmp_path,
        files=published,
        card=CARD,
        worker=[
            fix(right.replace(RIGHT, HALF_RIGHT), "Look at the last two digits"),
            [
                {"expect": "-m pytest -q -p no:cacheprovider test_inflection.py ended with 1"},
                *fix(right, "Count 13 too"),
            ],
        ],
        reviewer={"*": [{"decide": {"run": TESTS}}]},
    )
    commit(stage.root, {MODULE: right.replace(RIGHT, BUG)}, message="Simplify ordinal")
    with clearing(stage):
        yield stage


def fix(content: str, message: str) -> list[dict[str, Any]]:
    tests = [{"name": "test_inflection.py", "result": "pass"}]
    return [
        {"edit": {MODULE: content}},
        {"commit": message},
        {"report": {"notes": "111 is 111th now.", "tests": tests}},
    ]


def archived(stage: Stage, name: str) -> Any:
    return json.loads((stage.bus / "archive/INFLECT-7" / name).read_text(encoding="utf-8"))


def test_two_rounds_mend_a_real_bug_and_everything_agrees_with_git(stage: Stage, published: dict[str, bytes]):
    base = stage.head
    result = stage.run()
    assert (result.code, result.standing["outcome"], result.standing["round"]) == (0, "approved", 2), result.err
    assert stage.paid == (2, 2)
    assert {call["cwd"] for call in stage.calls("worker")} == {str(stage.root)}
    assert not any(Path(call["cwd"]).is_relative_to(stage.root) for call in stage.calls("reviewer"))
    nothing_left(stage)

    assert (stage.root / MODULE).read_bytes() == published[MODULE]
    heads = stage.git("rev-list", "--reverse", f"{base}..HEAD").splitlines()
    assert stage.git("log", "--reverse", "--format=%s").splitlines() == [
        "Start",
        "Simplify ordinal",
        "Look at the last two digits",
        "Count 13 too",
    ]
    check_state_and_summary(stage, result, base, heads)
    check_pins(stage, base, heads)
    check_archive(stage, base, heads)
    check_feed(stage, result, heads)


def check_state_and_summary(stage: Stage, result: Result, base: str, heads: list[str]) -> None:
    state, summary = result.standing, result.summary
    assert summary is not None
    trees = [stage.git("rev-parse", f"{head}^{{tree}}") for head in heads]
    assert (state["base_sha"], state["head_sha"], state["branch"]) == (base, heads[1], "main")
    assert [(row["head_sha"], row["tree"]) for row in state["round_details"]] == list(zip(heads, trees, strict=True))
    assert [row["decision"] for row in state["round_details"]] == ["changes_required", "approve"]
    assert (summary["base_sha"], summary["head_sha"], summary["tree"]) == (base, heads[1], trees[1])
    assert sorted(summary["commits"]) == sorted(
        stage.git("log", "--abbrev=12", "--format=%h %s", f"{base}..").splitlines()
    )
    assert summary["files"] == stage.git("diff", "--name-only", f"{base}..").splitlines() == [MODULE]
    assert [paid["role"] for paid in summary["dispatches"]] == ["worker", "reviewer"] * 2


def check_pins(stage: Stage, base: str, heads: list[str]) -> None:
    place = "refs/loop/INFLECT-7"
    assert stage.pins() == {f"{place}/r0/base": base, f"{place}/r1/head": heads[0], f"{place}/r2/head": heads[1]}


def check_archive(stage: Stage, base: str, heads: list[str]) -> None:
    documents = [path for path in (stage.bus / "archive/INFLECT-7").iterdir() if path.suffix == ".json"]
    assert stage.loop("validate", *map(str, documents)).code == 0
    assert archived(stage, "r0_manifest.json")["base_sha"] == base
    for number, head in enumerate(heads, 1):
        request = archived(stage, f"r{number}_review_request.json")
        assert archived(stage, f"r{number}_work_report.json")["head_sha"] == request["head_sha"] == head
        assert (request["base_sha"], request["changed_files"][0]["path"]) == (base, MODULE)
        assert request["diff"].strip("\n") == stage.git("diff", "--full-index", base, head)
    refused, approved = (archived(stage, f"r{number}_review_report.json") for number in (1, 2))
    assert (refused["decision"], approved["decision"]) == ("changes_required", "approve")
    assert archived(stage, "r2_fix_list.json")["fixes"] == refused["blocking_issues"]


def check_feed(stage: Stage, result: Result, heads: list[str]) -> None:
    assert Feed(Bus(stage.bus).feed_path).verify() == []
    assert [event["head_sha"] for event in result.events("verified")] == heads
    assert [event["decision"] for event in result.events("decided")] == ["changes_required", "approve"]
    assert [event["outcome"] for event in result.events("run_ended")] == ["approved"]
