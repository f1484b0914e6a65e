"""Whole runs with programs of the names that loop knows; each is a script that prints what the real one would."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.pages import blocks, text_of
from tests.support.runs import Result, Stage, clearing, nothing_left

PROGRAM = """\
#!{python}
import json, os, pathlib, sys, time
if "--version" in sys.argv:
    sys.exit(print("1.18.33"))
here = pathlib.Path(__file__)
starts = here.with_suffix(".starts")
with starts.open("a") as notes:
    notes.write(json.dumps({{"argv": sys.argv[1:], "env": dict(os.environ)}}) + "\\n")
for line in json.loads({lines!r}):
    print(json.dumps(line), flush=True)
while {endless!r}:
    print(json.dumps({endless!r}), flush=True)
    time.sleep(0.01)
"""
TOKENS = {"input": 100, "output": 7, "reasoning": 3, "cache": {"read": 20, "write": 0}}
VERDICT = {"task_id": "T-1", "round": 1, "decision": "approve", "blocking_issues": []}


def _said(text: str) -> dict[str, Any]:
    return {"type": "text", "sessionID": "ses_1", "part": {"text": text}}


def _step(reason: str, **more: Any) -> dict[str, Any]:
    return {"type": "step_finish", "sessionID": "ses_1", "part": {"reason": reason, **more}}


REVIEW = [
    {"type": "step_start", "sessionID": "ses_1"},
    {"type": "tool_use", "part": {"tool": "bash", "state": {"input": {"command": "git log"}}}},
    _step("tool-calls", tokens=TOKENS, cost=0.25),
    _said(json.dumps(VERDICT)),
    _step("stop", tokens=TOKENS, cost=0.25),
]


def _stage(folder: Path, name: str, lines: list[Any], *, endless: Any = None, config: str = "") -> Stage:
    program = folder / name
    program.write_text(
        PROGRAM.format(python=sys.executable, lines=json.dumps(lines), endless=endless), encoding="utf-8"
    )
    program.chmod(0o755)
    return Stage.set_up(folder, config=f'\n[backends.{name}]\npath = "{program}"\n{config}')


def _starts(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"{name}.starts").read_text(encoding="utf-8").splitlines()]


def test_a_program_that_fails_for_ever_is_ended_and_tried_again(tmp_path):
    begun = {"type": "step_start", "sessionID": "ses_1"}
    with clearing(_stage(tmp_path, "opencode", [begun], endless=_step("unknown"))) as stage:
        result = stage.run("--worker-backend", "opencode", "--dispatch-retries", "1")
        assert result.code == 8
        assert "the worker (opencode) failed (truncated): the model's answer was cut off" in result.err
        nothing_left(stage)
    ends = result.events("dispatch_ended")
    assert [(end["how"], end["failure"], end["usage"]) for end in ends] == [("asked", "truncated", None)] * 2
    first, second = _starts(tmp_path, "opencode")
    assert "--session" not in first["argv"]
    assert second["argv"][second["argv"].index("--session") + 1] == "ses_1"


def test_a_reviewer_adds_to_what_a_person_configured_and_its_steps_are_added_up(tmp_path):
    config = """
[env.set]
OPENCODE_CONFIG_CONTENT = '{"theme": "mine"}'
OPENCODE_DISABLE_SHARE = "0"
"""
    stage = _stage(tmp_path, "opencode", REVIEW, config=config)
    result = stage.run("--reviewer-backend", "opencode")
    assert result.code == 0, result.err
    (start,) = _starts(tmp_path, "opencode")
    merged = json.loads(start["env"]["OPENCODE_CONFIG_CONTENT"])
    assert (merged["theme"], [*merged["agent"]]) == ("mine", ["loop-reviewer"])
    assert start["env"]["OPENCODE_DISABLE_SHARE"] == "0"
    assert start["env"]["OPENCODE_DISABLE_AUTOUPDATE"] == "1"
    assert result.events("dispatch_ended")[-1]["usage"] == {
        "input_tokens": 240,
        "cached_tokens": 40,
        "output_tokens": 20,
        "reasoning_tokens": 6,
        "cost_usd": 0.5,
    }


def test_a_configuration_that_cannot_be_added_to_ends_the_run_with_a_sentence(tmp_path):
    stage = _stage(tmp_path, "opencode", REVIEW, config='[env]\npass = ["OPENCODE_CONFIG_CONTENT"]\n')
    result = stage.run("--reviewer-backend", "opencode", env={"OPENCODE_CONFIG_CONTENT": "{"})
    assert result.code == 3
    assert "the variable OPENCODE_CONFIG_CONTENT is not a JSON object" in result.err
    nothing_left(stage)


@pytest.mark.parametrize("whole", [True, False])
def test_an_answer_without_a_result_after_it_was_cut_off(tmp_path, whole: bool):
    said = [{"type": "message", "role": "assistant", "content": json.dumps(VERDICT), "delta": True}]
    result_line = [{"type": "result", "status": "success", "stats": {}}] if whole else []
    stage = _stage(tmp_path, "gemini", [{"type": "init", "session_id": "s-1"}, *said, *result_line])
    result = stage.run("--reviewer-backend", "gemini", "--dispatch-retries", "0")
    assert result.code == (0 if whole else 8), result.err
    assert whole or "the reviewer (gemini) failed (interrupted)" in result.err
    nothing_left(stage)


PLAIN = """\
#!{python}
import json, os, pathlib, sys
assert pathlib.Path(sys.argv[-1].removeprefix("Read the file ").removesuffix(" and do what it says.")).is_file()
if {report!r}:
    pathlib.Path(os.environ["LOOP_REPORT"]).write_text({report!r})
width = int(os.environ.get("COLUMNS", "80"))  # where the real ones break their lines
for line in {says!r}.splitlines():
    print("\\n".join(line[at : at + width] for at in range(0, len(line), width)))
sys.exit({code})
"""


def _documented(folder: Path, name: str, *, report: str = "", says: str = "", code: int = 0) -> Result:
    """Run with the configuration that the docs show and a program of that name for the reviewer."""
    (folder / "bin").mkdir()
    program = folder / "bin" / name
    program.write_text(PLAIN.format(python=sys.executable, report=report, says=says, code=code), encoding="utf-8")
    program.chmod(0o755)
    shown = blocks(text_of("docs/backends.md"), "toml")
    config = next(block for block in shown if f"[backends.{name}]" in block)
    stage = Stage.set_up(folder, config=f'\n{config}\n[roles.reviewer]\nmodel = "openai/m"\n')
    path = f"{folder}/bin:{os.environ['PATH']}"
    result = stage.run("--reviewer-backend", name, "--dispatch-retries", "0", env={"PATH": path})
    nothing_left(stage)
    return result


LONG = VERDICT | {"non_blocking_suggestions": []}  # longer than a line of a terminal
FENCED = f"Looks right.\n```json\n{json.dumps(LONG)}\n```"


def test_the_documented_mini_hands_in_the_file(tmp_path):
    assert _documented(tmp_path, "mini", report=json.dumps(VERDICT), says="Submitted").code == 0


def test_the_documented_mini_fails_by_its_exit_code(tmp_path):
    result = _documented(tmp_path, "mini", says="AuthenticationError", code=1)
    assert (result.code, "the reviewer (mini) failed (unknown): exit code 1" in result.err) == (8, True), result.err


def test_the_documented_aider_answers_in_its_last_message(tmp_path):
    assert _documented(tmp_path, "aider", says=FENCED).code == 0


def test_the_documented_aider_fails_by_its_words_with_exit_code_0(tmp_path):
    result = _documented(tmp_path, "aider", says="litellm.BadRequestError: OpenAIException - scripted error 401")
    assert (result.code, "the reviewer (aider) failed (permanent)" in result.err) == (8, True), result.err
