"""Runs that an older version of loop left: whoever comes later goes on with them, or refuses in a sentence.

A rebuilding may change what is expected of a recording, never the recording: from `GoesOn` to `Refused` when a format is
not read any more, and the sentence then has to say what to do.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.crashes import feed_is_a_chain, nothing_paid_twice
from tests.support.recorded import RECORDED, SITUATIONS, lay_out
from tests.support.repos import commit, tree
from tests.support.runs import Result, Stage, nothing_left

LEFTOVERS = {"dead_heartbeat", "half_written", "outbox", "worktree"}  # what a kill leaves, and a resume clears away


@dataclass(frozen=True, kw_only=True)
class GoesOn:
    """`loop run WORDS` plays on to an approval in that round, and pays so many calls of worker and reviewer for it."""

    paid: tuple[int, int]
    round: int = 1
    words: Sequence[str] = ("--resume",)
    run_name: str = "T-1"


@dataclass(frozen=True, kw_only=True)
class Refused:
    """`loop run --resume` ends with `code`, `says` stands on stderr, and nothing at all has changed."""

    code: int
    says: str


EXPECTED: dict[str, GoesOn | Refused] = {
    "worker_paid": GoesOn(paid=(1, 1)),
    "worker_reported": GoesOn(paid=(0, 1)),
    "before_review": GoesOn(paid=(0, 1)),
    "reviewer_paid": GoesOn(paid=(0, 1)),
    "stopped_between_rounds": GoesOn(paid=(1, 1), round=2),
    "round_limit": GoesOn(paid=(1, 1), round=2, words=("--resume", "--max-rounds", "3")),
    "approved": GoesOn(paid=(0, 0), round=2),
    "next_run": GoesOn(paid=(1, 1), run_name="T-1@2"),
    "person_waited_for": GoesOn(paid=(0, 1)),
}
SAYS = {  # what `loop status` says of where it stands, and `loop health` of the PM
    "worker_paid": ("awaiting work in round 1", "dead"),
    "worker_reported": ("awaiting work in round 1", "dead"),
    "before_review": ("terminated", "idle"),
    "reviewer_paid": ("awaiting review in round 1", "dead"),
    "stopped_between_rounds": (".loop/STOP", "idle"),
    "round_limit": ("--max-rounds", "idle"),
    "approved": ("approved", "idle"),
    "next_run": ("awaiting work in round 1", "dead"),
    "person_waited_for": ("awaiting work in round 1", "dead"),
}


def kept(stage: Stage) -> dict[str, Any]:
    """Return all that a look, or a call that is refused, leaves alone."""
    return {
        "bus": tree(stage.bus),
        "refs": stage.git("for-each-ref"),
        "head": (stage.head, stage.git("symbolic-ref", "HEAD")),
        "status": stage.git("status", "--porcelain=v2"),
        "worktrees": stage.git("worktree", "list", "--porcelain"),
    }


def put_in_order(stage: Stage, name: str) -> None:
    """Do what a person does before such a run can go on."""
    (stage.bus / "STOP").unlink(missing_ok=True)
    if name == "person_waited_for":
        commit(stage.root, {"app.txt": "two\n"}, message="Say two")
        assert stage.loop("submit", "--notes", "done").code == 0


def test_every_recording_is_expected_something_of():
    assert sorted(SITUATIONS) == sorted(EXPECTED) == sorted(SAYS) == sorted(path.name for path in RECORDED.iterdir())


@pytest.mark.parametrize("name", EXPECTED)
def test_whoever_only_looks_understands_a_recorded_run_and_changes_nothing(tmp_path: Path, name: str):
    stage = lay_out(name, tmp_path)
    before = kept(stage)
    status, health = stage.loop("status"), stage.loop("health")
    assert (status.code, status.err, SAYS[name][0] in status.out) == (0, "", True), status.out
    assert health.out.split()[:2] == ["pm", SAYS[name][1]], health.out
    listed, shown = stage.loop("list"), stage.loop("show")
    assert (listed.code, "T-1" in listed.out) == (0, True), listed.err
    assert (shown.code, "app.txt says two." in shown.out) == (0, True), shown.err
    assert stage.loop("fsck").code in (0, 11)
    assert kept(stage) == before


@pytest.mark.parametrize("name", EXPECTED)
def test_nothing_is_wrong_with_a_recorded_run_but_what_a_kill_leaves(tmp_path: Path, name: str):
    assert problems(lay_out(name, tmp_path)) <= LEFTOVERS


@pytest.mark.parametrize("name", EXPECTED)
def test_a_recorded_run_goes_on_without_a_second_payment_or_is_refused_whole(tmp_path: Path, name: str):
    stage, expected = lay_out(name, tmp_path), EXPECTED[name]
    put_in_order(stage, name)
    before = kept(stage)
    if isinstance(expected, GoesOn):
        has_gone_on(stage, expected, before["bus"])
        return
    result = stage.run("--resume")
    assert (result.code, expected.says in result.err, stage.paid) == (expected.code, True, (0, 0)), result.err
    assert kept(stage) == before


def has_gone_on(stage: Stage, expected: GoesOn, bus: dict[str, bytes]) -> None:
    begun = dispatches(stage.look())
    result = stage.run(*expected.words)
    assert (result.code, stage.paid) == (0, expected.paid), result.err
    standing = result.standing
    assert (standing["state"], standing["outcome"], standing["round"]) == ("done", "approved", expected.round)
    # Nothing is written about a run that was over before: its state is still of the older version.
    run_name = standing["place" if standing["schema_version"] == 1 else "run_name"]
    assert (run_name, standing["dispatches"]) == (expected.run_name, begun + sum(expected.paid))
    assert (standing["schema_version"] == 1) is (expected.paid == (0, 0))
    archived = {name: data for name, data in bus.items() if name.startswith("archive/") and not name.endswith("/")}
    assert archived.items() <= tree(stage.bus).items()
    feed_is_a_chain(stage)
    if expected.run_name == "T-1":
        nothing_paid_twice(result)
    assert problems(stage) == set()
    nothing_left(stage)


def dispatches(result: Result) -> int:
    number = result.standing["dispatches"]
    assert type(number) is int
    return number


def problems(stage: Stage) -> set[str]:
    """Return the codes of what `loop fsck` finds."""
    return {json.loads(line)["code"] for line in stage.loop("fsck", "--json").out.splitlines()}


@pytest.mark.parametrize("name", EXPECTED)
def test_every_document_of_a_recorded_run_is_valid(tmp_path: Path, name: str):
    stage = lay_out(name, tmp_path)
    found = sorted([*stage.bus.glob("*.json"), *stage.bus.glob("archive/*/*.json"), stage.bus / "logs/feed.jsonl"])
    judged = stage.loop("validate", *(str(path) for path in found if path.name != "script.json"))
    assert (judged.code, judged.err) == (0, ""), judged.out


def test_what_an_older_version_approved_is_accepted_and_the_task_run_once_more(tmp_path: Path):
    stage = lay_out("approved", tmp_path)
    stage.git("branch", "release", stage.git("rev-parse", "HEAD~2"))
    accepted = stage.loop("accept", "--into", "release")
    trees = {stage.git("rev-parse", f"{name}^{{tree}}") for name in ("release", "HEAD")}
    assert (accepted.code, len(trees)) == (0, 1), accepted.err
    again = stage.run()
    assert (again.code, again.standing["run_name"], again.standing["schema_version"]) == (0, "T-1@2", 2), again.err
    assert {"r0_charter.json", "r2_state.json"} <= set(stage.archived("T-1"))
    assert problems(stage) == set()


@pytest.mark.parametrize(("name", "code"), [("stopped_between_rounds", 13), ("round_limit", 6)])
def test_a_recorded_run_ends_for_the_same_reason_while_that_lasts(tmp_path: Path, name: str, code: int):
    stage = lay_out(name, tmp_path)
    assert (stage.run("--resume").code, stage.paid) == (code, (0, 0))


@pytest.mark.parametrize("name", ["worker_paid", "approved"])
def test_a_recorded_state_of_a_newer_version_is_refused_whole(tmp_path: Path, name: str):
    stage = lay_out(name, tmp_path)
    path = stage.bus / "state.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"schema_version": 1', '"schema_version": 999'), encoding="utf-8")
    before = kept(stage)
    result = stage.run("--resume")
    assert (result.code, "newer" in result.err, stage.paid) == (3, True, (0, 0)), result.err
    assert kept(stage) == before
