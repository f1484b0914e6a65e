"""The table of tests/cli/situations.py, played by the real command."""

import os
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from tests.cli.situations import BEGIN, COMMANDS, EVENTS, GO_ON, Plays, Refused, Same, rows
from tests.cli.states import STATES, Prepared
from tests.cli.troubles import TROUBLES, Call
from tests.support.repos import git
from tests.support.runs import FILES, Result, Stage, nothing_left

# By state, so that a process of pytest comes by as few of them as it can.
REAL = sorted(
    [(state, event, verdict) for state, event, verdict in rows() if isinstance(verdict, Refused | Plays)],
    key=lambda row: row[:2],
)
UNUSUAL = os.fsdecode(b"a path with 'quotes', $HOME,\ta tab,\na line and \xff\xfe")


def test_every_state_and_event_stands_in_the_table_once():
    found = Counter((state, event) for state, event, _ in rows())
    assert [pair for pair in ((s, e) for s in STATES for e in EVENTS) if pair not in found] == []
    assert [pair for pair in found if pair[0] not in STATES or pair[1] not in EVENTS] == []
    assert [pair for pair, times in found.items() if times > 1] == []


def test_what_is_said_to_be_the_same_is_run_for_real_there():
    real = {(state, event) for state, event, _ in REAL}
    table = {(state, event): verdict for state, event, verdict in rows()}
    for verdict in table.values():
        if isinstance(verdict, Same):
            there = table[verdict.state, verdict.event]
            further = (there.state, there.event) if isinstance(there, Same) else (verdict.state, verdict.event)
            assert further in real, verdict


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What a refused call may not touch, and no call may lose but for `refs`, `status`, `files` and `state`."""

    archive: dict[str, bytes]
    refs: dict[str, str]
    pins: dict[str, str]
    head: str
    status: str
    files: dict[str, bytes]
    card: Any
    state: Any

    @classmethod
    def of(cls, stage: Stage) -> "Kept":
        files = [path for path in (stage.bus / "archive").rglob("*") if path.is_file()]
        return cls(
            archive={str(path.relative_to(stage.bus)): path.read_bytes() for path in files},
            refs=stage.refs(),
            pins=stage.pins(),
            head=stage.head,
            status=stage.git("status", "--porcelain=v2"),
            files={name: (stage.root / name).read_bytes() for name in FILES},
            card=_content(stage, "task_card.json"),
            state=_content(stage, "state.json"),
        )


def _content(stage: Stage, name: str) -> Any:
    path = stage.bus / name
    return path.read_bytes() if path.is_file() else path.exists()


@pytest.mark.parametrize(("state", "event", "verdict"), REAL, ids=[f"{state}-{event}" for state, event, _ in REAL])
def test_situation(prepared: Prepared, state: str, event: str, verdict: Refused | Plays):
    stage = prepared.stage(state, within=UNUSUAL if event.endswith("unusual path") else "stage")
    with ExitStack() as stack:
        call = _call(stage, state, event, stack)
        before = Kept.of(stage)
        result = stage.run(*call.args, cwd=call.cwd, env=call.env)
    says = verdict.says.format(round=_round(stage))
    assert (result.code, says in result.err) == (verdict.code, True), result.err
    after = Kept.of(stage)
    if isinstance(verdict, Refused):
        assert after == before
        assert stage.paid == (0, 0)
    else:
        _nothing_lost(stage, before, after)
        _played(stage, verdict, result)
    nothing_left(stage)


def _call(stage: Stage, state: str, event: str, stack: ExitStack) -> Call:
    if event in COMMANDS:
        return Call(args=tuple(part.format(round=_round(stage)) for part in COMMANDS[event]))
    way, _, name = event.partition(": ")
    trouble = TROUBLES[name](stage, stack)
    first = {BEGIN: () if state in ("no_bus", "empty", "idle", "done") else ("--reset",), GO_ON: ("--resume",)}[way]
    return Call(args=(*first, *trouble.args), cwd=trouble.cwd, env=trouble.env)


def _round(stage: Stage) -> int:
    document = stage.read("state") or {}
    return int(document.get("round", 1))


def _nothing_lost(stage: Stage, before: Kept, after: Kept) -> None:
    assert before.archive.items() <= after.archive.items()
    assert before.pins.items() <= after.pins.items()
    assert git(stage.root, "merge-base", before.head, after.head) == before.head
    assert after.card == before.card


def _played(stage: Stage, verdict: Plays, result: Result) -> None:
    assert stage.paid == verdict.paid
    standing = result.standing
    assert (standing["state"], standing["run_name"]) == (verdict.state, verdict.run_name)
    assert result.summary is not None
    assert result.summary["exit_code"] == verdict.code
    assert result.summary["outcome"] == standing["outcome"]
    if verdict.code == 0:
        assert standing["error"] == ""
        assert standing["head_sha"] == stage.head
        assert "approved, unverified" in result.out
    else:
        assert standing["error"] in result.err
