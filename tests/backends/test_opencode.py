import json
from typing import Any

import pytest

from loop_kit.backends.opencode import OPENCODE
from loop_kit.errors import ConfigError
from loop_kit.model.agent_events import Failed, FailureKind, Finished, Said, SessionStarted, Usage, UsedTool
from loop_kit.model.roles import Access
from tests.backends.orders import cases, conversation, make_order

DONE = None
NO_WORD = "it ended without one"
UNCOUNTED = (None, None, None, None, None)
# case: how it ended, whether a session was named, (input, cached, output, reasoning) tokens and dollars, seconds to wait
CAPTURED: dict[str, Any] = {
    "ask": (NO_WORD, True, (1200, 200, 40, 8, 0.00366), None),  # a command was refused, and it ended with exit code 0
    "badflag": (FailureKind.CONFIG, False, None, None),
    "badtool": (DONE, True, (2400, 400, 80, 0, 0.00732), None),
    "commit": (DONE, True, (2400, 400, 80, 16, 0.00732), None),
    "commit_stdin": (DONE, True, (2400, 400, 80, 16, 0.00732), None),
    "err400": (FailureKind.PERMANENT, True, None, None),
    "err401": (FailureKind.AUTH, True, None, None),
    "err403": (FailureKind.AUTH, True, None, None),
    "err404": (FailureKind.PERMANENT, True, None, None),
    "err429": (FailureKind.TRANSIENT, True, None, None),
    "err429_ra": (FailureKind.TRANSIENT, True, None, 2.0),
    "err500": (FailureKind.TRANSIENT, True, None, None),
    "err503": (FailureKind.TRANSIENT, True, None, None),
    "failcmd": (DONE, True, (2400, 400, 80, 0, 0.00732), None),
    "garbage": (FailureKind.TRUNCATED, True, UNCOUNTED, None),  # it went on until it was killed
    "int": (FailureKind.UNKNOWN, True, None, None),  # it did not listen, and was killed
    "nokey": (DONE, True, (2400, 400, 80, 16, 0.00732), None),
    "noprompt": (FailureKind.CONFIG, False, None, None),
    "noserver": (FailureKind.UNKNOWN, False, None, None),  # it waited for a network until it was killed
    "quota": (FailureKind.QUOTA, True, None, None),
    "reset": (FailureKind.TRANSIENT, True, None, None),
    "resume": (DONE, True, (1200, 200, 40, 8, 0.00366), None),
    "resume_bad": (FailureKind.SESSION, False, None, None),
    "review_ro": (DONE, True, (2400, 400, 80, 0, 0.00732), None),
    "term": (FailureKind.INTERRUPTED, True, None, None),
    "trunc": (FailureKind.TRUNCATED, True, UNCOUNTED, None),  # it went on until it was killed
    "usage_limit": (FailureKind.QUOTA, True, None, 3600.0),
    "verdict": (DONE, True, (2400, 400, 80, 0, 0.00732), None),
    "write": (DONE, True, (3600, 600, 120, 0, 0.01098), None),
}


def test_every_capture_is_in_the_table():
    assert cases("opencode") == sorted(CAPTURED)


@pytest.mark.parametrize("case", sorted(CAPTURED))
def test_a_captured_conversation_reads_as_what_it_was(case: str):
    kind, session, spent, wait = CAPTURED[case]
    talk = conversation("opencode", case, OPENCODE)
    assert talk.session is session
    if kind is NO_WORD:
        assert talk.end is None
    elif kind is DONE:
        assert isinstance(talk.end, Finished)
        assert talk.end.text
    else:
        assert isinstance(talk.end, Failed)
        assert (talk.end.kind, talk.end.retry_after) == (kind, wait)
        assert talk.end.message
        assert "\x1b" not in talk.end.message
    used = talk.usage
    tokens = used and (used.input_tokens, used.cached_tokens, used.output_tokens, used.reasoning_tokens)
    assert (tokens and (*tokens, used and used.cost_usd)) == (spent and pytest.approx(spent))
    assert talk.account.hopeless is (case in ("garbage", "trunc"))


def test_a_conversation_is_told_in_order():
    events = conversation("opencode", "commit", OPENCODE).events
    begun = SessionStarted("ses_e02cda662ffe7pPaNIyjUOgN9C")
    assert [type(event) for event in events] == [
        *(SessionStarted, Said, UsedTool, Usage),
        *(SessionStarted, Said, Usage, Finished),
    ]
    assert events[0] == events[4] == begun
    assert isinstance(events[2], UsedTool)
    assert (events[2].name, "git commit" in events[2].detail) == ("bash", True)


def test_a_step_without_a_price_has_an_unknown_one():
    tokens = {"input": 7, "output": 2, "reasoning": 0, "cache": {"read": 3, "write": 1}}
    line = {"type": "step_finish", "part": {"reason": "tool-calls", "tokens": tokens, "cost": 0}}
    assert OPENCODE.read(json.dumps(line)) == (
        Usage(input_tokens=11, cached_tokens=3, output_tokens=2, reasoning_tokens=0, step=True),
    )


@pytest.mark.parametrize(
    ("error", "kind", "wait"),
    [
        ({"name": "ProviderAuthError", "data": {"message": "m"}}, FailureKind.AUTH, None),
        ({"name": "MessageAbortedError"}, FailureKind.INTERRUPTED, None),
        ({"name": "UnknownError", "data": {"message": "Unexpected server error"}}, FailureKind.UNKNOWN, None),
        ({"name": ["x"], "data": []}, FailureKind.UNKNOWN, None),
        ({"name": "E", "data": {"isRetryable": True}}, FailureKind.TRANSIENT, None),
        ({"name": "E", "data": {"statusCode": 418, "isRetryable": True}}, FailureKind.PERMANENT, None),
        ({"data": {"statusCode": 503, "responseHeaders": {"retry-after": "1.5"}}}, FailureKind.TRANSIENT, 1.5),
        ({"data": {"statusCode": 503, "responseHeaders": {"retry-after": "tomorrow"}}}, FailureKind.TRANSIENT, None),
        ({"data": {"statusCode": 429, "responseBody": "{"}}, FailureKind.TRANSIENT, None),
    ],
)
def test_an_error_is_named_by_its_fields(error: dict[str, Any], kind: FailureKind, wait: float | None):
    (failed,) = OPENCODE.read(json.dumps({"type": "error", "error": error}))
    assert isinstance(failed, Failed)
    assert (failed.kind, failed.retry_after) == (kind, wait)
    assert failed.message


def test_words_of_an_agent_on_stderr_decide_nothing():
    failed = OPENCODE.explain(1, "a test said:\nError: Session not found\n")
    assert failed is not None
    assert failed.kind is FailureKind.UNKNOWN


def test_a_worker_is_asked_nothing(tmp_path):
    order = make_order(tmp_path, model="p/m-1", args=("--variant", "high"), session="ses_1")
    call = OPENCODE.command(order)
    assert call.argv == (
        *("/opt/agent", "run", "--format", "json", "-m", "p/m-1", "--session", "ses_1"),
        *("--title", "loop T-001 r2 worker", "--variant", "high", "--auto"),
    )
    assert call.stdin == order.scratch / "prompt.apart.txt"
    assert call.merged == {}
    assert set(call.env) == {
        *(f"OPENCODE_DISABLE_{what}" for what in ("AUTOUPDATE", "LSP_DOWNLOAD", "MODELS_FETCH", "SHARE")),
        *(f"OPENCODE_DISABLE_{what}" for what in ("CLAUDE_CODE", "EXTERNAL_SKILLS", "PROJECT_CONFIG")),
    }
    assert call.apart


def test_a_reviewer_is_an_agent_that_may_only_look(tmp_path):
    order = make_order(tmp_path, access=Access.READ)
    call = OPENCODE.command(order)
    assert call.argv[-2:] == ("--agent", "loop-reviewer")
    assert "--auto" not in call.argv
    assert call.env["OPENCODE_DISABLE_PROJECT_CONFIG"] == "1"
    rules = json.loads(call.merged["OPENCODE_CONFIG_CONTENT"])["agent"]["loop-reviewer"]["permission"]
    assert next(iter(rules.items())) == ("*", "deny")  # the last rule that matches counts
    assert [name for name, rule in rules.items() if rule == "allow"] == ["read", "grep", "glob", "list"]
    assert [*rules["bash"].items()] == [
        ("*", "deny"),
        *((f"git {what}*", "allow") for what in ("log", "diff", "show", "status")),
        ("*--output*", "deny"),
        ("*>*", "deny"),
    ]
    assert rules["external_directory"] == {"*": "deny", f"{order.cwd}/*": "allow"}  # it is started beside the tree


def test_what_a_person_configured_is_kept_and_the_reviewer_added(tmp_path):
    own = {"provider": {"p": {"npm": "x"}}, "agent": {"mine": {"model": "m"}, "loop-reviewer": {"mode": "all"}}}
    environment = {"OPENCODE_CONFIG_CONTENT": json.dumps(own)}
    call = OPENCODE.command(make_order(tmp_path, access=Access.READ, environment=environment))
    merged = json.loads(call.merged["OPENCODE_CONFIG_CONTENT"])
    assert merged["provider"] == own["provider"]
    assert merged["agent"]["mine"] == {"model": "m"}
    assert merged["agent"]["loop-reviewer"]["permission"]["*"] == "deny"


@pytest.mark.parametrize(
    ("given", "what"),
    [("{", "is not a JSON object"), ("[]", "is not a JSON object"), ('{"agent": []}', "has an 'agent' that is not")],
)
def test_a_configuration_that_cannot_be_added_to_is_one_sentence(tmp_path, given: str, what: str):
    order = make_order(tmp_path, access=Access.READ, environment={"OPENCODE_CONFIG_CONTENT": given})
    with pytest.raises(ConfigError, match=f"^the variable OPENCODE_CONFIG_CONTENT {what}") as caught:
        OPENCODE.command(order)
    assert caught.value.hint


@pytest.mark.parametrize("own", ["--auto", "--agent", "--agent=plan"])
@pytest.mark.parametrize("access", Access)
def test_a_person_who_names_an_agent_or_a_mode_gets_that_one_alone(tmp_path, own: str, access: Access):
    call = OPENCODE.command(make_order(tmp_path, access=access, args=(own,)))
    assert call.argv[-1] == own
    assert call.argv.count(own) == 1
    assert call.merged == {}
