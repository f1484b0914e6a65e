"""The whole way: a program of the right name is found, started with its command and environment, and its output read.

The programs replay captured output and leave a note of how they were started.
"""

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from loop_kit.backends.account import Account, failure_of
from loop_kit.backends.environment import agent_environment
from loop_kit.backends.programs import locate
from loop_kit.backends.registry import find_backend
from loop_kit.model.agent_events import Failed, FailureKind, Finished
from loop_kit.model.config import BackendSettings
from loop_kit.model.roles import Access
from loop_kit.processes.briefly import run_briefly
from loop_kit.processes.spawn import Command
from tests.backends.orders import CAPTURES, make_order

PROGRAM = """\
#!{python}
import json, os, pathlib, sys
here = pathlib.Path(__file__).parent
note = {{"argv": sys.argv[1:], "prompt": sys.stdin.read(), "env": dict(os.environ), "cwd": os.getcwd()}}
(here / "note.json").write_text(json.dumps(note))
case = pathlib.Path({case!r})
if "-o" in sys.argv and {last!r}:
    pathlib.Path(sys.argv[sys.argv.index("-o") + 1]).write_text({last!r})
sys.stdout.write(case.with_suffix(".jsonl").read_text() if case.with_suffix(".jsonl").exists() else "")
sys.stderr.write(case.with_suffix(".err").read_text() if case.with_suffix(".err").exists() else "")
sys.exit({code})
"""


@dataclass(frozen=True)
class Replayed:
    note: dict[str, Any]
    end: Finished | Failed | None
    document: Any


def _replay(tmp_path: Path, name: str, case: str, *, last: str = "", **given: Any) -> Replayed:
    program = tmp_path / "bin" / name
    program.parent.mkdir()
    code = json.loads((CAPTURES / name / f"{case}.meta.json").read_text())["rc"]
    program.write_text(PROGRAM.format(python=sys.executable, case=str(CAPTURES / name / case), code=code, last=last))
    program.chmod(0o755)
    keys = {f"{service}_API_KEY": "k" for service in ("OPENAI", "ANTHROPIC", "GEMINI", "OPENCODE")}
    outer = {"PATH": str(program.parent), "HOME": str(tmp_path), **keys}
    settings = BackendSettings(type=name)
    backend = find_backend(name, settings)
    order = make_order(tmp_path, settings=settings, **given)
    order = replace(order, program=locate(name, backend, settings, path=outer["PATH"], home=outer["HOME"]))
    call = backend.command(order)
    environment = agent_environment(
        outer,
        backend_env=backend.env,
        env_pass=(),
        env_set=call.env,
        role_env=call.merged,
        loop={"LOOP_ROLE": order.role},
    )
    done = run_briefly(Command(argv=call.argv, env=environment, cwd=order.cwd, stdin=call.stdin), timeout=20)
    account = Account(backend)
    for line in done.stdout.splitlines():
        for event in backend.read(line):
            account.add(event)
    end = failure_of(backend, account.end, done.code, done.stderr) or account.end
    finished = end if isinstance(end, Finished) else None
    note = json.loads((tmp_path / "bin" / "note.json").read_text())
    return Replayed(note=note, end=end, document=backend.document(order, finished, account.said))


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("codex", "OPENAI_API_KEY"),
        ("claude", "ANTHROPIC_API_KEY"),
        ("gemini", "GEMINI_API_KEY"),
        ("opencode", "OPENCODE_API_KEY"),
    ],
)
def test_a_worker_gets_its_prompt_its_tree_and_its_own_key(tmp_path, name: str, key: str):
    done = _replay(tmp_path, name, "commit_stdin")
    assert isinstance(done.end, Finished)
    assert done.note["prompt"].endswith("Do the work.")
    assert done.note["cwd"] == str(tmp_path / "tree")
    assert {variable for variable in done.note["env"] if variable.endswith("_API_KEY")} == {key}
    assert done.note["env"]["LOOP_ROLE"] == "worker"
    assert done.document is None


def test_a_reviewer_of_codex_hands_in_the_file_it_was_asked_for(tmp_path):
    done = _replay(
        tmp_path, "codex", "schema", access=Access.READ, last='{"decision": "approve", "blocking_issues": null}'
    )
    assert done.document == {"decision": "approve"}
    form = Path(done.note["argv"][done.note["argv"].index("--output-schema") + 1])
    assert "decision" in json.loads(form.read_text())["required"]


def test_a_reviewer_of_claude_hands_in_its_formed_answer(tmp_path):
    done = _replay(tmp_path, "claude", "review_ro", access=Access.READ)
    assert done.document == {"verdict": "approve", "reasons": ["ok"]}
    assert "ANTHROPIC_API_KEY" in done.note["env"]
    assert done.note["env"]["DISABLE_AUTOUPDATER"] == "1"


def test_a_reviewer_of_gemini_hands_in_the_pieces_of_its_last_message(tmp_path):
    done = _replay(tmp_path, "gemini", "review_policy_verdict", access=Access.READ)
    assert done.document == {"verdict": "approve", "reasons": ["tests pass", "small diff"]}
    argv = done.note["argv"]
    assert "deny" in Path(argv[argv.index("--admin-policy") + 1]).read_text()
    assert done.note["env"]["GEMINI_CLI_NO_RELAUNCH"] == "true"


def test_a_reviewer_of_opencode_is_told_to_look_only(tmp_path):
    done = _replay(tmp_path, "opencode", "verdict", access=Access.READ)
    assert done.document == {"verdict": "approve", "reasons": ["tests pass", "small diff"]}
    agents = json.loads(done.note["env"]["OPENCODE_CONFIG_CONTENT"])["agent"]
    assert done.note["argv"][-2:] == ["--agent", *agents]


@pytest.mark.parametrize(
    ("name", "word"),
    [("codex", "resume"), ("claude", "--resume"), ("gemini", "--resume"), ("opencode", "--session")],
)
def test_a_session_is_taken_up_again(tmp_path, name: str, word: str):
    done = _replay(tmp_path, name, "resume", session="0a-1")
    argv = done.note["argv"]
    assert argv[argv.index(word) + 1] == "0a-1"
    assert isinstance(done.end, Finished)


@pytest.mark.parametrize(
    ("name", "case", "kind"),
    [
        ("codex", "resume_bad", FailureKind.SESSION),
        ("codex", "badflag", FailureKind.CONFIG),
        ("codex", "quota", FailureKind.QUOTA),
        ("claude", "resume_bad", FailureKind.SESSION),
        ("claude", "badflag", FailureKind.CONFIG),
        ("claude", "nokey", FailureKind.AUTH),
        ("gemini", "resume_bad", FailureKind.SESSION),
        ("gemini", "err404", FailureKind.PERMANENT),
        ("gemini", "err500", FailureKind.TRANSIENT),
        ("gemini", "nokey", FailureKind.AUTH),
        ("opencode", "resume_bad", FailureKind.SESSION),
        ("opencode", "quota", FailureKind.QUOTA),
    ],
)
def test_a_program_that_fails_says_how(tmp_path, name: str, case: str, kind: FailureKind):
    end = _replay(tmp_path, name, case, session="0a-1").end
    assert isinstance(end, Failed)
    assert end.kind is kind
