"""Many rounds in one run: the last one costs what the second did, in time, memory, descriptors and on the disk."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from loop_kit.model.state import KEPT_ROWS
from tests.support.crashes import EVERY_POINT, feed_is_a_chain
from tests.support.runs import Stage, Steps, approves, clearing, nothing_left, objects

ROUNDS = 200 if EVERY_POINT else 60  # a round takes half a second
SETTLED = 20  # rounds after which everything has been loaded once
MEGABYTE = 1024  # in the units of /proc/PID/status
# Run by the worker: it looks at the PM, which is its parent's parent's parent, and at the round process below it.
LOOK = """
import json, os, pathlib, sys
def line(pid): return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
def seen(pid):
    status = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    return {"fds": len(os.listdir(f"/proc/{pid}/fd")), "rss": int(status["VmRSS"].split()[0]),
            "ticks": sum(map(int, line(pid)[11:13]))}
round_process = int(line(os.getppid())[1])
pm = int(line(round_process)[1])
facts = {"pm": seen(pm), "round": seen(round_process), "at": float(pathlib.Path("/proc/uptime").read_text().split()[0])}
with open(sys.argv[1], "a") as file:
    file.write(json.dumps(facts) + "\\n")
"""


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stage, list[Mapping[str, Any]]]]:
    """Play them all; gives the stage and what the worker saw of loop in each round."""
    folder = tmp_path_factory.mktemp("many")
    looked = folder / "looked.jsonl"
    work: Steps = [
        {"run": ["{python}", "-S", "-c", LOOK, str(looked)]},
        {"append": {"app.txt": "one line more\n"}},
        {"commit": "One line more"},
        {"report": {}},
    ]
    stage = Stage.set_up(folder, worker={"*": work}, reviewer={"*": objects(), str(ROUNDS): approves()})
    (folder / "tmp").mkdir()
    stage.env["TMPDIR"] = str(folder / "tmp")
    with clearing(stage):
        result = stage.end(stage.start("run", "--max-rounds", str(ROUNDS)), seconds=20 * ROUNDS)
        assert result.code == 0, result.err
        yield stage, [json.loads(line) for line in looked.read_text(encoding="utf-8").splitlines()]


Played = tuple[Stage, list[Mapping[str, Any]]]


@pytest.mark.timeout(20 * ROUNDS)
def test_every_round_is_played_once_and_archived(played: Played):
    stage, looks = played
    standing = stage.look().standing
    assert (standing["outcome"], standing["round"], len(looks)) == ("approved", ROUNDS, ROUNDS)
    assert stage.paid == (ROUNDS, ROUNDS)
    assert stage.git("rev-list", "--count", "HEAD") == str(ROUNDS + 1)
    expected = {"r0_manifest.json", "r0_task_card.json", f"r{ROUNDS}_summary.json"}
    for kind in ("work_report", "review_request", "review_report"):
        expected |= {f"r{number}_{kind}.json" for number in range(1, ROUNDS + 1)}
    expected |= {f"r{number}_fix_list.json" for number in range(2, ROUNDS + 1)}
    assert set(stage.archived()) == expected
    feed_is_a_chain(stage)


def test_of_many_rounds_only_what_is_needed_is_left(played: Played):
    stage, _ = played
    standing = stage.look().standing
    assert len(standing["round_details"]) == KEPT_ROWS
    heads = {f"refs/loop/T-1/r{number}/head" for number in range(1, ROUNDS + 1)}
    assert set(stage.pins()) == {"refs/loop/T-1/r0/base", *heads}
    assert set(stage.refs()) == {"refs/loop/T-1/r0/run", "refs/loop/T-1/log", *stage.pins()}
    nothing_left(stage)
    assert list(Path(stage.env["TMPDIR"]).iterdir()) == []
    assert "garbage: 0" in stage.git("count-objects", "-v").splitlines()


def test_the_last_of_many_rounds_finds_a_pm_like_the_second_did(played: Played):
    _, looks = played
    early, late = looks[1]["pm"], looks[-1]["pm"]
    assert looks[-2]["pm"]["fds"] == early["fds"]  # beside the last round no process stands by for a next one
    assert [look["round"]["fds"] for look in looks[1:]] == [looks[1]["round"]["fds"]] * (ROUNDS - 1)
    # What a round tells the PM is read and let go: nothing of it may stay, and a hundred rounds tell 100 KB.
    assert late["rss"] - looks[SETTLED]["pm"]["rss"] <= MEGABYTE
    assert looks[-1]["round"]["rss"] - looks[SETTLED]["round"]["rss"] <= MEGABYTE
