"""Cards made without writing JSON, and found by their id."""

import json
import os
import pty
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.runs import LOOP, Stage, works


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage.set_up(tmp_path)


def card(stage: Stage, name: str) -> Any:
    return json.loads((stage.bus / "tasks" / f"{name}.json").read_text(encoding="utf-8"))


def test_a_card_is_made_from_flags_and_takes_the_next_free_id(stage: Stage):
    (stage.bus / "archive/T-007@2").mkdir(parents=True)
    flags = ("--criterion", "It says two.", "--scope", "app.txt", "--constraint", "Keep README.md.")
    result = stage.loop(
        "new", "--goal", "Say two.", *flags, "--check", "grep two app.txt", "--check", "grep two app.txt"
    )
    assert result.code == 0, result.err
    assert "next: loop run --task T-008" in result.out
    made = card(stage, "T-008")
    assert (made["goal"], made["in_scope"], made["constraints"]) == ("Say two.", ["app.txt"], ["Keep README.md."])
    assert [check["name"] for check in made["checks"]] == ["grep-two-app-txt", "grep-two-app-txt-2"]
    assert made["acceptance_criteria"][0] == "It says two."
    assert made["acceptance_criteria"][1]["check"] == "grep-two-app-txt"
    assert stage.loop("validate", "--as", "task_card", str(stage.bus / "tasks/T-008.json")).code == 0
    assert json.loads(stage.loop("new", "--goal", "More.", "--json").out)["card"]["task_id"] == "T-009"


def test_a_card_is_overwritten_only_by_force_and_then_archived(stage: Stage):
    assert stage.loop("new", "--id", "MINE", "--goal", "One.").code == 0
    again = stage.loop("new", "--id", "MINE", "--goal", "Two.")
    assert (again.code, "MINE.json exists" in again.err) == (3, True)
    assert stage.loop("new", "--id", "MINE", "--goal", "Two.", "--force").code == 0
    assert card(stage, "MINE")["goal"] == "Two."
    kept = [path.read_text(encoding="utf-8") for path in (stage.bus / "archive/_unfiled").iterdir()]
    assert [json.loads(text)["goal"] for text in kept] == ["One."]


@pytest.mark.parametrize(
    ("args", "code", "sentence"),
    [
        ((), 2, "the goal is missing, and standard input is not a terminal"),
        (("--scope", "src/"), 2, "need a card"),
        (("--goal", "A.", "--from-check", "false"), 2, "contradict each other"),
        (("--goal", "A.", "--id", "../x"), 3, "$.task_id"),
        (("--goal", " "), 3, "$.goal"),
        (("--from-check", "true"), 3, "succeeds: there is nothing to mend"),
        (("--goal", ""), 2, "need a text"),
    ],
)
def test_what_makes_no_card_is_said(stage: Stage, args: tuple[str, ...], code: int, sentence: str):
    result = stage.loop("new", *args)
    assert (result.code, sentence in result.err) == (code, True), result.err
    assert not list((stage.bus / "tasks").glob("*"))


def test_a_failing_command_makes_a_card_that_quotes_it(stage: Stage):
    result = stage.loop("new", "--from-check", "cat app.txt; echo wrong >&2; exit 3")
    assert result.code == 0, result.err
    made = card(stage, "T-002")
    assert "exit status 3" in made["goal"]
    assert "one\nwrong" in made["goal"]
    assert made["checks"][0]["run"] == "cat app.txt; echo wrong >&2; exit 3"


def test_a_person_at_a_terminal_is_asked(stage: Stage):
    ours, theirs = pty.openpty()
    os.write(ours, b"Say two.\nIt says two.\n\n\n\ntrue\n\n")
    done = subprocess.run([*LOOP, "new"], cwd=stage.root, stdin=theirs, capture_output=True, timeout=60, check=False)
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 0, done.stderr
    made = card(stage, "T-002")
    assert (made["goal"], made["acceptance_criteria"][0], made["checks"][0]["run"]) == (
        *("Say two.", "It says two."),
        "true",
    )


def test_a_run_starts_from_a_goal_and_a_check(stage: Stage):
    result = stage.run("--goal", "app.txt says two.", "--check", "grep -q two app.txt", "--scope", "app.txt")
    assert result.code == 0, result.err
    assert (result.standing["task_id"], result.standing["outcome"]) == ("T-002", "approved")
    assert (stage.read("task_card") or {})["goal"] == "app.txt says two."
    assert "made .loop/tasks/T-002.json" in result.err


def test_a_run_starts_from_a_command_that_fails(stage: Stage):
    result = stage.run("--from-check", "grep -q two app.txt")
    assert (result.code, result.standing["task_id"]) == (0, "T-002"), result.err
    assert (stage.run("--from-check", "grep -q two app.txt")).code == 3


def test_no_card_is_made_while_an_unfinished_run_stands_in_the_way(stage: Stage):
    stage.play([[{"fail": {"kind": "auth", "message": "who?"}}], works()])
    assert stage.run().code == 8
    assert stage.run("--goal", "Another.").code == 3
    assert stage.run("--goal", "Another.", "--resume").code == 2
    assert not list((stage.bus / "tasks").glob("*"))


def test_a_card_is_found_by_its_id(stage: Stage):
    for name in ("T-001-say-two", "T-0011", "T-002-a", "T-002-b"):
        (stage.bus / "tasks").mkdir(exist_ok=True)
        text = json.dumps({"task_id": name, "goal": "Two.", "acceptance_criteria": []})
        (stage.bus / "tasks" / f"{name}.json").write_text(text, encoding="utf-8")
    several = stage.run("--task", "T-002")
    assert several.code == 2
    assert "could be any of .loop/tasks/T-002-a.json, .loop/tasks/T-002-b.json" in several.err
    assert "there is no task card at" in stage.run("--task", "T-003").err
    assert stage.run("--task", "T-001").standing["task_id"] == "T-001-say-two"
