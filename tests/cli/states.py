"""Where a bus can stand when a person calls `loop run`. Each state is come by once, with real runs, and then copied back
to the same path for every test that starts from it: a manifest names absolute paths."""

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

from tests.cli.troubles import GONE
from tests.support.documents import state as state_document
from tests.support.runs import Calls, Stage, Steps, approves, objects, wait_until

# What the agents do once the state is there: each call changes something, and the reviewer is content.
_WORK: Steps = [{"append": {"app.txt": "more\n"}}, {"commit": "More"}, {"report": {}}]
WORKS: Calls = {"*": _WORK}
CONTENT: Calls = {"*": approves()}
STAYS: Steps = [{"sleep": 100}]


def no_bus(stage: Stage) -> None:
    shutil.rmtree(stage.bus)


def empty(stage: Stage) -> None:
    assert stage.loop("init").code == 0


def idle(stage: Stage) -> None:
    """Loop was killed between naming a run and claiming its place: nothing but the state is there."""
    empty(stage)
    named = {"state": "idle", "run_name": "", "round": 1, "dispatches": 0, "sessions": {}, "round_details": []}
    document = state_document() | named | {"digests": {}, "watch": {}, "task_id": "T-1"}
    document |= {"base_sha": stage.head, "head_sha": stage.head}
    (stage.bus / "state.json").write_text(json.dumps(document), encoding="utf-8")


def awaiting_work(stage: Stage) -> None:
    _interrupt(stage, "worker", worker={"*": [{"edit": {"app.txt": "half\n"}}, *STAYS]})


def awaiting_review(stage: Stage) -> None:
    _interrupt(stage, "reviewer", reviewer={"*": STAYS})


def _interrupt(stage: Stage, role: str, *, worker: Calls = WORKS, reviewer: Calls = CONTENT) -> None:
    stage.play(worker, reviewer)
    process = stage.start("run")
    wait_until(lambda: stage.calls(role), f"a call of the {role}")
    if role == "worker":
        wait_until(lambda: (stage.root / "app.txt").read_text(encoding="utf-8") == "half\n", "half the work")
    process.send_signal(signal.SIGINT)
    assert stage.end(process).code == 130


def done(stage: Stage) -> None:
    assert stage.run().code == 0


def round_limit(stage: Stage) -> None:
    stage.play(WORKS, {"*": objects()})
    assert stage.run("--max-rounds", "1").code == 6


def needs_person(stage: Stage) -> None:
    stage.play({"*": [{"run": ["git", "config", "alias.up", "pull"]}, *_WORK]}, CONTENT)
    assert stage.run().code == 11


def corrupt(stage: Stage) -> None:
    done(stage)
    (stage.bus / "state.json").write_text('{"schema_version": 1, "run_id": ', encoding="utf-8")


STATES: dict[str, Callable[[Stage], None]] = {
    made.__name__: made
    for made in (no_bus, empty, idle, awaiting_work, awaiting_review, done, round_limit, needs_person, corrupt)
}


class Prepared:
    """The states that this process of pytest has come by so far, each with a copy to go back to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stages: dict[str, Stage] = {}

    def stage(self, state: str, *, within: str = "stage") -> Stage:
        """Return a stage in that state, as it was when it was first come by; `within` names the folder it lies in."""
        name = f"{state} {within}"
        where = self._folder / state / within
        copy = self._folder / f"copy of {name}".replace("/", " ")
        if name not in self._stages:
            stage = Stage.set_up(where, worker=WORKS, reviewer=CONTENT, config=GONE)
            STATES[state](stage)
            if stage.bus.exists():
                stage.play(WORKS, CONTENT)
                stage.forget_calls()
            shutil.copytree(where, copy, symlinks=True)
            self._stages[name] = stage
        else:
            shutil.rmtree(where)
            shutil.copytree(copy, where, symlinks=True)
        return self._stages[name]
