"""What a person can do to a bus, a card, a configuration or a repository before calling `loop run`.

A trouble changes a stage and says what is added to the command; locks that it takes are held until the stack closes.
"""

import json
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from loop_kit.bus.lock import Lock
from tests.support.repos import git
from tests.support.runs import CARD, CONFIG, Stage

# Every stage of the table knows this backend; nobody uses it unasked.
GONE = '[backends.gone]\ntype = "command"\nargv = ["no-such-program"]\n'
NOW = "2025-01-31T08:00:00.000Z"


@dataclass(frozen=True, kw_only=True)
class Call:
    """What is called: further arguments, the folder it is called in and variables that are set."""

    args: tuple[str, ...] = ()
    cwd: Path | None = None
    env: Mapping[str, str] = field(default_factory=dict)


Trouble = Callable[[Stage, ExitStack], Call]


def _card(change: Callable[[Path], object]) -> Trouble:
    def trouble(stage: Stage, _stack: ExitStack) -> Call:
        path = stage.bus / "task_card.json"
        path.unlink()
        change(path)
        return Call()

    return trouble


def _document(document: Any) -> Trouble:
    return _card(lambda path: path.write_text(json.dumps(document), encoding="utf-8"))


def _config(addition: str, *, instead_of: str = "") -> Trouble:
    def trouble(stage: Stage, _stack: ExitStack) -> Call:
        stage.configure(CONFIG.replace(instead_of, addition) if instead_of else CONFIG + addition)
        return Call()

    return trouble


def _template(stage: Stage, _stack: ExitStack) -> Call:
    (stage.bus / "templates").mkdir(exist_ok=True)
    (stage.bus / "templates/worker_prompt.txt").write_bytes(b"Do {task_id}\xff\xfe")
    return Call()


def _saying(*args: str) -> Trouble:
    return lambda _stage, _stack: Call(args=args)


def _variable(_stage: Stage, _stack: ExitStack) -> Call:
    return Call(env={"LOOP_MAX_ROUNDS": "many"})


def _dirty(stage: Stage, _stack: ExitStack, *args: str) -> Call:
    (stage.root / "README.md").write_text("Not committed.\n", encoding="utf-8")
    return Call(args=args)


def _elsewhere(stage: Stage, folder: str) -> Call:
    """Call it in another folder, the bus being named."""
    return Call(args=("--loop-dir", str(stage.bus)), cwd=stage.root.parent / folder)


def _no_repository(stage: Stage, _stack: ExitStack) -> Call:
    (stage.root.parent / "plain").mkdir()
    return _elsewhere(stage, "plain")


def _no_commit(stage: Stage, _stack: ExitStack) -> Call:
    git(stage.root.parent, "init", "--quiet", "unborn")
    return _elsewhere(stage, "unborn")


def _bare(stage: Stage, _stack: ExitStack) -> Call:
    git(stage.root.parent, "init", "--quiet", "--bare", "bare")
    return _elsewhere(stage, "bare")


def _in_mid_merge(stage: Stage, _stack: ExitStack) -> Call:
    git(stage.root, "stash", "--quiet", ok=(0, 1))  # what an interrupted worker left is not the point here
    tip = git(stage.root, "commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "Beside")
    git(stage.root, "merge", "--quiet", "--no-commit", "--no-ff", tip)
    (stage.root / "README.md").write_text("Merging.\n", encoding="utf-8")
    return Call()


def _detached(stage: Stage, _stack: ExitStack) -> Call:
    git(stage.root, "checkout", "--quiet", "--detach")
    return Call()


def _subdirectory(stage: Stage, _stack: ExitStack) -> Call:
    (stage.root / "deep/down").mkdir(parents=True)
    return Call(cwd=stage.root / "deep/down")


def _no_trouble(_stage: Stage, _stack: ExitStack) -> Call:
    return Call()


def _locked(stage: Stage, stack: ExitStack, name: str) -> Call:
    stack.enter_context(Lock.acquire(stage.root / name, purpose="a test", now=NOW))
    return Call()


def _stop(stage: Stage, _stack: ExitStack) -> Call:
    (stage.bus / "STOP").touch()
    return Call()


def _depends(stage: Stage, _stack: ExitStack, *, met: bool) -> Call:
    stage.put_card({**CARD, "depends_on": ["T-0"]})
    if met:
        folder = stage.bus / "archive/T-0"
        folder.mkdir(parents=True)
        (folder / "r1_summary.json").write_text(
            '{"schema_version": 1, "task_id": "T-0", "outcome": "approved"}', encoding="utf-8"
        )
    return Call()


CARDS: dict[str, Trouble] = {
    "card missing": _card(lambda _path: None),
    "card not JSON": _card(lambda path: path.write_text("{'task_id': 'T-1'}", encoding="utf-8")),
    "card empty": _card(lambda path: path.write_text("", encoding="utf-8")),
    "card of a wrong type": _document({**CARD, "goal": 7}),
    "card with a bad id": _document({**CARD, "task_id": "../T-1"}),
    "card without a goal": _document({key: value for key, value in CARD.items() if key != "goal"}),
    "card huge": _document({**CARD, "goal": "x" * (1 << 20)}),
    "card is a directory": _card(lambda path: path.mkdir()),
    "card is a FIFO": _card(os.mkfifo),
}
CONFIGS: dict[str, Trouble] = {
    "config syntax": _config("[run\n"),
    "config unknown key": _config("max_round = 3", instead_of="dispatch_retry_base_sec = 0.01"),
    "config wrong type": _config('max_rounds = "3"', instead_of="dispatch_retry_base_sec = 0.01"),
}
TROUBLES: dict[str, Trouble] = {
    **CARDS,
    **CONFIGS,
    "bad template": _template,
    "bad variable": _variable,
    "unknown backend": _saying("--worker-backend", "scrpt"),
    "missing program": _saying("--reviewer-backend", "gone"),
    "other transport": _saying("--dispatch-backend", "tmux"),
    "dirty tree": _dirty,
    "dirty tree allowed": lambda stage, stack: _dirty(stage, stack, "--allow-dirty"),
    "no repository": _no_repository,
    "no commit": _no_commit,
    "bare repository": _bare,
    "in mid-merge": _in_mid_merge,
    "detached HEAD": _detached,
    "subdirectory": _subdirectory,
    "unusual path": _no_trouble,  # the stage itself lies there
    "locked bus": partial(_locked, name=".loop/lock"),
    "locked tree": partial(_locked, name=".git/loop.lock"),
    "STOP file": _stop,
    "depends on unmet": partial(_depends, met=False),
    "depends on met": partial(_depends, met=True),
}
