"""Runs that were stopped, as a version of loop left them on the disk: recorded once, laid out again for tests.

    python -m tests.support.recorded FOLDER        records every situation anew into FOLDER/NAME

A recording is text: the repository as `git fast-export` tells it, what that does not tell (blobs under refs/loop, git's
settings, worktrees, uncommitted files, empty folders) as JSON, and the bus as it lay there. What names the machine or
one single run is a mark in it: `@FOLDER@` where everything lay, `@RUN@` the run's id, which is another one for each
lay-out, because processes are found by it. What follows from the two is computed when it is laid out: the digests of the
manifest in the state, and the chain of the feed. Left out are the agents' calls, worktrees' files, which loop makes anew,
and all of a prompt but its first line. `@HOST@` is the machine, whose dead processes are known to be dead.

The recordings in tests/recorded stay as they are: what has to go on with them is loop.
"""

import json
import os
import re
import signal
import sys
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.support.crashes import kill
from tests.support.dying import PROGRAM
from tests.support.isolation import isolated
from tests.support.repos import git
from tests.support.runs import Calls, Stage, Steps, approves, clearing, objects, wait_until

RECORDED = Path(__file__).resolve().parents[1] / "recorded"
FOLDER, RUN = "@FOLDER@", "@RUN@"
HERE, HOST = f'"host": "{os.uname().nodename}"', '"host": "@HOST@"'
CONFIG = '\n[checks.said]\nargv = ["grep", "-q", ".", "app.txt"]\n'
BY_HAND = CONFIG + '\n[run]\nreviewer_backend = "script"\n\n[backends.script]\nscript = "script.json"\n'
WORK: Steps = [{"append": {"app.txt": "more\n"}}, {"commit": "More"}, {"report": {}}]
WORKS: Calls = {"*": WORK}
CONTENT: Calls = {"*": approves()}
OBJECTS: Calls = {"*": objects()}
STAYS: Steps = [{"sleep": 100}]
_FEED = "logs/feed.jsonl"
_PREV = re.compile(rb'"prev":"[0-9a-f]*"')
_NOT_KEPT = re.compile(r"script\.json\.calls(/.*)?|\.gitignore")


# How each situation is come by


def worker_paid(stage: Stage) -> None:
    """Everybody was killed while the worker was at it, with half of its work in the tree."""
    stage.play({"*": [{"edit": {"app.txt": "half\n"}}, *STAYS]}, CONTENT)
    _kill_when(stage, lambda: (stage.root / "app.txt").read_text(encoding="utf-8") == "half\n")


def worker_reported(stage: Stage) -> None:
    """Everybody was killed when the worker had committed and handed in, and had not ended."""
    stage.play({"*": [*WORK, {"said": "that is all"}, *STAYS]}, CONTENT)
    _kill_when(stage, lambda: any("that is all" in log.read_text(encoding="utf-8") for log in _output(stage)))


def before_review(stage: Stage) -> None:
    """The round was killed when the work was taken in and checked, right before the reviewer was to be asked."""
    journal = stage.cache.with_name("journal")
    program = [*PROGRAM, "1@1:mkdir T-1-r1-reviewer", str(journal)]
    assert stage.end(stage.start("run", program=program)).code == 143


def reviewer_paid(stage: Stage) -> None:
    """Everybody was killed while the reviewer was at it."""
    stage.play(WORKS, {"*": STAYS})
    _kill_when(stage, lambda: stage.calls("reviewer"))


def stopped_between_rounds(stage: Stage) -> None:
    """A round had ended with changes required, and `.loop/STOP` ended the run before the next."""
    stage.play(WORKS, OBJECTS)
    assert stage.run("--single-round").code == 10
    (stage.bus / "STOP").touch()
    assert stage.run("--resume").code == 13


def round_limit(stage: Stage) -> None:
    """The one round that was allowed ended with changes required."""
    stage.play(WORKS, OBJECTS)
    assert stage.run("--max-rounds", "1").code == 6


def approved(stage: Stage) -> None:
    """The second round was approved."""
    stage.play(WORKS, {"1": objects(), "2": approves("Say it louder.")})
    assert stage.run().code == 0


def next_run(stage: Stage) -> None:
    """The task was approved, and everybody was killed when it was run once more and the worker was at it."""
    assert stage.run().code == 0
    stage.forget_calls()
    stage.play({"*": [{"edit": {"app.txt": "half\n"}}, *STAYS]}, CONTENT)
    _kill_when(stage, lambda: (stage.root / "app.txt").read_text(encoding="utf-8") == "half\n")


def person_waited_for(stage: Stage) -> None:
    """The worker is a person; everybody was killed while the run waited for them."""
    stage.configure(BY_HAND)
    _kill_when(stage, (stage.bus / "archive/T-1/r0_checks.json").exists)


SITUATIONS: dict[str, Callable[[Stage], None]] = {
    made.__name__: made
    for made in (
        worker_paid,
        worker_reported,
        before_review,
        reviewer_paid,
        stopped_between_rounds,
        round_limit,
        approved,
        next_run,
        person_waited_for,
    )
}


def _kill_when(stage: Stage, fact: Callable[[], Any]) -> None:
    process = stage.start("run")
    wait_until(fact, "the moment to kill")
    kill(stage, process, "both")
    assert stage.end(process).code == -signal.SIGKILL


def _output(stage: Stage) -> list[Path]:
    return list((stage.bus / "logs").rglob("*.out.log"))


# Recording


def record(name: str, folder: Path) -> None:
    """Come by a situation and write it down as `folder`."""
    with tempfile.TemporaryDirectory(prefix="loop-recorded-") as place:
        with clearing(Stage.set_up(Path(place).resolve(), worker=WORKS, reviewer=CONTENT, config=CONFIG)) as stage:
            SITUATIONS[name](stage)
        stage.play(WORKS, CONTENT)
        write(stage, folder)


def write(stage: Stage, folder: Path) -> None:
    """Write a stage down that nobody works in any more."""
    state = stage.read("state")
    assert state is not None
    marks = {str(stage.root.parent): FOLDER, state["run_id"]: RUN, HERE: HOST}
    bus = [path for path in sorted(stage.bus.rglob("*")) if not _NOT_KEPT.fullmatch(_below(stage.bus, path))]
    for path in (path for path in bus if path.is_file()):
        text = _marked(path.read_text(encoding="utf-8"), marks)
        target = folder / "bus" / _below(stage.bus, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        cut = text.partition("\n")[0] + "\n…\n" if path.name.endswith(".prompt.txt") else text
        target.write_text(cut, encoding="utf-8")
    history = git(stage.root, "fast-export", "--glob=refs/heads", "--glob=refs/loop", "--show-original-ids") + "\n"
    (folder / "repository.fast-export").write_text(history, encoding="utf-8")
    empty = [_below(stage.bus, path) for path in bus if path.is_dir() and not any(path.iterdir())]
    beside = {**_beside(stage), "empty_folders": empty}
    told = _marked(json.dumps(beside, indent=2, ensure_ascii=False), marks)
    (folder / "beside.json").write_text(told + "\n", encoding="utf-8")


def _beside(stage: Stage) -> dict[str, Any]:
    """Return what git's export does not tell."""
    kinds = stage.git("for-each-ref", "--format=%(objecttype) %(refname)", "refs/loop").splitlines()
    changed = stage.git("diff", "--name-only", "HEAD").splitlines()
    trees = stage.git("worktree", "list", "--porcelain").split("\n\n")[1:]
    return {
        "blobs": {
            ref: stage.git("cat-file", "blob", ref)
            for kind, ref in (each.split(" ") for each in kinds)
            if kind == "blob"
        },
        "config": (stage.root / ".git/config").read_text(encoding="utf-8"),
        "uncommitted": {path: (stage.root / path).read_text(encoding="utf-8") for path in changed},
        "worktrees": [dict(line.partition(" ")[::2] for line in tree.splitlines()) for tree in trees],
    }


def _below(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def _marked(text: str, marks: dict[str, str]) -> str:
    for each, mark in marks.items():
        text = text.replace(each, mark)
    return text


# Laying out


def lay_out(name: str, folder: Path) -> Stage:
    """Lay a recording out below `folder` and return the stage: everything is there but those who were killed."""
    source, root = RECORDED / name, folder / "repo"
    run = sha256(str(folder).encode()).hexdigest()[:16]

    def real(text: str) -> str:
        return text.replace(FOLDER, str(folder)).replace(RUN, run).replace(HOST, HERE)

    beside = json.loads(real((source / "beside.json").read_text(encoding="utf-8")))
    root.mkdir(parents=True)
    git(root, "init", "--quiet", "--initial-branch", "main")
    (root / ".git/config").write_text(beside["config"], encoding="utf-8")
    git(root, "fast-import", "--quiet", input=(source / "repository.fast-export").read_bytes())
    git(root, "reset", "--quiet", "--hard")
    for ref, content in beside["blobs"].items():
        git(root, "update-ref", ref, git(root, "hash-object", "-w", "--stdin", input=content.encode()))
    for tree in beside["worktrees"]:
        git(root, "worktree", "add", "--quiet", "--detach", tree["worktree"], tree["HEAD"])
    for path, content in beside["uncommitted"].items():
        (root / path).write_text(content, encoding="utf-8")
    bus = root / ".loop"
    for path in (path for path in (source / "bus").rglob("*") if path.is_file()):
        target = bus / _below(source / "bus", path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(real(path.read_text(encoding="utf-8")), encoding="utf-8")
    for empty in beside["empty_folders"]:
        (bus / empty).mkdir(parents=True)
    (bus / ".gitignore").write_text("*\n", encoding="utf-8")
    _compute(bus)
    return Stage(root=root, bus=bus, cache=folder / "cache", may_tear=True)


def _compute(bus: Path) -> None:
    """Put in what follows from where a recording lies: as it was computed by the version that made it."""
    feed = bus / _FEED
    lines, before = feed.read_bytes().split(b"\n"), b""
    for number, line in enumerate(lines[:-1]):
        lines[number] = _PREV.sub(b'"prev":"' + before + b'"', line, count=1)
        before = sha256(lines[number]).hexdigest().encode()
    feed.write_bytes(b"\n".join(lines))
    path = bus / "state.json"
    state = json.loads(path.read_text(encoding="utf-8"))
    name, manifest = ("place", "charter") if state["schema_version"] == 1 else ("run_name", "manifest")
    kept = (bus / "archive" / state[name]).glob(f"r0_{manifest}*.json")
    manifests = [json.loads(each.read_text(encoding="utf-8")) for each in sorted(kept, key=lambda each: len(each.name))]
    state["digests"] |= {manifest: _digest(manifests[-1]), "config": _digest(manifests[-1]["settings"])}
    path.write_text(json.dumps(state, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _digest(part: Any) -> str:
    return sha256(json.dumps(part, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


if __name__ == "__main__":
    with isolated():
        for each in SITUATIONS:
            record(each, Path(sys.argv[1]) / each)
