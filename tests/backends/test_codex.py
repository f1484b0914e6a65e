import json
import os
from dataclasses import replace

import pytest

from loop_kit.backends.codex import CODEX
from loop_kit.errors import BackendError
from loop_kit.model.agent_events import Failed, FailureKind, Finished, Said, SessionStarted, Usage, UsedTool
from loop_kit.model.roles import Access
from tests.backends.orders import cases, conversation, make_order

DONE = None
# case: how it ended, whether a session was named, (input, cached, output, reasoning) tokens over the whole session
CAPTURED = {
    "badflag": (FailureKind.CONFIG, False, None),
    "badtool": (DONE, True, (2400, 400, 80, 0)),
    "commit": (DONE, True, (2400, 400, 80, 16)),
    "commit_stdin": (DONE, True, (2400, 400, 80, 16)),
    "commit_ws": (DONE, True, (2400, 400, 80, 16)),  # nothing was committed, and only git shows it
    "err400": (FailureKind.PERMANENT, True, None),
    "err401": (FailureKind.AUTH, True, None),
    "err403": (FailureKind.AUTH, True, None),
    "err404": (FailureKind.PERMANENT, True, None),
    "err429": (FailureKind.TRANSIENT, True, None),
    "err429_ra": (FailureKind.TRANSIENT, True, None),
    "err500": (FailureKind.TRANSIENT, True, None),
    "err503": (FailureKind.TRANSIENT, True, None),
    "garbage": (FailureKind.TRUNCATED, True, None),
    "int": (FailureKind.UNKNOWN, True, None),  # exit code 1 and no word: only who sent the signal knows
    "nokey": (FailureKind.CONFIG, True, None),
    "noprompt": (FailureKind.UNKNOWN, False, None),
    "noserver": (FailureKind.UNKNOWN, True, None),  # it waited for a network until it was killed
    "noserver_off": (FailureKind.TRANSIENT, True, None),
    "quota": (FailureKind.QUOTA, True, None),
    "reset": (FailureKind.TRUNCATED, True, None),
    "resume": (DONE, True, (3600, 600, 120, 24)),
    "resume_bad": (FailureKind.SESSION, False, None),
    "resume_badname": (DONE, True, (2400, 400, 80, 16)),
    "review": (DONE, True, None),  # zeros, which are no count
    "review_ro": (DONE, True, (2400, 400, 80, 0)),
    "schema": (DONE, True, (2400, 400, 80, 0)),
    "schema_bad": (DONE, True, (1200, 200, 40, 0)),
    "sse_overloaded": (FailureKind.TRUNCATED, True, None),
    "term": (FailureKind.INTERRUPTED, True, None),
    "trunc": (FailureKind.TRUNCATED, True, None),
    "usage_limit": (FailureKind.QUOTA, True, None),
    "write": (DONE, True, (3600, 600, 120, 0)),
    "ws_adddir": (DONE, True, (2400, 400, 80, 16)),
    "wt_both": (DONE, True, (2400, 400, 80, 16)),
}


def test_every_capture_is_in_the_table():
    assert cases("codex") == sorted(CAPTURED)


@pytest.mark.parametrize("case", sorted(CAPTURED))
def test_a_captured_conversation_reads_as_what_it_was(case: str):
    kind, session, tokens = CAPTURED[case]
    talk = conversation("codex", case, CODEX)
    assert talk.session is session
    if kind is DONE:
        assert isinstance(talk.end, Finished)
    else:
        assert isinstance(talk.end, Failed)
        assert talk.end.kind is kind
        assert talk.end.message
    usage = talk.usage
    got = usage and (usage.input_tokens, usage.cached_tokens, usage.output_tokens, usage.reasoning_tokens)
    assert got == tokens
    assert usage is None or (usage.cumulative and usage.cost_usd is None)


def test_a_conversation_is_told_in_order():
    events = conversation("codex", "commit", CODEX).events
    assert [type(event) for event in events] == [SessionStarted, Said, UsedTool, Said, Usage, Finished]
    assert events[0] == SessionStarted("01a1fd53-1200-77f2-bcbc-95e5a691707e")
    assert isinstance(events[2], UsedTool)
    assert "git commit" in events[2].detail


def test_a_reconnecting_agent_has_not_failed():
    assert not conversation("codex", "noserver", CODEX).of(Failed)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("unexpected status 500 Internal Server Error: x", FailureKind.TRANSIENT),
        ("unexpected status 422 Unprocessable: x", FailureKind.PERMANENT),
        ("exceeded retry limit, last status: 401 Unauthorized", FailureKind.AUTH),
        ("Codex ran out of room in the model's context window. Start a new thread.", FailureKind.SESSION),
        ("a test said: unexpected status 401", FailureKind.PERMANENT),
    ],
)
def test_a_failure_is_named_by_how_its_message_begins(message: str, kind: FailureKind):
    (failed,) = CODEX.read(json.dumps({"type": "turn.failed", "error": {"message": message}}))
    assert isinstance(failed, Failed)
    assert failed.kind is kind


def test_words_of_an_agent_on_stderr_decide_nothing():
    failed = CODEX.explain(1, "the log says Error: thread/resume: and unexpected status 401\n")
    assert failed is not None
    assert failed.kind is FailureKind.UNKNOWN


def test_a_worker_may_write_its_tree_and_gits_folders_and_nothing_else(tmp_path):
    git_dir, common = tmp_path / "repo/.git/worktrees/w", tmp_path / "repo/.git"
    order = make_order(tmp_path, writable=(git_dir, common), model="m-1", args=("-c", "x=1"))
    call = CODEX.command(order)
    assert call.argv == (
        *("/opt/agent", "exec", "--json", "-C", str(order.cwd)),
        *("-s", "workspace-write", "--add-dir", str(git_dir), "--add-dir", str(common)),
        *("--disable", "unbounded_connection_retries", "-c", "analytics.enabled=false"),
        *("-c", "shell_environment_policy.ignore_default_excludes=false"),
        *("-m", "m-1", "-c", "x=1"),
        *(
            "-c",
            f'projects={{"{order.cwd}"={{trust_level="untrusted"}}}}',
            "-c",
            "project_doc_max_bytes=0",
        ),
        *("-o", str(order.scratch / "last_message.txt"), "-"),
    )
    assert call.stdin == order.prompt


def test_a_report_outside_the_tree_is_granted_too(tmp_path):
    order = make_order(tmp_path, report=tmp_path / "outbox" / "report.json")
    assert f"--add-dir {tmp_path / 'outbox'}" in " ".join(CODEX.command(order).argv)


def test_a_reviewer_reads_only_and_answers_in_form(tmp_path):
    order = make_order(tmp_path, access=Access.READ, writable=(tmp_path / ".git",))
    argv = CODEX.command(order).argv
    assert argv[5:7] == ("-s", "read-only")
    assert "--add-dir" not in argv
    form = json.loads((order.scratch / "answer.schema.json").read_text())
    assert argv[argv.index("--output-schema") + 1] == str(order.scratch / "answer.schema.json")
    assert form["required"] == list(form["properties"])
    assert form["additionalProperties"] is False


def test_a_worker_is_asked_for_no_form(tmp_path):
    assert "--output-schema" not in CODEX.command(make_order(tmp_path)).argv


def test_a_session_is_taken_up_at_the_end_of_the_command(tmp_path):
    assert CODEX.command(make_order(tmp_path, session="abc-1")).argv[-3:] == ("resume", "abc-1", "-")


@pytest.mark.parametrize("own", ["--dangerously-bypass-approvals-and-sandbox", "--sandbox=danger-full-access", "-s"])
def test_a_person_who_names_a_sandbox_gets_that_one_alone(tmp_path, own: str):
    argv = CODEX.command(make_order(tmp_path, args=(own,))).argv
    assert "workspace-write" not in argv
    assert argv.count(own) == 1


def test_nobody_is_let_out_of_the_sandbox_unasked(tmp_path):
    for access in Access:
        argv = CODEX.command(make_order(tmp_path / access, access=access)).argv
        assert not any(word in argument for argument in argv for word in ("bypass", "danger", "--yolo"))


def test_an_answer_of_an_earlier_start_is_no_answer(tmp_path):
    order = make_order(tmp_path)
    (order.scratch / "last_message.txt").write_text('{"decision": "approve"}')
    CODEX.command(order)
    assert CODEX.document(order, Finished(), "") is None


def test_the_last_message_is_the_document_and_null_means_left_out(tmp_path):
    order = make_order(tmp_path, access=Access.READ)
    CODEX.command(order)
    answer = {"decision": "approve", "blocking_issues": [{"line": None}], "x": None}
    (order.scratch / "last_message.txt").write_text(json.dumps(answer))
    found = CODEX.document(order, Finished(), '```json\n{"decision": "changes_required"}\n```')
    assert found == {"decision": "approve", "blocking_issues": [{}]}


def test_without_a_file_the_text_is_read(tmp_path):
    said = conversation("codex", "schema", CODEX).said
    found = CODEX.document(make_order(tmp_path), Finished(), said)
    assert found == {"verdict": "approve", "reasons": ["tests pass", "small diff"]}


def test_a_pipe_in_place_of_the_last_message_is_not_waited_for(tmp_path):
    order = make_order(tmp_path)
    os.mkfifo(order.scratch / "last_message.txt")
    assert CODEX.document(order, Finished(), "") is None


def test_a_scratch_folder_that_is_gone_is_one_sentence(tmp_path):
    order = make_order(tmp_path, access=Access.READ)
    with pytest.raises(BackendError, match=r"answer\.schema\.json cannot be written: No such file or directory"):
        CODEX.command(replace(order, scratch=tmp_path / "gone"))


def test_whatever_lies_where_the_last_message_goes_is_no_answer(tmp_path):
    order = make_order(tmp_path, access=Access.READ)
    (order.scratch / "last_message.txt").mkdir()
    CODEX.command(order)
    assert not (order.scratch / "last_message.txt").exists()
