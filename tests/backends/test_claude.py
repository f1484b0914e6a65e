import json

import pytest

from loop_kit import resources
from loop_kit.backends.claude import CLAUDE
from loop_kit.errors import BackendError
from loop_kit.model.agent_events import Failed, FailureKind, Finished, Said, SessionStarted, Usage, UsedTool
from loop_kit.model.roles import Access
from tests.backends.orders import cases, conversation, make_order

DONE = None
# case: how it ended, whether a session was named, (input with cache, from cache, output) tokens and dollars of this run
CAPTURED = {
    "badflag": (FailureKind.CONFIG, False, None),
    "badtool": (DONE, True, (2400, 400, 80, 0.00732)),
    "bare": (DONE, True, (2400, 400, 80, 0.00732)),
    "budget": (FailureKind.PERMANENT, True, (100_000, 0, 5000, 0.375)),  # its `usage` says zero
    "commit": (DONE, True, (2400, 400, 80, 0.00732)),
    "commit_stdin": (DONE, True, (2400, 400, 80, 0.00732)),
    "default_mode": (DONE, True, (2400, 400, 80, 0.00732)),  # its command was refused, and only git shows it
    "dontask": (DONE, True, (2400, 400, 80, 0.00732)),
    "err400": (FailureKind.PERMANENT, True, None),
    "err401": (FailureKind.AUTH, True, None),
    "err403": (FailureKind.AUTH, True, None),
    "err404": (FailureKind.PERMANENT, True, None),
    "err429": (FailureKind.TRANSIENT, True, None),
    "err429_ra": (FailureKind.TRANSIENT, True, None),
    "err500": (FailureKind.TRANSIENT, True, None),
    "err529": (FailureKind.TRANSIENT, True, None),
    "failcmd": (DONE, True, (2400, 400, 80, 0.00732)),
    "garbage": (FailureKind.TRUNCATED, True, None),
    "int": (FailureKind.INTERRUPTED, True, (1200, 200, 40, 0.00366)),  # with exit code 0
    "max_tokens": (FailureKind.PERMANENT, True, (4800, 800, 160, 0.01464)),
    "maxturns": (FailureKind.PERMANENT, True, (1200, 200, 40, 0.00366)),
    "nokey": (FailureKind.AUTH, True, None),
    "noprompt": (FailureKind.CONFIG, False, None),
    "noserver": (FailureKind.TRANSIENT, True, None),
    "partial": (DONE, True, (2400, 400, 80, 0.00732)),
    "prompt_too_long": (FailureKind.SESSION, True, None),
    "quota": (FailureKind.QUOTA, True, None),
    "refusal": (FailureKind.PERMANENT, True, (2400, 400, 80, 0.00732)),
    "reset": (FailureKind.TRANSIENT, True, None),
    "resume": (DONE, True, (1200, 200, 40, 0.00366)),  # its total is that of the whole session
    "resume_bad": (FailureKind.SESSION, False, None),
    "resume_badname": (FailureKind.SESSION, False, None),
    "review_ro": (DONE, True, (2400, 400, 80, 0.00732)),
    "schema": (DONE, True, (2400, 400, 80, 0.00732)),
    "schema_bad": (DONE, True, (2400, 400, 80, 0.00732)),
    "schema_wrong": (DONE, True, (2400, 400, 80, 0.00732)),
    "sse_overloaded": (FailureKind.TRUNCATED, True, None),
    "term": (FailureKind.INTERRUPTED, True, None),
    "trunc": (FailureKind.TRUNCATED, True, (1200, 200, 4, 0.00312)),
    "write": (DONE, True, (3600, 600, 120, 0.01098)),
}


def test_every_capture_is_in_the_table():
    assert cases("claude") == sorted(CAPTURED)


@pytest.mark.parametrize("case", sorted(CAPTURED))
def test_a_captured_conversation_reads_as_what_it_was(case: str):
    kind, session, spent = CAPTURED[case]
    talk = conversation("claude", case, CLAUDE)
    assert talk.session is session
    if kind is DONE:
        assert isinstance(talk.end, Finished)
        assert talk.end.text
    else:
        assert isinstance(talk.end, Failed)
        assert talk.end.kind is kind
        assert talk.end.message
    usage = talk.usage
    got = usage and (usage.input_tokens, usage.cached_tokens, usage.output_tokens, usage.cost_usd)
    assert got == (spent and pytest.approx(spent))
    assert usage is None or not usage.cumulative


def test_a_conversation_is_told_in_order():
    events = conversation("claude", "commit", CLAUDE).events
    assert [type(event) for event in events] == [SessionStarted, Said, UsedTool, Said, Usage, Finished]
    assert events[0] == SessionStarted("0929aff7-f869-44c2-89ae-29f8a6bf9c81")
    assert isinstance(events[2], UsedTool)
    assert events[2].name == "Bash"
    assert "git commit" in events[2].detail


def test_what_the_service_says_is_not_said_by_the_agent():
    assert conversation("claude", "err500", CLAUDE).said == ""


def test_a_formed_answer_is_the_document(tmp_path):
    end = conversation("claude", "review_ro", CLAUDE).end
    assert isinstance(end, Finished)
    assert CLAUDE.document(make_order(tmp_path), end, "") == {"verdict": "approve", "reasons": ["ok"]}


def test_words_that_sound_like_approval_are_no_document(tmp_path):
    talk = conversation("claude", "schema_bad", CLAUDE)
    assert isinstance(talk.end, Finished)
    assert CLAUDE.document(make_order(tmp_path), talk.end, talk.said) is None


def test_money_is_unknown_where_only_a_total_is_told():
    line = {
        "type": "result",
        "is_error": False,
        "total_cost_usd": 1.5,
        "usage": {"input_tokens": 5, "output_tokens": 7},
    }
    usage = CLAUDE.read(json.dumps(line))[0]
    assert usage == Usage(output_tokens=7)  # the input is unknown too: what came from the cache is not told


def test_one_model_without_a_price_makes_the_sum_unknown():
    models = {"a": {"inputTokens": 1, "outputTokens": 1, "costUSD": 0.5}, "b": {"inputTokens": 1, "outputTokens": 2}}
    usage = CLAUDE.read(json.dumps({"type": "result", "is_error": True, "model_usage_since_last_result": models}))[0]
    assert isinstance(usage, Usage)
    assert (usage.output_tokens, usage.cost_usd) == (3, None)


def test_a_worker_may_run_and_edit_without_being_asked(tmp_path):
    order = make_order(tmp_path, model="m-1", args=("--max-turns", "9"), session="s-1")
    call = CLAUDE.command(order)
    assert call.argv == (
        *("/opt/agent", "-p", "--output-format", "stream-json", "--verbose"),
        *("--model", "m-1", "--resume", "s-1", "--max-turns", "9", "--setting-sources", "user"),
        *("--permission-mode", "dontAsk", "--allowedTools", "Bash", "Edit", "Write"),
    )
    assert call.stdin == order.prompt
    assert call.env == {
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_MAX_RETRIES": "2",
        "DISABLE_AUTOUPDATER": "1",
    }


def test_a_report_outside_the_tree_is_granted_too(tmp_path):
    order = make_order(tmp_path, report=tmp_path / "outbox" / "report.json")
    assert f"--add-dir {tmp_path / 'outbox'} --setting-sources" in " ".join(CLAUDE.command(order).argv)


def test_a_reviewer_may_look_and_answers_in_form(tmp_path):
    argv = CLAUDE.command(make_order(tmp_path, access=Access.READ)).argv
    assert argv[-8:] == (
        *("--permission-mode", "dontAsk", "--tools", "Read,Grep,Glob,Bash"),
        *("--allowedTools", "Bash(git log:*)", "Bash(git diff:*)", "Bash(git show:*)"),
    )
    form = json.loads(argv[argv.index("--json-schema") + 1])
    assert set(form["required"]) == {"task_id", "round", "decision"}
    assert not {"allOf", "anyOf", "$schema", "$id"} & set(form)


@pytest.mark.parametrize("own", ["--dangerously-skip-permissions", "--permission-mode=plan", "--permission-mode"])
def test_a_person_who_names_a_mode_gets_that_one_alone(tmp_path, own: str):
    argv = CLAUDE.command(make_order(tmp_path, args=(own,))).argv
    assert "dontAsk" not in argv
    assert argv.count(own) == 1


def test_nobody_skips_permissions_unasked(tmp_path):
    for access in Access:
        argv = CLAUDE.command(make_order(tmp_path / access, access=access)).argv
        assert not any("dangerously" in argument for argument in argv)


def test_a_schema_that_is_too_long_for_an_argument_is_one_sentence(tmp_path):
    schema = tmp_path / "long.schema.json"
    schema.write_text(json.dumps({"type": "object", "description": "x" * 131_072}))
    with pytest.raises(BackendError, match=r"^long\.schema\.json is too long"):
        CLAUDE.command(make_order(tmp_path, access=Access.READ, schema=schema))


def test_the_real_schema_fits_into_an_argument(tmp_path):
    order = make_order(tmp_path, access=Access.READ, schema=resources.schema_path("review_report"))
    assert max(len(argument) for argument in CLAUDE.command(order).argv) < 10_000
