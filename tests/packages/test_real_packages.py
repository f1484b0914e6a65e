"""Five published packages, a bug planted in each by hand, their own tests as the checks: git agrees with all loop says.

The story is the same each time. The tests are red at the base; the worker mends half of it and says that they pass; loop
sends it back without paying a reviewer; it mends the rest, the tests are green, and the reviewer is told so.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from loop_kit.bus.bus import Bus
from loop_kit.bus.feed import Feed
from tests.packages.catalogue import CRITERION, PACKAGES, Package, Suite
from tests.packages.staging import BUG, HALF, WHOLE, archived, findings, mends, published, reads, stage
from tests.support.runs import Result, Stage, clearing, ended


@pytest.fixture(params=PACKAGES, ids=lambda package: package.name)
def package(request: pytest.FixtureRequest) -> Package:
    found: Package = request.param
    return found


@pytest.fixture
def scene(package: Package, tmp_path: Path) -> Iterator[Stage]:
    made = stage(tmp_path, package)
    sent_back = [f"its check {CRITERION} fails", f"logs/{package.task_id}/r1_check_{CRITERION}.log; the end:"]
    made.play(
        worker=[mends(package, package.half, HALF), [{"expect": sent_back}, *mends(package, package.right, WHOLE)]],
        reviewer=[reads(*(word for word, _ in told(package)))],
    )
    with clearing(made):
        yield made


def test_a_planted_bug_is_red_half_of_its_mending_too_and_all_of_it_green(scene: Stage, package: Package):
    base = scene.head
    result = scene.run()
    ended(scene, result, 0, paid=(2, 1))
    heads = scene.git("rev-list", "--reverse", f"{base}..HEAD").splitlines()
    assert scene.git("log", "--reverse", "--format=%s").splitlines() == ["Start", BUG, HALF, WHOLE]
    assert (scene.root / package.module).read_bytes() == published(package)[package.module]

    for number, commit in enumerate([base, *heads]):
        check_evidence(scene, package, number, commit)
    check_fix_list(scene, package)
    check_request(scene, package)
    check_standing(scene, result, base, heads)
    check_summary(scene, package, result, base, heads)
    check_archive(scene, base, heads)
    check_feed(scene, result, base, heads)


def check_evidence(stage: Stage, package: Package, number: int, commit: str) -> None:
    """Hold the evidence of a round, 0 for the base, against git, the logs and what was planted."""
    evidence = archived(stage, f"r{number}_checks")
    tree = stage.git("rev-parse", f"{commit}^{{tree}}")
    assert (evidence["round"], evidence["head_sha"], evidence["tree"]) == (number, commit, tree)
    assert (evidence["verified"], evidence["refused"]) == (number == 2, "")
    if package.prepare:  # at the base, once: what it made is kept, and no file that it depends on has changed since
        assert (evidence["prepare"] or {}).get("result") == (None if number else "pass")
    assert [check["name"] for check in evidence["checks"]] == list(package.checks)
    for check in evidence["checks"]:
        assert (check["where"], check["tree"]) == ("worktree", tree)
        check_result(package.checks[check["name"]], number, check)
        printed = (stage.bus / check["log"]).read_bytes()
        assert check["digest"] == sha256(printed).hexdigest()
        assert printed.decode().rstrip("\n").endswith(check["output"][-500:])


def check_result(suite: Suite, number: int, check: Mapping[str, Any]) -> None:
    failed, counts = suite.failed[number], check["tests"]
    assert (check["result"], check["how"], check["exit_code"]) == (suite.verdicts[number], "exited", int(failed > 0))
    assert (counts["run"] + counts["skipped"], counts["failed"]) == (suite.tests, failed)


def check_fix_list(stage: Stage, package: Package) -> None:
    """The first round is sent back by loop itself, for what fails and should not; the claim is on record beside it."""
    refused = archived(stage, "r1_review_report")
    fixes = archived(stage, "r2_fix_list")["fixes"]
    assert (refused["decision"], refused["blocking_issues"]) == ("changes_required", fixes)
    reasons = [fix["reason"] for fix in fixes]
    broken = [name for name, suite in package.checks.items() if suite.verdicts[1] == "fail"]
    assert len(reasons) == 1 + len(broken)
    assert all(any(reason.startswith(f"check {name} (") for reason in reasons) for name in broken)
    (unmet,) = (reason for reason in reasons if reason.startswith("acceptance criterion "))
    assert f"its check {CRITERION} fails" in unmet
    assert ("claim_contradicted", "judge") in findings(stage, 1)


def told(package: Package) -> list[tuple[str, str]]:
    """Return what the evidence of the last round is called in the reviewer's prompt and in its request."""
    words = {"pass": "tests run, 0 failed", "preexisting": "still failing (fails at the base too)"}
    return [(words[suite.verdicts[2]], suite.verdicts[2]) for suite in package.checks.values()]


def check_request(stage: Stage, package: Package) -> None:
    """What failed before the change and still does is told, but it bought no round and is nobody's fault."""
    request = archived(stage, "r2_review_request")
    assert [check["result"] for check in request["evidence"]] == [verdict for _, verdict in told(package)]
    assert request["findings"] == []
    assert archived(stage, "r2_review_report")["decision"] == "approve"


def check_standing(stage: Stage, result: Result, base: str, heads: list[str]) -> None:
    state = result.standing
    trees = [stage.git("rev-parse", f"{head}^{{tree}}") for head in heads]
    assert (state["base_sha"], state["head_sha"], state["branch"]) == (base, heads[1], "main")
    rows = [(row["head_sha"], row["tree"], row["decision"], row["judged_by"]) for row in state["round_details"]]
    assert rows == [(heads[0], trees[0], "changes_required", "loop"), (heads[1], trees[1], "approve", "reviewer")]
    place = f"refs/loop/{state['task_id']}"
    assert stage.pins() == {f"{place}/r0/base": base, f"{place}/r1/head": heads[0], f"{place}/r2/head": heads[1]}


def check_summary(stage: Stage, package: Package, result: Result, base: str, heads: list[str]) -> None:
    summary = result.summary
    assert summary is not None
    assert (summary["verified"], summary["reason"]) == (True, "approved and verified: loop's own checks pass")
    tree = stage.git("rev-parse", "HEAD^{tree}")
    assert (summary["base_sha"], summary["head_sha"], summary["tree"]) == (base, heads[1], tree)
    assert sorted(summary["commits"]) == sorted(
        stage.git("log", "--abbrev=12", "--format=%h %s", f"{base}..").splitlines()
    )
    assert summary["files"] == stage.git("diff", "--name-only", f"{base}..").splitlines() == [package.module]
    assert [paid["role"] for paid in summary["dispatches"]] == ["worker", "worker", "reviewer"]


def check_archive(stage: Stage, base: str, heads: list[str]) -> None:
    assert stage.loop("validate", *map(str, (stage.bus / "archive").glob("*/*.json"))).code == 0
    assert archived(stage, "r0_manifest")["base_sha"] == base
    for number, head in enumerate(heads, 1):
        request = archived(stage, f"r{number}_review_request")
        assert archived(stage, f"r{number}_work_report")["head_sha"] == request["head_sha"] == head
        assert request["base_sha"] == base
        assert request["diff"].strip("\n") == stage.git("diff", "--full-index", base, head)


def check_feed(stage: Stage, result: Result, base: str, heads: list[str]) -> None:
    """The base is tried once, each head once, and nothing else."""
    assert Feed(Bus(stage.bus).feed_path).verify() == []
    for event in ("checks_started", "checks_ended"):
        assert [told["head_sha"] for told in result.events(event)] == [base, *heads]
    assert [told["verified"] for told in result.events("checks_ended")] == [False, False, True]
    assert [told["head_sha"] for told in result.events("verified")] == heads
    assert [(told["decision"], told["judged_by"]) for told in result.events("decided")] == [
        ("changes_required", "loop"),
        ("approve", "reviewer"),
    ]
