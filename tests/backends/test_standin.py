"""The stand-in as the real program it is."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loop_kit.backends.ending import settle
from loop_kit.backends.script import SCRIPT
from loop_kit.model import schema
from loop_kit.model.agent_events import AgentEvent, Failed, FailureKind, Finished, Said, SessionStarted, Usage
from loop_kit.model.config import BackendSettings
from tests.backends.orders import make_order
from tests.support.repos import git, make_repo

Done = subprocess.CompletedProcess[str]


def _start(tmp_path: Path, script: Any, **given: Any) -> "subprocess.Popen[str]":
    """Start the stand-in in a real repository, on `script` (the worker's only call when it is a list of steps)."""
    tree = tmp_path / "tree"
    if not tree.exists():
        make_repo(tree, {"a.txt": "one\n"})
    parts = script if isinstance(script, dict) else {"worker": [script]}
    (tmp_path / "script.json").write_text(json.dumps(parts), encoding="utf-8")
    settings = BackendSettings(type="script", script=str(tmp_path / "script.json"))
    order = make_order(tmp_path, settings=settings, report=tmp_path / "outbox" / "report.json", **given)
    call = SCRIPT.command(order)
    told = {
        "LOOP_ROLE": order.role,
        "LOOP_ROUND": str(order.round),
        "LOOP_TASK_ID": order.task_id,
        "LOOP_REPORT": str(order.report),
    }
    with order.prompt.open(encoding="utf-8") as prompt:
        return subprocess.Popen(
            call.argv,
            cwd=tree,
            env={**os.environ, **told},
            stdin=prompt,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def _play(tmp_path: Path, script: Any, **given: Any) -> Done:
    process = _start(tmp_path, script, **given)
    out, err = process.communicate(timeout=20)
    return Done(process.args, process.returncode, out, err)


def _events(done: Done) -> list[AgentEvent]:
    return [event for line in done.stdout.splitlines() for event in SCRIPT.read(line)]


def _until(fact: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not fact():
        assert time.monotonic() < deadline, "it did not come true in ten seconds"
        time.sleep(0.01)


def _alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_worker_edits_commits_and_reports(tmp_path):
    steps = [
        {"expect": "Do the work"},
        {"expect_not": ["password", "secret"]},
        {"said": "Grüße"},
        {"edit": {"new/b.txt": "ü\n"}},
        {"append": {"a.txt": "two\n"}},
        {"commit": "Add b"},
        {"report": {"notes": "done"}},
    ]
    done = _play(tmp_path, steps)
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads((tmp_path / "outbox/report.json").read_text(encoding="utf-8"))
    head = git(tmp_path / "tree", "rev-parse", "HEAD")
    changed = ["a.txt", "new/b.txt"]
    expected = {"task_id": "T-001", "round": 2, "head_sha": head, "files_changed": changed, "notes": "done"}
    assert report == expected
    assert schema.find_problem("work_report", report) is None
    assert git(tmp_path / "tree", "show", "HEAD:a.txt") == "one\ntwo"
    assert git(tmp_path / "tree", "status", "--porcelain") == ""
    assert Said("Grüße") in _events(done)
    assert isinstance(settle(_events(done)), Finished)


def test_a_commit_holds_the_edited_files_only_unless_it_is_to_hold_all(tmp_path):
    (tmp_path / "tree").mkdir()
    make_repo(tmp_path / "tree", {"a.txt": "one\n"})
    (tmp_path / "tree/left.txt").write_text("left")
    _play(tmp_path, {"worker": [[{"edit": {"a.txt": "two\n"}}, {"commit": "Some"}], [{"commit_all": "All"}]]})
    assert git(tmp_path / "tree", "status", "--porcelain") == "?? left.txt"
    _play(tmp_path, {"worker": [[], [{"commit_all": "All"}]]})
    assert git(tmp_path / "tree", "log", "--format=%s") == "All\nSome\nStart"
    assert git(tmp_path / "tree", "status", "--porcelain") == ""


def test_a_deleted_file_is_committed_as_deleted(tmp_path):
    _play(tmp_path, [{"delete": "a.txt"}, {"commit": "Drop a"}])
    assert git(tmp_path / "tree", "ls-files") == ""


@pytest.mark.parametrize(
    ("step", "code", "sentence"),
    [
        ({"expect": "Be kind"}, 97, "standin: the prompt does not say 'Be kind'\n"),
        ({"expect_not": "work"}, 97, "standin: the prompt says 'work'\n"),
        ({"run": ["{python}", "-c", "raise SystemExit('no')"]}, 98, "ended with 1: no\n"),
        ({"run": ["no-such-program-at-all"]}, 98, "cannot be started: No such file or directory\n"),
        ({"commit": "Nothing to commit"}, 98, "ended with 1: On branch main"),
        ({"dance": True}, 96, 'standin: no known step in {"dance": true}\n'),
        ({"edit": "a.txt"}, 96, "cannot be done: AttributeError"),
        ({"delete": "none.txt"}, 96, "cannot be done: FileNotFoundError"),
    ],
)
def test_what_goes_wrong_is_a_code_and_a_sentence(tmp_path, step, code: int, sentence: str):
    done = _play(tmp_path, [step, {"edit": {"after.txt": "never"}}])
    assert done.returncode == code
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "tree/after.txt").exists()


def test_a_command_may_fail_where_the_script_says_so(tmp_path):
    step = {"run": ["{python}", "-c", "raise SystemExit(3)"], "ok_codes": [3]}
    assert _play(tmp_path, [step]).returncode == 0


def test_every_call_leaves_what_it_was_told(tmp_path):
    script = {"worker": [[{"said": "one"}], [{"said": "two"}]], "reviewer": {"*": [{"said": "three"}]}}
    assert Said("one") in _events(_play(tmp_path, script))
    assert Said("two") in _events(_play(tmp_path, script, session="s-1"))
    assert Said("three") in _events(_play(tmp_path, script, role="reviewer"))
    calls = tmp_path / "script.json.calls"
    assert sorted(path.name for path in calls.iterdir()) == ["reviewer-001.json", "worker-001.json", "worker-002.json"]
    told = json.loads((calls / "worker-002.json").read_text())
    assert (told["role"], told["round"], told["prompt"]) == ("worker", 2, "Do the work.")
    assert told["argv"] == ["--session", "s-1"]
    assert told["cwd"] == str(tmp_path / "tree")


def test_calls_at_the_same_time_get_numbers_of_their_own(tmp_path):
    script = {"worker": {"*": [{"wait_for": str(tmp_path / "go")}]}}
    processes = [_start(tmp_path, script) for _ in range(4)]
    calls = tmp_path / "script.json.calls"
    _until(lambda: calls.exists() and len(list(calls.glob("worker-*"))) == 4)
    (tmp_path / "go").touch()
    for process in processes:
        process.communicate(timeout=20)
        assert process.returncode == 0
    assert not list(calls.glob(".*"))


def test_steps_may_be_chosen_by_round(tmp_path):
    script = {"worker": {"2": [{"said": "second"}], "*": [{"said": "other"}]}}
    assert Said("second") in _events(_play(tmp_path, script))
    assert Said("other") in _events(_play(tmp_path, script, round=3))


@pytest.mark.parametrize(
    "script", [{}, {"worker": []}, {"worker": {"1": []}}, {"worker": None}, {"worker": [{}]}, {"worker": 7}]
)
def test_a_script_without_steps_for_the_call_is_a_sentence(tmp_path, script):
    done = _play(tmp_path, script)
    assert done.returncode == 96
    assert done.stderr.startswith("standin: ")
    assert "Traceback" not in done.stderr


def test_a_report_can_be_wrong_in_every_way(tmp_path):
    elsewhere = tmp_path / "else/where.json"
    _play(tmp_path, [{"raw": "no JSON {"}, {"report": {"round": 9}, "without": ["head_sha"], "to": str(elsewhere)}])
    assert (tmp_path / "outbox/report.json").read_text() == "no JSON {"
    assert json.loads(elsewhere.read_text()) == {"task_id": "T-001", "round": 9, "files_changed": []}


def test_a_report_may_be_the_final_message(tmp_path):
    done = _play(tmp_path, [{"report": {"notes": "n"}, "to": "stdout"}])
    said = "\n".join(event.text for event in _events(done) if isinstance(event, Said))
    document = SCRIPT.document(make_order(tmp_path / "any"), Finished(), said)
    assert document is not None
    assert document["notes"] == "n"
    assert not (tmp_path / "outbox/report.json").exists()


@pytest.mark.parametrize(("expected", "decision"), [("one\n", "approve"), ("two\n", "changes_required")])
def test_a_reviewer_decides_from_the_tree(tmp_path, expected: str, decision: str):
    look = f"import pathlib, sys; sys.exit(pathlib.Path('a.txt').read_text() != {expected!r})"
    script = {"reviewer": [[{"decide": {"run": ["{python}", "-c", look], "suggestions": ["s"]}}]]}
    assert _play(tmp_path, script, role="reviewer").returncode == 0
    report = json.loads((tmp_path / "outbox/report.json").read_text())
    assert report["decision"] == decision
    assert report["non_blocking_suggestions"] == ["s"]
    assert schema.find_problem("review_report", report) is None


def test_events_can_be_played(tmp_path):
    steps = [
        {"session": "s-9"},
        {"usage": {"input_tokens": 5, "cost_usd": 0.5}},
        {"fail": {"kind": "quota", "message": "spent", "retry_after": 60}},
    ]
    events = _events(_play(tmp_path, steps))
    assert SessionStarted("s-9") in events
    assert Usage(input_tokens=5, cost_usd=0.5) in events
    assert settle(events) == Failed(kind=FailureKind.QUOTA, message="spent", retry_after=60.0)


def test_output_of_any_kind_can_be_played(tmp_path):
    steps = [{"print": "ü\n", "repeat": 3}, {"print_bytes": "ff00fe0a"}, {"stderr": "oops"}, {"exit": 5}]
    process = _start(tmp_path, steps)
    assert process.stdout is not None
    with os.fdopen(os.dup(process.stdout.fileno()), "rb") as output:
        raw = output.read()
    _, err = process.communicate(timeout=20)
    assert raw == "ü\n".encode() * 3 + bytes.fromhex("ff00fe0a")
    assert (process.returncode, err) == (5, "oops\n")


def test_it_can_be_ended_by_a_signal(tmp_path):
    assert _play(tmp_path, [{"signal": signal.SIGKILL}]).returncode == -signal.SIGKILL


def test_it_can_ignore_a_polite_request_to_end(tmp_path):
    ready, go = tmp_path / "ready", tmp_path / "go"
    process = _start(tmp_path, [{"ignore_sigterm": True}, {"touch": str(ready)}, {"wait_for": str(go)}])
    _until(ready.exists)
    process.terminate()
    go.touch()
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_it_can_close_its_output_and_work_on(tmp_path):
    go = tmp_path / "go"
    process = _start(tmp_path, [{"close_stdout": True}, {"wait_for": str(go)}, {"edit": {"late.txt": "late"}}])
    assert process.stdout is not None
    assert process.stdout.read() == ""
    assert process.poll() is None
    go.touch()
    process.communicate(timeout=20)
    assert (tmp_path / "tree/late.txt").read_text() == "late"


def test_a_helper_can_hold_the_output_after_its_end(tmp_path):
    process = _start(tmp_path, [{"hold_stdout": 0.5}])
    assert process.wait(timeout=20) == 0
    ended = time.monotonic()
    process.communicate(timeout=20)
    assert time.monotonic() - ended > 0.1


def test_a_daemon_outlives_it_in_a_session_of_its_own_and_writes_late(tmp_path):
    pid_file, late = tmp_path / "pid", tmp_path / "late"
    step = {"daemon": {"seconds": 0.5, "pid_file": str(pid_file), "write": {str(late): "late"}}}
    done = _play(tmp_path, [step, {"wait_for": str(pid_file)}])
    assert done.returncode == 0
    _until(pid_file.read_text)
    pid = int(pid_file.read_text())
    assert _alive(pid)
    assert os.getsid(pid) not in (os.getsid(0), os.getpid())
    _until(late.exists)
    _until(lambda: not _alive(pid))


def test_a_daemon_that_cannot_write_does_not_go_on_with_the_script(tmp_path):
    marks = tmp_path / "marks"
    step = {"daemon": {"seconds": 0, "pid_file": str(tmp_path / "no/such/folder")}}
    done = _play(tmp_path, [step, {"append": {str(marks): "x"}}])
    assert done.returncode == 0
    assert marks.read_text() == "x"
