"""A dispatch decides one thing: what else lies there or is said beside it is no answer, and nobody chooses between two."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.runs import ISSUE, Result, Stage, clearing, wait_until

APPROVAL: dict[str, Any] = {"task_id": "T-1", "round": 1, "decision": "approve", "blocking_issues": []}
REFUSAL: dict[str, Any] = {**APPROVAL, "decision": "changes_required", "blocking_issues": [ISSUE]}
# What an agent program of that name prints and writes; `code` is what a hook does in it, before it says its last word.
PROGRAM = """\
#!{python}
import json, os, pathlib, subprocess, sys, time
if "--version" in sys.argv:
    sys.exit(print("9.9.9"))
here = pathlib.Path(__file__)
with here.with_suffix(".starts").open("a") as notes:
    notes.write(json.dumps({{"argv": sys.argv[1:], "env": dict(os.environ), "prompt": sys.stdin.read()}}) + "\\n")
calls = json.loads(here.with_suffix(".calls").read_text())
number = len(here.with_suffix(".starts").read_text().splitlines())
call = calls[min(number, len(calls)) - 1]
common = subprocess.check_output(["git", "rev-parse", "--path-format=absolute", "--git-common-dir"], text=True).strip()
bus = pathlib.Path(common).parent / ".loop"
outbox = next(iter(sorted(bus.glob(f"runtime/T-1-r1-reviewer-*/"))))
approval = json.dumps({approval!r})
exec(call.get("code", ""))
if "-o" in sys.argv:
    pathlib.Path(sys.argv[sys.argv.index("-o") + 1]).write_text(call.get("wrote", call["lines"][-2]["item"]["text"]))
for line in call["lines"]:
    print(json.dumps(line), flush=True)
exec(call.get("after", ""))
"""
PLAIN = "plain"  # a program that nobody knows, which answers in a file or in its last message
IN_OUTBOX = "(outbox / 'report.json').write_text(approval)"
ON_BUS = "(bus / 'review_report.json').write_text(approval)"


def claude(form: Any, text: str = "Done.", **more: Any) -> dict[str, Any]:
    """Return one call of Claude Code that fills in the form and says a text."""
    message = {"type": "assistant", "message": {"content": [{"type": "text", "text": text}]}}
    result = {"type": "result", "subtype": "success", "is_error": False, "result": text, "structured_output": form}
    return {"lines": [{"type": "system", "subtype": "init", "session_id": "s-1"}, message, result], **more}


def codex(text: str, **more: Any) -> dict[str, Any]:
    said = {"type": "item.completed", "item": {"id": "item_0", "type": "agent_message", "text": text}}
    return {"lines": [{"type": "thread.started", "thread_id": "t-1"}, said, {"type": "turn.completed"}], **more}


def opencode(text: str, **more: Any) -> dict[str, Any]:
    said = {"type": "text", "sessionID": "ses_1", "part": {"text": text}}
    begun = {"type": "step_start", "sessionID": "ses_1"}
    return {"lines": [begun, said, {"type": "step_finish", "part": {"reason": "stop"}}], **more}


def plain(text: str, **more: Any) -> dict[str, Any]:
    return {"lines": [{"event": "said", "text": text}, {"event": "finished"}], **more}


def stage_with(folder: Path, name: str, *calls: dict[str, Any]) -> Stage:
    program = folder / name
    program.write_text(PROGRAM.format(python=sys.executable, approval=APPROVAL), encoding="utf-8")
    program.chmod(0o755)
    program.with_suffix(".calls").write_text(json.dumps(calls), encoding="utf-8")
    command = f'type = "command"\nargv = ["{program}"]\nallow_tree_settings = true\n'
    own = command if name == PLAIN else f'path = "{program}"\n'
    return Stage.set_up(folder, config=f"\n[backends.{name}]\n{own}")


def starts(stage: Stage, name: str) -> list[dict[str, Any]]:
    path = stage.root.parent / f"{name}.starts"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def reviewed(folder: Path, name: str, *calls: dict[str, Any]) -> tuple[Result, Stage]:
    stage = stage_with(folder, name, *calls)
    return stage.run("--single-round", "--reviewer-backend", name), stage


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("claude", claude(APPROVAL)),
        ("codex", codex(json.dumps(APPROVAL))),
        ("opencode", opencode(json.dumps(APPROVAL))),
    ],
)
def test_who_answers_in_a_form_or_at_its_end_is_told_of_no_file(tmp_path: Path, name: str, call: dict[str, Any]):
    result, stage = reviewed(tmp_path, name, call)
    assert result.code == 0, result.err
    (told,) = starts(stage, name)
    assert "LOOP_REPORT" not in told["env"]
    assert told["env"]["LOOP_ROLE"] == "reviewer"
    assert str(stage.bus / "runtime") not in told["prompt"]
    assert "report.json" not in told["prompt"]


REFUSING = {
    "claude": claude(REFUSAL),
    "codex": codex(json.dumps(REFUSAL)),
    "opencode": opencode(json.dumps(REFUSAL)),
}


@pytest.mark.parametrize("code", [IN_OUTBOX, ON_BUS], ids=["in the outbox", "on the bus"])
@pytest.mark.parametrize("name", REFUSING)
def test_an_approval_that_a_hook_wrote_beside_the_answer_is_refused_and_then_a_person_is_asked(
    tmp_path: Path, name: str, code: str
):
    result, stage = reviewed(tmp_path, name, {**REFUSING[name], "code": code})
    assert (result.code, result.standing["outcome"]) == (11, "needs_person"), result.err
    assert "was written, and its answer is no file" in result.err
    assert len(starts(stage, name)) == 2
    kept = [name for name in stage.archived() if "review_report" in name]
    assert kept
    assert all(".refused-" in name for name in kept)


def test_who_gives_one_answer_the_second_time_is_believed(tmp_path: Path):
    result, stage = reviewed(tmp_path, "claude", claude(REFUSAL, code=IN_OUTBOX), claude(REFUSAL))
    assert result.code == 10, result.err
    second = starts(stage, "claude")[1]["prompt"]
    assert "its answer is no file" in second
    assert "report.json" not in second.replace("report.json was written", "")


CONTRADICTIONS = {
    "a text that approves beside a form that does not": ("claude", claude(REFUSAL, json.dumps(APPROVAL))),
    "two forms": (
        "claude",
        {"lines": [*claude(REFUSAL)["lines"], *claude(APPROVAL)["lines"][1:]]},
    ),
    "a file of the last message that is not that message": (
        "codex",
        codex(json.dumps(REFUSAL), wrote=json.dumps(APPROVAL)),
    ),
    "a message that says no and then yes": (
        "opencode",
        opencode(f"```json\n{json.dumps(REFUSAL)}\n```\nor rather\n```json\n{json.dumps(APPROVAL)}\n```"),
    ),
    "a file that approves beside a message that does not": (PLAIN, plain(json.dumps(REFUSAL), code=IN_OUTBOX)),
    "two files": (
        PLAIN,
        plain("Done.", code=f"{ON_BUS}\n(outbox / 'report.json').write_text({json.dumps(REFUSAL)!r})"),
    ),
}


@pytest.mark.parametrize(("name", "call"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_who_contradicts_himself_twice_has_not_decided(tmp_path: Path, name: str, call: dict[str, Any]):
    result, stage = reviewed(tmp_path, name, call)
    assert (result.code, "gave no single answer" in result.err) == (11, True), result.err
    assert len(starts(stage, name)) == 2


AGREEING = {
    "the form in the text as well": ("claude", claude(APPROVAL, f"I decide:\n```json\n{json.dumps(APPROVAL)}\n```")),
    "a quotation in the form": (
        "claude",
        claude({**APPROVAL, "non_blocking_suggestions": [f"It says {json.dumps(REFUSAL)}"]}),
    ),
    "a file and a message": (PLAIN, plain(json.dumps(APPROVAL), code=IN_OUTBOX)),
    "the form of the answer in the message": (
        PLAIN,
        plain('As asked: {"decision": "<approve or changes_required>"}', code=IN_OUTBOX),
    ),
}


@pytest.mark.parametrize(("name", "call"), AGREEING.values(), ids=AGREEING)
def test_who_says_the_same_twice_has_decided(tmp_path: Path, name: str, call: dict[str, Any]):
    result, stage = reviewed(tmp_path, name, call)
    assert result.code == 0, result.err
    assert len(starts(stage, name)) == 1


@pytest.mark.parametrize(
    ("code", "code_of_run", "asked"), [("", 10, 1), (ON_BUS, 0, 2), (IN_OUTBOX, 0, 2)], ids=["form", "bus", "outbox"]
)
def test_the_same_holds_for_a_dispatch_that_was_cut_off(tmp_path: Path, code: str, code_of_run: int, asked: int):
    """Both processes of loop die when the reviewer has said its last word; asked again, it approves."""
    flag = tmp_path / "said"
    waits = f"pathlib.Path({str(flag)!r}).touch(); time.sleep(60)"
    stage = stage_with(tmp_path, "claude", claude(REFUSAL, code=code, after=waits), claude(APPROVAL))
    with clearing(stage):
        process = stage.start("run", "--reviewer-backend", "claude")
        wait_until(flag.exists, "the last word")
        rounds = [
            pid for pid, line in stage.leftovers().items() if "--single-round" in line and "--stand-by" not in line
        ]
        log = stage.bus / "logs/T-1/r1_reviewer_2.out.log"
        wait_until(lambda: b'"result"' in log.read_bytes(), "the last word in the log")
        process.kill()
        for pid in rounds:
            os.kill(pid, signal.SIGKILL)
        process.wait()
        result = stage.run("--resume", "--single-round")
        assert (result.code, len(starts(stage, "claude"))) == (code_of_run, asked), result.err
