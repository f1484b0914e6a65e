"""The whole examination through the real command: what is planted is found, what loses nothing is repaired."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from loop_kit.bus import heartbeat
from loop_kit.bus.feed import Feed
from loop_kit.bus.heartbeat import Beat
from loop_kit.model.events import OtherEvent
from loop_kit.processes.lineage import Owner
from loop_kit.values import asdict
from loop_kit.vcs.worktree import tree_path
from tests.support.runs import Stage, wait_until

REF = "refs/loop/T-1"
GONE = Owner(pid=4_000_000, host=Owner.me().host, start_time="1")


def test_a_finished_run_is_whole(stage: Stage):
    result = stage.loop("fsck")
    assert (result.code, result.out, result.err) == (0, "no problems\n", "")


def test_it_changes_nothing_without_being_told_to(stage: Stage):
    (stage.bus / "runtime/T-1-r1-worker-1").mkdir()
    before = {path: path.lstat().st_mtime_ns for path in stage.bus.rglob("*")}
    assert stage.loop("fsck").code == 11
    assert {path: path.lstat().st_mtime_ns for path in stage.bus.rglob("*")} == before


def codes(stage: Stage, *args: str) -> list[str]:
    return [json.loads(line)["code"] for line in stage.loop("fsck", "--json", *args).out.splitlines()]


def damage_document(stage: Stage) -> None:
    (stage.bus / "review_report.json").write_text('{"task_id": "T-1", "round": 2}', encoding="utf-8")


def tear_document(stage: Stage) -> None:
    (stage.bus / "summary.json").write_text('{"task_id": "T-', encoding="utf-8")


def damage_archive(stage: Stage) -> None:
    (stage.bus / "archive/T-1/r1_work_report.json").write_text("", encoding="utf-8")


def damage_a_review(stage: Stage) -> None:
    (stage.bus / "archive/T-1/r1_review_report.json").write_text("{", encoding="utf-8")


def turn_a_decision(stage: Stage) -> None:
    path = stage.bus / "archive/T-1/r1_review_report.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document |= {"decision": "approve", "blocking_issues": []}
    path.write_text(json.dumps(document), encoding="utf-8")


def turn_an_older_decision(stage: Stage) -> None:
    """The state has no digests, as an older loop has left it."""
    turn_a_decision(stage)
    path = stage.bus / "state.json"
    state = json.loads(path.read_text(encoding="utf-8"))
    for row in state["round_details"]:
        row["digests"] = {}
    path.write_text(json.dumps(state), encoding="utf-8")


def add_a_take(stage: Stage) -> None:
    folder = stage.bus / "archive/T-1"
    (folder / "r1_review_report.2.json").write_bytes((folder / "r2_review_report.json").read_bytes())


def change_the_feed(stage: Stage) -> None:
    path = stage.bus / "logs/feed.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines[:2], lines[2].replace("round", "raund"), *lines[3:], ""]), encoding="utf-8")


def cut_the_feed(stage: Stage) -> None:
    path = stage.bus / "logs/feed.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def lose_the_feed(stage: Stage) -> None:
    (stage.bus / "logs/feed.jsonl").unlink()


def lose_the_anchor(stage: Stage) -> None:
    stage.git("update-ref", "-d", f"{REF}/log")


def anchor_nothing(stage: Stage) -> None:
    stage.git("update-ref", f"{REF}/log", "HEAD")


def lose_the_manifest(stage: Stage) -> None:
    (stage.bus / "archive/T-1/r0_manifest.json").unlink()


def lose_the_summary(stage: Stage) -> None:
    (stage.bus / "archive/T-1/r2_summary.json").unlink()


def lose_the_refs(stage: Stage) -> None:
    for name in stage.refs():
        stage.git("update-ref", "-d", name)


def lose_the_archive(stage: Stage) -> None:
    (stage.bus / "archive/T-1").rename(stage.root.parent / "elsewhere")


def lose_an_object(stage: Stage) -> None:
    sha = stage.git("hash-object", "-w", "--stdin")
    stage.git("update-ref", f"{REF}/r1/odd", sha)
    (stage.root / ".git/objects" / sha[:2] / sha[2:]).unlink()


@pytest.mark.parametrize(
    ("plant", "found"),
    [
        (damage_document, {"bad_document"}),
        (tear_document, {"bad_document"}),
        (damage_archive, {"bad_archive", "swapped"}),
        (damage_a_review, {"bad_archive", "swapped"}),
        (turn_a_decision, {"swapped"}),
        (turn_an_older_decision, {"other_decision"}),
        (add_a_take, {"swapped"}),
        (change_the_feed, {"feed"}),
        (cut_the_feed, {"anchor"}),
        (lose_the_feed, {"anchor"}),
        (lose_the_anchor, {"anchor", "unanchored"}),
        (anchor_nothing, {"anchor", "unanchored"}),
        (lose_the_manifest, {"no_manifest"}),
        (lose_the_summary, {"no_summary"}),
        (lose_the_archive, {"unknown_run", "no_manifest", "swapped", "no_summary"}),
        (lose_an_object, {"lost_object"}),
    ],
)
def test_what_only_a_person_can_judge_is_said_and_stays(stage: Stage, plant: Callable[[Stage], None], found: set[str]):
    plant(stage)
    files = {path: path.read_bytes() for path in stage.bus.rglob("*") if path.is_file() and path.name != "lock"}
    assert set(codes(stage)) == found
    assert stage.loop("fsck", "--repair").code == 11
    assert {path: path.read_bytes() for path in files} == files


def tell(stage: Stage, event: str = "told") -> None:
    Feed(stage.bus / "logs/feed.jsonl").append(OtherEvent(event, {}), run_id="r", now="2025-01-31T08:00:00.000Z")


def test_what_nobody_has_anchored_yet_is_a_note(stage: Stage):
    last = len(stage.feed())
    tell(stage)
    with (stage.bus / "logs/feed.jsonl").open("ab") as file:
        file.write(b'{"seq":')
    result = stage.loop("fsck")
    assert (result.code, result.out.splitlines()[-1]) == (0, "no problems")
    assert f"1 event after event {last} not anchored yet" in result.out
    assert "the last line is torn" in result.out


def test_a_change_of_the_log_is_told_with_its_side_of_the_anchor(stage: Stage):
    last = len(stage.feed())
    for _ in range(3):
        tell(stage)
    path = stage.bus / "logs/feed.jsonl"
    for number, side in ((last + 1, f", after event {last}, the last that is anchored"), (2, f", before event {last}")):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        lines[number] = lines[number].replace('"data":{', '"data":{"x":1', 1)
        path.write_text("".join(lines).replace('{"x":1"', '{"x":1,"'), encoding="utf-8")
        result = stage.loop("fsck")
        assert (result.code, side in result.out) == (11, True), result.out


def lose_a_pin(stage: Stage) -> None:
    stage.git("update-ref", "-d", f"{REF}/r1/head")


def leave_half_a_file(stage: Stage) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    (stage.bus / f"logs/T-1/.prompt.txt.{process.pid}.0123456789abcdef.tmp").write_text("ha", encoding="utf-8")


def leave_a_heart(stage: Stage) -> None:
    beat = Beat(role="worker", **asdict(GONE), dispatch_id="d", at="2025-01-01T00:00:00.000Z")
    assert heartbeat.write(stage.bus / "runtime/worker.heartbeat.json", beat)


def leave_an_outbox(stage: Stage) -> None:
    (stage.bus / "runtime/T-1-r1-worker-1").mkdir()


def leave_a_worktree(stage: Stage) -> None:
    stage.git("worktree", "add", "--quiet", "--detach", str(review(stage)), "HEAD")


def leave_an_entry(stage: Stage) -> None:
    leave_a_worktree(stage)
    review(stage).rename(stage.root.parent / "elsewhere")
    scratch(stage).rmdir()


def review(stage: Stage) -> Path:
    return tree_path(scratch(stage), "review")


def scratch(stage: Stage) -> Path:
    manifest = json.loads((stage.bus / "archive/T-1/r0_manifest.json").read_text(encoding="utf-8"))
    return Path(str(manifest["scratch"]), str(manifest["run_id"]))


@pytest.mark.parametrize(
    ("plant", "found"),
    [
        (lose_a_pin, "no_pin"),
        (leave_half_a_file, "half_written"),
        (leave_a_heart, "dead_heartbeat"),
        (leave_an_outbox, "outbox"),
        (leave_a_worktree, "worktree"),
        (leave_an_entry, "worktree"),
    ],
)
def test_what_loses_nothing_is_repaired(stage: Stage, plant: Callable[[Stage], None], found: str):
    plant(stage)
    assert codes(stage) == [found]
    assert codes(stage, "--repair") == [found]
    assert stage.loop("fsck").out == "no problems\n"


def test_a_report_that_nobody_took_in_is_kept(stage: Stage):
    outbox = stage.bus / "runtime/T-1-r2-worker-9"
    outbox.mkdir()
    (outbox / "report.json").write_text('{"paid": "for"}', encoding="utf-8")
    assert codes(stage, "--repair") == ["outbox"]
    assert [path.read_text(encoding="utf-8") for path in stage.bus.glob("archive/_unfiled/*/report.json")] == [
        '{"paid": "for"}'
    ]


def test_the_processes_of_a_dead_run_are_ended(stage: Stage):
    run_id = (stage.read("state") or {})["run_id"]
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    with subprocess.Popen(command, env={**os.environ, "LOOP_RUN_ID": run_id}) as process:
        wait_until(lambda: codes(stage) == ["processes"], "the process")
        assert codes(stage, "--repair") == ["processes"]
        assert process.wait(10) == -signal.SIGTERM


def test_a_living_run_is_left_alone(stage: Stage):
    stage.play({"*": [{"sleep": 100}]})
    process = stage.start("run")
    wait_until(lambda: stage.calls("worker")[2:], "the worker")
    result = stage.loop("fsck")
    assert (result.code, result.out) == (0, "a run is alive: its own work in progress is not examined\nno problems\n")
    assert stage.loop("fsck", "--repair").code == 5
    process.send_signal(signal.SIGINT)
    assert stage.end(process).code == 130
    assert stage.loop("fsck").code == 0


def test_what_an_unfinished_run_will_look_for_stays(stage: Stage):
    stage.play({"*": works_later()}, {"*": [{"sleep": 100}]})
    process = stage.start("run")
    wait_until(lambda: stage.calls("reviewer")[2:], "the reviewer")
    process.kill()
    stage.end(process)
    wait_until(lambda: not stage.leftovers(), "everybody's end")
    outboxes = sorted((stage.bus / "runtime").glob("T-1*"))
    assert stage.loop("fsck", "--repair").code == 0
    assert sorted((stage.bus / "runtime").glob("T-1*")) == outboxes
    stage.play({"*": works_later()}, {"*": [{"report": {"decision": "approve", "blocking_issues": []}}]})
    assert stage.run("--resume").code == 0


def works_later() -> list[dict[str, object]]:
    return [{"append": {"app.txt": "more\n"}}, {"commit": "More"}, {"report": {}}]
