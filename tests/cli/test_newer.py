"""A bus that a newer loop wrote on: every command refuses, and nothing is changed."""

import json
import shutil
from pathlib import Path

import pytest

from loop_kit.cli.main import COMMANDS as ALL
from tests.adopt.test_adopting import REFUSED
from tests.support.commands import answers, loop
from tests.support.repos import make_repo, tree

EXAMPLE = Path(__file__).resolve().parents[2] / ".loop.example"
COMMANDS = (
    "init",
    "new --goal x",
    "run",
    "run --reset",
    "run --resume",
    "run --goal x",
    "run --single-round",
    "submit",
    "review --approve",
    "heartbeat --role worker",
    "status",
    "health",
    "log",
    "show",
    "diff",
    "diff T-001",
    "list",
    "archive",
    "archive show T-001/r1_work_report",
    "archive restore T-001/r1_work_report --yes",
    "accept",
    "undo --yes",
    "config show",
    "config",
    "check",
    "fsck",
    "fsck --repair",
)
WITHOUT_A_BUS = {"validate", "extract-diff", "completion", "demo"}
SAYS_IT_BESIDE_OTHERS = {"doctor"}


def test_no_command_is_forgotten_here():
    asked = {line.split()[0] for line in (*COMMANDS, *REFUSED)}
    assert asked == set(ALL) - WITHOUT_A_BUS - SAYS_IT_BESIDE_OTHERS
    assert {line.split()[0] for line in REFUSED} == asked - {"init"}


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = make_repo(tmp_path / "repo")
    shutil.copytree(EXAMPLE, made / ".loop")
    return made


def make_newer(path: Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**document, "schema_version": 3, "newer": True}), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("state.json", ".loop/state.json"),
        ("summary.json", ".loop/summary.json"),
        ("archive/T-001/r0_manifest.json", "T-001/r0_manifest.json"),
    ],
)
def test_every_command_refuses_with_both_versions_and_changes_nothing(repo: Path, name: str, said: str):
    make_newer(repo / ".loop" / name)
    before = tree(repo)
    refusal = (
        f"loop: {said} has schema_version 3, and this loop knows version 2\n"
        "  a newer loop wrote it: go on with that one; nothing was changed\n"
    )
    assert answers(repo, COMMANDS) == dict.fromkeys(COMMANDS, (3, refusal))
    assert tree(repo) == before


def test_the_doctor_and_the_judge_of_documents_say_it_too(repo: Path):
    make_newer(repo / ".loop/state.json")
    assert "has schema_version 3, and this loop knows version 2; a newer loop" in loop("doctor", cwd=repo).out
    judged = loop("validate", ".loop/state.json", cwd=repo)
    assert judged.code == 3
    assert judged.out == ".loop/state.json: it has schema_version 3, and this loop knows version 2\n"


def test_a_newer_summary_of_another_task_stops_whoever_would_have_to_read_it(repo: Path):
    summary = repo / ".loop/archive/T-002/r1_summary.json"
    summary.parent.mkdir()
    summary.write_text('{"schema_version": 3, "task_id": "T-002", "outcome": "approved"}', encoding="utf-8")
    listed = loop("list", cwd=repo)
    assert (listed.code, "T-002/r1_summary.json has schema_version 3" in listed.err) == (3, True)
    assert loop("status", cwd=repo).code == 0
