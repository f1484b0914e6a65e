"""A two-round run that may be cut off anywhere, and what must be true of it once it has been finished all the same."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.support.runs import Result, Stage, Steps, approves, nothing_left, objects, wait_until

# For nightly runs: every point, instead of a sample that fits into a minute.
EVERY_POINT = bool(os.environ.get("LOOP_TEST_EVERY_POINT"))
SOON = 2.0  # seconds in which everybody has gone when the PM is gone
ROLES = ("worker", "reviewer")
FILES = {"app.txt": "start\n"}
CONTENT = {1: "start\nfirst\n", 2: "start\nfirst\nsecond\n"}
DRAFT = "start\na draft, not committed\n"
ARCHIVED = {
    "r0_manifest.json",
    "r0_task_card.json",
    "r1_work_report.json",
    "r1_review_request.json",
    "r1_review_report.json",
    "r2_fix_list.json",
    "r2_work_report.json",
    "r2_review_request.json",
    "r2_review_report.json",
    "r2_summary.json",
}
CHECKED = {"r0_checks.json", "r1_checks.json", "r2_checks.json"}
# Each end of a run is summed up, a resume with flags changes the manifest, and a check that was cut off before its result
# was sealed is run again; the last take counts.
_TAKES = re.compile(r"r[12]_summary(\.[0-9]+)?\.json|r0_(manifest|checks)\.[0-9]+\.json")
# Fails when another agent of the same stage is alive: the later of two would see the earlier.
_ALONE = """
import os, pathlib, sys
for folder in pathlib.Path("/proc").glob("[0-9]*"):
    try:
        words = (folder / "cmdline").read_bytes().split(b"\\0")
    except OSError:
        continue
    if os.fsencode(sys.argv[1]) in words and int(folder.name) not in (os.getpid(), os.getppid()):
        sys.exit(f"there is another agent, pid {folder.name}")
"""


@dataclass(frozen=True, kw_only=True)
class Point:
    """A moment in an agent's work at which it can be held: `edited`, `committed`, `looking` or `reported`."""

    role: str
    round: int
    moment: str

    def __str__(self) -> str:
        return f"{self.role}-{self.round}-{self.moment}"

    @property
    def delivered(self) -> bool:
        return self.moment == "reported"

    def flag(self, stage: Stage) -> Path:
        return stage.cache.with_name(f"{self}.reached")


def set_up(folder: Path) -> Stage:
    """Return the stage for a run of two rounds, one commit each; nothing holds it."""
    stage = Stage.set_up(folder, files=FILES)
    stage.may_tear = True
    hold(stage)
    return stage


def hold(stage: Stage, *points: Point, before: Sequence[dict[str, Any]] = ()) -> None:
    """Write the script: at each point an agent waits to be killed; who is asked again works on from what is there.

    With points, each call has its own steps: one that should not have been paid finds none and fails the run. `before`
    is what an agent that will be held does first, or each when there are no points.
    """
    if not points:
        first = [*before, *_alone(stage)]
        rounds = {role: {str(number): [*first, *plays(role, number)] for number in (1, 2)} for role in ROLES}
        stage.play(rounds["worker"], rounds["reviewer"])
        return
    script: dict[str, list[Steps]] = {role: [] for role in ROLES}
    for role, round_number in ((role, number) for number in (1, 2) for role in ROLES):
        here = [point for point in points if (point.role, point.round) == (role, round_number)]
        script[role] += [[*before, *_held(stage, point)] for point in here]
        if not any(point.delivered for point in here):
            script[role].append([*_alone(stage), *_sees(here), *plays(role, round_number)])
    stage.play(script["worker"], script["reviewer"])


def _alone(stage: Stage) -> Steps:
    return [{"run": ["{python}", "-S", "-c", _ALONE, str(stage.script)]}]


def _held(stage: Stage, point: Point) -> Steps:
    before = {
        "edited": [{"edit": {"app.txt": DRAFT}}, {"edit": {"new.txt": "not yet known to git\n"}}],
        "committed": plays("worker", point.round)[:-1],
        "looking": [],
        "reported": plays(point.role, point.round),
    }
    return [*_alone(stage), *before[point.moment], {"touch": str(point.flag(stage))}, {"sleep": 60}]


def _sees(before: list[Point]) -> Steps:
    """Let the agent check that it is told of the work that was cut off, and finds it in its tree."""
    if not before or before[-1].role == "reviewer":
        return [{"expect_not": "unfinished-"}]
    told: Steps = [{"expect": "unfinished-"}]
    if before[-1].moment == "edited":
        told += [{"run": ["grep", "-q", "a draft", "app.txt"]}, {"run": ["grep", "-q", "not yet", "new.txt"]}]
    return told


def plays(role: str, round_number: int) -> Steps:
    """Return what an agent does in a round: the worker commits one line more, the reviewer wants that of round 2."""
    if role == "reviewer":
        return objects() if round_number == 1 else approves()
    return [
        {"run": ["rm", "-f", "new.txt"]},
        {"edit": {"app.txt": CONTENT[round_number]}},
        {"run": ["git", "add", "--all"]},
        # An earlier call may have committed this already.
        {"run": ["git", "commit", "--quiet", "--message", f"Round {round_number}"], "ok_codes": [0, 1]},
        {"report": {}},
    ]


# Killing


def kill(stage: Stage, process: "subprocess.Popen[str]", who: str) -> None:
    """Kill `pm`, `round`, `both` or `agent`; those of one word at the same moment."""
    pids = {
        "pm": lambda: [process.pid],
        "round": lambda: rounds(stage),
        "both": lambda: [*rounds(stage), process.pid],
        "agent": lambda: agents(stage),
    }[who]()
    assert pids, f"there is no {who} to kill"
    for number in (signal.SIGSTOP, signal.SIGKILL):  # stopped first, so that nobody sees the other die
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def rounds(stage: Stage) -> list[int]:
    """Return the pids of the round processes, with one that stands by for the next round."""
    return [pid for pid, command in stage.leftovers().items() if " --locks " in command]


def playing(stage: Stage) -> list[int]:
    """Return the pids of the round processes that were called: nobody holds the other end of their input any more."""
    return [pid for pid in rounds(stage) if not _stands_by(pid)]


def _stands_by(pid: int) -> bool:
    with suppress(OSError):
        process = Path("/proc", str(pid))
        parent = (process / "stat").read_text(encoding="ascii").rpartition(")")[2].split()[1]
        word = (process / "fd/0").readlink()
        return str(word).startswith("pipe:") and word in [fd.readlink() for fd in Path("/proc", parent, "fd").iterdir()]
    return False


def agents(stage: Stage) -> list[int]:
    """Return the pids of the agent programs, without what they started themselves."""
    return [pid for pid, command in stage.leftovers().items() if "standin.py" in command]


def all_gone(stage: Stage) -> None:
    wait_until(lambda: not stage.leftovers(), f"everybody's end; there are still {stage.leftovers()}", seconds=SOON)


def go_on(stage: Stage, *more: str) -> Result:
    """Do what a person does after a crash: resume, or start when nothing had begun."""
    begun = (stage.read("state") or {"state": "idle"})["state"] != "idle"
    return stage.run(*(["--resume"] if begun else []), *more)


# What must be true


def ends_as_undisturbed(stage: Stage, result: Result, *, checks: bool = False) -> None:
    """Fail unless the run ended with what the same run gives when nobody disturbs it; `checks` says whether it has any."""
    assert result.code == 0, result.err
    standing = result.standing
    assert (standing["state"], standing["outcome"], standing["round"]) == ("done", "approved", 2)
    assert (standing["error"], standing["hint"]) == ("", "")
    assert stage.git("log", "--format=%s") == "Round 2\nRound 1\nStart"
    assert stage.git("show", "HEAD:app.txt") == CONTENT[2].strip()
    assert stage.git("ls-tree", "--name-only", "-r", "HEAD") == "app.txt"
    assert stage.git("status", "--porcelain") == ""
    _pins_agree(stage, result)
    _log_is_anchored(stage, result)
    _archive_is_complete(stage, ARCHIVED | CHECKED if checks else ARCHIVED)
    feed_is_a_chain(stage)
    nothing_paid_twice(result)
    nothing_left(stage)
    entries = [str(path.relative_to(stage.root)) for path in stage.root.glob(".git/worktrees/**/*")]
    assert not entries, f"git still has an entry for a worktree: {entries}"


def _pins_agree(stage: Stage, result: Result) -> None:
    head, first, base = stage.git("log", "--format=%H").split("\n")
    pins = {name.removeprefix("refs/loop/T-1/"): sha for name, sha in stage.pins().items()}
    assert (pins.pop("r0/base"), pins.pop("r1/head"), pins.pop("r2/head")) == (base, first, head)
    assert [name for name in pins if "/unfinished-" not in name] == []
    assert [row["head_sha"] for row in result.standing["round_details"]] == [first, head]
    assert (result.standing["base_sha"], result.standing["head_sha"]) == (base, head)
    assert result.summary is not None
    assert (result.summary["outcome"], result.summary["head_sha"], result.summary["rounds"]) == ("approved", head, 2)
    for number, sha in ((1, first), (2, head)):
        for kind in ("work_report", "review_request"):
            assert _archived(stage, f"r{number}_{kind}.json")["head_sha"] == sha


def _log_is_anchored(stage: Stage, result: Result) -> None:
    """Fail unless git names the last whole line of the log, and the state one before it; a kill leaves a torn one behind."""
    lines = (stage.bus / "logs/feed.jsonl").read_bytes().split(b"\n")[:-1]
    digests = {sha256(line).hexdigest() for line in lines}
    pinned, named = json.loads(stage.git("cat-file", "blob", "refs/loop/T-1/log")), result.standing["log"]
    assert pinned["digest"] == sha256(lines[-1]).hexdigest()
    assert named["digest"] in digests
    assert named["seq"] <= pinned["seq"]  # a run that was killed after its commit point is only looked at


def _archive_is_complete(stage: Stage, expected: set[str]) -> None:
    names = set(stage.archived())
    assert names >= expected, f"not archived: {expected - names}"
    assert [name for name in names - expected if not _TAKES.fullmatch(name)] == []
    last = max((name for name in names if name.startswith("r2_summary")), key=lambda name: (len(name), name))
    assert _archived(stage, last) == stage.read("summary")


def feed_is_a_chain(stage: Stage) -> None:
    """Fail when an event is missing or tied to another line than the one before; a torn line may be among them."""
    seq, before = 0, ""
    for line in (stage.bus / "logs/feed.jsonl").read_bytes().split(b"\n")[:-1]:
        assert line.count(b'"prev":') <= 1, "an event was written into a torn line"
        with suppress(ValueError):
            event = json.loads(line)
            assert (event["seq"], event["prev"]) == (seq + 1, before)
            seq += 1
        before = sha256(line).hexdigest()


def _archived(stage: Stage, name: str) -> Any:
    return json.loads((stage.bus / "archive/T-1" / name).read_text(encoding="utf-8"))


def nothing_paid_twice(result: Result) -> None:
    """Fail when somebody was asked again for a document that had been handed in; one call may have been cut off."""
    delivered: set[tuple[str, int]] = set()
    for line in result.feed:
        key = (line["data"].get("role"), line["data"].get("round"))
        if line["event"] == "document_accepted":
            delivered.add(key)
        assert line["event"] != "dispatch_started" or key not in delivered, f"{key} was paid twice"


def told(stage: Stage, event: str, round_number: int, role: str = "") -> Callable[[], bool]:
    """Return the question whether the feed tells of an event, of a round and a role where it names one."""

    def fits(data: Mapping[str, Any]) -> bool:
        return data.get("round", round_number) == round_number and (not role or data.get("role") == role)

    return lambda: any(line["event"] == event and fits(line["data"]) for line in stage.feed())
