"""The log's end is synced, named by the state and pinned in git, whoever is killed or lies in between."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from loop_kit.bus.feed import Feed
from loop_kit.model.events import OtherEvent
from tests.support.crashes import kill
from tests.support.dying import PROGRAM
from tests.support.repos import git
from tests.support.runs import Stage, Steps, approves, ended, objects, wait_until, works

REF = "refs/loop/T-1/log"
COMMITS = "rename .state.json"  # what a round does right after the ref has moved
MORE: Steps = works("three\n")
# Writes the whole log anew, with another text in its first event and an unbroken chain.
FORGE = """
import hashlib, json, pathlib
log = pathlib.Path(".loop/logs/feed.jsonl")
events, before, lines = [json.loads(line) for line in log.read_text().splitlines()], "", []
events[0]["data"]["branch"] = "forged"
for event in events:
    event["prev"] = before
    lines.append(json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode())
    before = hashlib.sha256(lines[-1]).hexdigest()
log.write_bytes(b"".join(line + b"\\n" for line in lines))
"""


def pinned(stage: Stage, ref: str = REF) -> dict[str, Any]:
    anchor = json.loads(stage.git("cat-file", "blob", ref))
    assert isinstance(anchor, dict)
    return anchor


def head(stage: Stage) -> dict[str, Any]:
    """Return the anchor of the log's last line."""
    last = (stage.bus / "logs/feed.jsonl").read_bytes().splitlines()[-1]
    return {"seq": json.loads(last)["seq"], "digest": sha256(last).hexdigest()}


def seq_of(stage: Stage, event: str) -> int:
    return max(int(line["seq"]) for line in stage.feed() if line["event"] == event)


def found(stage: Stage) -> list[tuple[str, bool]]:
    """Return code and note of all that `loop fsck` says."""
    lines = map(json.loads, stage.loop("fsck", "--json").out.splitlines())
    return [(line["code"], line["note"]) for line in lines]


def two_rounds(folder: Path, second: Steps = MORE) -> Stage:
    return Stage.set_up(folder, worker=[works(), second, MORE], reviewer=[objects(), approves()])


def test_a_commit_point_names_the_end_of_the_log_and_the_end_of_the_run_is_pinned(tmp_path: Path):
    stage = two_rounds(tmp_path)
    assert stage.run("--single-round").code == 10
    assert (stage.look().standing["log"], stage.look().standing["log"]) == (pinned(stage), head(stage))
    ended(stage, stage.run("--resume"), 0, paid=(2, 2))
    assert stage.look().standing["log"]["seq"] == seq_of(stage, "decided")
    assert pinned(stage) == head(stage)
    assert head(stage)["seq"] == seq_of(stage, "run_ended")
    assert stage.loop("fsck").out == "no problems\n"


def test_a_run_that_ends_without_approval_pins_its_end_too(tmp_path: Path):
    stage = Stage.set_up(tmp_path, reviewer=[objects()])
    assert stage.run("--max-rounds", "1").code == 6
    assert pinned(stage) == head(stage)
    assert stage.loop("fsck").code == 0


def test_what_everybody_who_was_killed_had_not_anchored_is_a_note(tmp_path: Path):
    stage = two_rounds(tmp_path, [{"sleep": 100}])
    process = stage.start("run")
    wait_until(lambda: len(stage.calls("worker")) == 2, "the second call of the worker")
    kill(stage, process, "both")
    assert stage.end(process).code == -9
    assert found(stage)[0] == ("unanchored", True)
    assert pinned(stage) == stage.look().standing["log"] != head(stage)
    ended(stage, stage.run("--resume"), 0, paid=(3, 2))
    assert stage.loop("fsck").out == "no problems\n"


def test_what_a_killed_run_told_last_is_anchored_when_somebody_looks_at_it_again(tmp_path: Path):
    stage = Stage.set_up(tmp_path)
    assert stage.run().code == 0
    Feed(stage.bus / "logs/feed.jsonl").append(OtherEvent("told", {}), run_id="r", now="2025-01-31T08:00:00.000Z")
    assert found(stage) == [("unanchored", True)]
    ended(stage, stage.run("--resume"), 0, paid=(1, 1))
    assert pinned(stage) == head(stage)


@pytest.mark.parametrize("number", [1, 2])
def test_whoever_is_killed_between_ref_and_state_leaves_a_ref_that_is_ahead(tmp_path: Path, number: int):
    undisturbed = two_rounds(tmp_path / "undisturbed")
    journal = tmp_path / "journal"
    assert undisturbed.end(undisturbed.start("run", program=[*PROGRAM, f"0@{number}", str(journal)])).code == 0
    deeds = journal.with_name(f"journal.{number}").read_text(encoding="utf-8").splitlines()
    last = sum(all(word in deed for word in COMMITS.split()) for deed in deeds)
    stage = two_rounds(tmp_path / "killed")
    program = [*PROGRAM, f"{last}@{number}:{COMMITS}", str(tmp_path / "fatal")]
    assert stage.end(stage.start("run", program=program)).code == 143
    log = stage.look().standing.get("log")
    assert (log or {"seq": 0})["seq"] < seq_of(stage, "decided") < pinned(stage)["seq"]
    assert found(stage) == [("half_written", False)]  # nothing is said of the log
    ended(stage, stage.run("--resume"), 0, paid=(2, 2))
    assert pinned(stage) == head(stage)
    assert stage.loop("fsck").out == "no problems\n"


def test_an_agent_that_moves_the_ref_stops_the_run(tmp_path: Path):
    for verb in ("update-ref -d", "hash-object"):
        moved = ["git", *verb.split(), REF] if "-d" in verb else ["sh", "-c", f"git update-ref {REF} HEAD"]
        stage = two_rounds(tmp_path / verb, [{"run": moved}, *MORE])
        result = stage.run()
        assert (result.code, stage.paid) == (11, (2, 1)), result.err
        assert f"ref of loop touched during the round: {REF} " in result.err


def test_an_agent_that_writes_the_log_anew_is_found_out_before_it_is_anchored(tmp_path: Path):
    stage = two_rounds(tmp_path, [{"run": ["{python}", "-c", FORGE]}, *MORE])
    result = stage.run()
    assert (result.code, stage.paid) == (11, (2, 2)), result.err
    assert "logs/feed.jsonl was changed: it does not hold event" in result.err
    before = pinned(stage)
    assert before == result.standing["log"]
    assert ("anchor", False) in found(stage)
    ended(stage, stage.run("--resume"), 0, paid=(2, 2))
    assert pinned(stage, "refs/loop/T-1/older/log-1") == before
    assert pinned(stage) == head(stage)
    assert "was changed" in stage.look().events("noticed")[-1]["what"][0]
    assert found(stage) == [("anchor", True)]
    assert stage.loop("fsck").code == 0


def set_back(stage: Stage) -> None:
    first = (stage.bus / "logs/feed.jsonl").read_bytes().splitlines()[0]
    anchor = json.dumps({"seq": 1, "digest": sha256(first).hexdigest()}).encode()
    stage.git("update-ref", REF, git(stage.root, "hash-object", "-w", "--stdin", input=anchor))


def delete_ref(stage: Stage) -> None:
    stage.git("update-ref", "-d", REF)


def name_something_else(stage: Stage) -> None:
    stage.git("update-ref", REF, git(stage.root, "hash-object", "-w", "--stdin", input=b"something else"))


def delete_log(stage: Stage) -> None:
    (stage.bus / "logs/feed.jsonl").unlink()


def cut_log(stage: Stage) -> None:
    log = stage.bus / "logs/feed.jsonl"
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:3]))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (set_back, "refs/loop/T-1/log names event 1"),
        (delete_ref, "refs/loop/T-1/log names nothing"),
        (name_something_else, "refs/loop/T-1/log names something that loop did not write"),
        (delete_log, "logs/feed.jsonl was changed"),
        (cut_log, "logs/feed.jsonl was changed"),
    ],
)
def test_what_no_kill_leaves_is_told_a_person_once_and_then_taken_as_it_is(tmp_path: Path, change: Any, says: str):
    stage = two_rounds(tmp_path)
    assert stage.run("--single-round").code == 10
    change(stage)
    assert ("anchor", False) in found(stage)
    result = stage.run("--resume")
    assert (result.code, says in result.err, stage.paid) == (11, True, (1, 1)), result.err
    ended(stage, stage.run("--resume"), 0, paid=(2, 2))
    assert pinned(stage) == head(stage)
    assert stage.loop("fsck").code == 0


def test_a_run_without_an_anchor_goes_on_and_has_one_then(tmp_path: Path):
    stage = two_rounds(tmp_path)
    assert stage.run("--single-round").code == 10
    delete_ref(stage)
    state = stage.look().standing
    del state["log"]
    (stage.bus / "state.json").write_text(json.dumps(state), encoding="utf-8")
    assert stage.loop("fsck").out == "no problems\n"
    ended(stage, stage.run("--resume"), 0, paid=(2, 2))
    assert pinned(stage) == head(stage)


def test_what_a_person_does_with_a_run_is_told_and_anchored(tmp_path: Path):
    stage = Stage.set_up(tmp_path)
    stage.git("switch", "--quiet", "--create", "feature")
    assert stage.run().code == 0
    state = stage.look().standing
    assert stage.loop("accept", "--into", "main").code == 0
    assert stage.look().events("accepted") == [{"into": "main", "sha": stage.git("rev-parse", "main"), "exact": True}]
    assert pinned(stage) == head(stage)
    assert "accepted into main as" in stage.loop("log").out
    assert stage.loop("undo", "--yes").code == 0
    undone = {"sha": state["head_sha"], "ref": "refs/loop/T-1/r0/undone"}
    assert stage.look().events("undone") == [undone]
    assert pinned(stage) == head(stage)
    assert stage.loop("fsck").out == "no problems\n"


@pytest.mark.parametrize("deed", [": > .loop/logs/feed.jsonl", "rm .loop/logs/feed.jsonl", "rm -r .loop/logs"])
def test_a_log_that_goes_in_the_first_round_is_told_and_the_next_resume_goes_on(tmp_path: Path, deed: str):
    stage = Stage.set_up(tmp_path, worker=[[*works(), {"run": ["sh", "-c", deed]}]], reviewer=[approves()])
    assert stage.run().code in (3, 11)
    told = stage.run("--resume")
    assert (told.code, "log" in told.err) == (11, True) or told.code == 0
    if told.code:
        assert stage.run("--resume").code == 0
    assert (len(stage.calls("worker")), len(stage.calls("reviewer"))) == (1, 1)


BELIEVED = """
import hashlib, json, pathlib
log = pathlib.Path(".loop/logs/feed.jsonl")
last = log.read_bytes().splitlines()[-1]
event = {**json.loads(last), "seq": 5000, "prev": hashlib.sha256(last).hexdigest()}
log.write_bytes(log.read_bytes() + json.dumps(event).encode() + b"\\n")
"""


@pytest.mark.parametrize(
    "deed",
    [
        ["{python}", "-c", BELIEVED],
        ["git", "update-ref", REF, "HEAD"],
        ["git", "symbolic-ref", REF, "refs/heads/main"],
        ["git", "update-ref", "-d", REF],
    ],
    ids=["a number out of turn", "a commit", "a symbolic ref", "nothing"],
)
@pytest.mark.parametrize("first", [True, False])
def test_whoever_touches_the_anchor_is_told_and_the_run_goes_on_when_a_person_says_so(
    tmp_path: Path, deed: list[str], first: bool
):
    touched: Steps = [*works(), {"run": deed}]
    workers = [touched, MORE] if first else [works(), [*MORE, {"run": deed}]]
    stage = Stage.set_up(tmp_path, worker=workers, reviewer=[objects(), approves()])
    assert stage.run().code == 11
    again = stage.run("--resume")
    if again.code == 11:  # what is told when a run is taken up again
        again = stage.run("--resume")
    ended(stage, again, 0, paid=(2, 2))


def test_an_anchor_whose_object_is_gone_is_told_and_the_run_goes_on_when_a_person_says_so(tmp_path: Path):
    stage = two_rounds(tmp_path)
    assert stage.run("--single-round").code == 10
    blob = stage.git("rev-parse", REF).strip()
    (stage.root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    assert stage.run("--resume").code == 11
    ended(stage, stage.run("--resume"), 0, paid=(2, 2))
