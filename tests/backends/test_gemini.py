import json
import tomllib

import pytest

from loop_kit.backends.gemini import GEMINI
from loop_kit.errors import BackendError
from loop_kit.model.agent_events import Failed, FailureKind, Finished, Said, SessionStarted, Usage, UsedTool
from loop_kit.model.roles import Access
from tests.backends.orders import cases, conversation, make_order

DONE = None
# case: how it ended, whether a session was named, (input, cached, output) tokens of this run, seconds to wait
CAPTURED = {
    "badflag": (FailureKind.CONFIG, False, None, None),
    "badtool": (DONE, True, (2400, 400, 80), None),
    "commit": (DONE, True, (2400, 400, 96), None),  # 16 of them were thoughts, and stand in the total alone
    "commit_stdin": (DONE, True, (2400, 400, 96), None),
    "default_mode": (DONE, True, (2400, 400, 96), None),  # its command was refused, and only git shows it
    "err400": (FailureKind.PERMANENT, True, None, None),
    "err401": (FailureKind.AUTH, True, None, None),
    "err403": (FailureKind.AUTH, True, None, None),
    "err404": (FailureKind.PERMANENT, True, None, None),
    "err429": (FailureKind.TRANSIENT, True, None, None),
    "err429_ra": (FailureKind.TRANSIENT, True, None, 2.0),
    "err500": (FailureKind.TRANSIENT, True, None, None),
    "err503": (FailureKind.TRANSIENT, True, None, None),
    "failcmd": (DONE, True, (2400, 400, 80), None),
    "garbage": (FailureKind.TRUNCATED, True, None, None),
    "gquota_day": (FailureKind.QUOTA, True, None, None),
    "int": (FailureKind.INTERRUPTED, True, None, None),
    "maxturns": (FailureKind.PERMANENT, True, (1200, 200, 48), None),
    "nokey": (FailureKind.AUTH, False, None, None),
    "noprompt": (FailureKind.CONFIG, False, None, None),
    "noserver": (FailureKind.TRANSIENT, True, None, None),
    "quota": (FailureKind.TRANSIENT, True, None, None),  # the program itself takes it for a passing one
    "reset": (FailureKind.TRANSIENT, True, None, None),
    "resume": (DONE, True, (1200, 200, 48), None),
    "resume_bad": (FailureKind.SESSION, False, None, None),
    "review_policy_verdict": (DONE, True, (2400, 400, 80), None),
    "term": (FailureKind.INTERRUPTED, True, None, None),
    "trunc": (FailureKind.TRUNCATED, True, (1200, 200, 40), None),  # with exit code 0
    "verdict": (DONE, True, (2400, 400, 80), None),
    "write": (DONE, True, (3600, 600, 120), None),
}


def test_every_capture_is_in_the_table():
    assert cases("gemini") == sorted(CAPTURED)


@pytest.mark.parametrize("case", sorted(CAPTURED))
def test_a_captured_conversation_reads_as_what_it_was(case: str):
    kind, session, tokens, wait = CAPTURED[case]
    talk = conversation("gemini", case, GEMINI)
    assert talk.session is session
    if kind is DONE:
        assert isinstance(talk.end, Finished)
        assert talk.end.text
    else:
        assert isinstance(talk.end, Failed)
        assert (talk.end.kind, talk.end.retry_after) == (kind, wait)
        assert talk.end.message
        assert "[API Error" not in talk.end.message
    usage = talk.usage
    assert (usage and (usage.input_tokens, usage.cached_tokens, usage.output_tokens)) == tokens
    assert usage is None or (usage.cost_usd is None and usage.reasoning_tokens is None)
    assert usage is None or not (usage.cumulative or usage.step)


def test_a_conversation_is_told_in_order():
    events = conversation("gemini", "write", GEMINI).events
    kinds = [SessionStarted, UsedTool, UsedTool, Said, Said, Said, Usage, Finished]
    assert [type(event) for event in events] == kinds
    assert events[0] == SessionStarted("00c3ff1e-02dd-4c13-8eaa-e757ab4d8356")
    assert events[1] == UsedTool("write_file", "notes.md")
    assert isinstance(events[2], UsedTool)
    assert "git commit" in events[2].detail


def test_what_the_person_said_is_not_said_by_the_agent():
    assert conversation("gemini", "err500", GEMINI).said == ""


def test_a_verdict_in_pieces_is_one_document(tmp_path):
    talk = conversation("gemini", "verdict", GEMINI)
    assert isinstance(talk.end, Finished)
    document = GEMINI.document(make_order(tmp_path, access=Access.READ), talk.end, talk.said)
    assert document == {"verdict": "approve", "reasons": ["tests pass", "small diff"]}


@pytest.mark.parametrize(
    ("message", "kind", "wait"),
    [
        ('[API Error: {"error": {"code": 503, "message": "busy"}}]', FailureKind.TRANSIENT, None),
        ('[API Error: {"error": {"code": "503"}}]', FailureKind.UNKNOWN, None),
        ("[API Error: Slow down. Please retry in 34.07s.]\nPlease wait", FailureKind.UNKNOWN, 34.07),
        ("[API Error: Slow down. Please retry in 500ms.]", FailureKind.UNKNOWN, 0.5),
        ("[API Error: Slow down.\nSuggested retry after 60s.]", FailureKind.UNKNOWN, 60.0),
        ("[API Error: it said: You have exhausted your daily quota on this model.]", FailureKind.UNKNOWN, None),
        ("[API Error: Please retry in 1.2.3s]", FailureKind.UNKNOWN, None),
    ],
)
def test_a_failure_is_named_by_what_the_program_made_of_it(message: str, kind: FailureKind, wait: float | None):
    (failed,) = GEMINI.read(json.dumps({"type": "result", "status": "error", "error": {"message": message}}))
    assert isinstance(failed, Failed)
    assert (failed.kind, failed.retry_after) == (kind, wait)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (144, FailureKind.PERMANENT),
        (145, FailureKind.AUTH),
        (173, FailureKind.TRANSIENT),
        (255, FailureKind.TRANSIENT),
        (143, FailureKind.INTERRUPTED),
        (52, FailureKind.CONFIG),
        (1, FailureKind.UNKNOWN),
    ],
)
def test_the_exit_code_is_a_status_modulo_256(code: int, kind: FailureKind):
    failed = GEMINI.explain(code, "")
    assert failed is not None
    assert failed.kind is kind


def test_words_of_an_agent_on_stderr_decide_nothing():
    said = "a test said: Error resuming session: x\n and Unknown arguments: y and ModelNotFoundError: z\n"
    failed = GEMINI.explain(1, said)
    assert failed is not None
    assert failed.kind is FailureKind.UNKNOWN


def test_a_worker_may_do_everything(tmp_path):
    order = make_order(tmp_path, model="m-1", args=("--debug",), session="s-1")
    call = GEMINI.command(order)
    assert call.argv == (
        *("/opt/agent", "--include-directories", str(order.cwd), "--output-format", "stream-json", "--skip-trust"),
        *("-m", "m-1", "--resume", "s-1", "--debug", "--approval-mode", "yolo"),
    )
    assert call.stdin == order.scratch / "prompt.apart.txt"
    assert (call.env, call.merged) == ({"GEMINI_CLI_NO_RELAUNCH": "true"}, {})


def test_a_worker_knows_in_whose_name_it_commits(tmp_path):
    order = make_order(tmp_path, identity={"GIT_AUTHOR_NAME": "N"})
    assert GEMINI.command(order).env == {"GEMINI_CLI_NO_RELAUNCH": "true", "GIT_AUTHOR_NAME": "N"}


def test_a_report_outside_the_tree_is_granted_too(tmp_path):
    order = make_order(tmp_path, report=tmp_path / "outbox" / "report.json")
    argv = GEMINI.command(order).argv
    assert argv[3:6] == ("--include-directories", str(tmp_path / "outbox"), "--output-format")


def test_a_reviewer_may_look_by_a_policy_that_denies_everything_else(tmp_path):
    order = make_order(tmp_path, access=Access.READ)
    argv = GEMINI.command(order).argv
    assert argv[-4:-1] == ("--approval-mode", "default", "--admin-policy")
    rules = tomllib.loads((order.scratch / "reviewer.policy.toml").read_text())["rule"]
    assert argv[-1] == str(order.scratch / "reviewer.policy.toml")
    assert [(rule["toolName"], rule["decision"]) for rule in rules if rule["priority"] == 100] == [("*", "deny")]
    allowed = [name for rule in rules if rule["decision"] == "allow" for name in rule.get("commandPrefix", ())]
    assert allowed == ["git log", "git diff", "git show", "git status"]


@pytest.mark.parametrize(
    "own", ["--yolo", "-y", "--approval-mode=plan", "--policy", "--admin-policy", "--allowed-tools"]
)
@pytest.mark.parametrize("access", Access)
def test_a_person_who_names_a_mode_or_a_policy_gets_that_one_alone(tmp_path, own: str, access: Access):
    argv = GEMINI.command(make_order(tmp_path, access=access, args=(own,))).argv
    assert argv[-1] == own
    assert argv.count(own) == 1
    assert "default" not in argv


def test_a_prompt_that_would_be_cut_short_is_one_sentence(tmp_path):
    order = make_order(tmp_path)
    order.prompt.write_bytes(b"x" * (8 * 1024 * 1024 + 1))
    with pytest.raises(BackendError, match=r"^prompt\.txt has 8388609 bytes, and gemini reads no more than 8388608"):
        GEMINI.command(order)
