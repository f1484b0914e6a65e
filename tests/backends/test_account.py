import pytest

from loop_kit.backends.account import Account, concludes, failure_of
from loop_kit.backends.codex import CODEX, Codex
from loop_kit.model.agent_events import AgentEvent, Failed, FailureKind, Finished, Said, SessionStarted, Usage, UsedTool

CUT_OFF = Failed(kind=FailureKind.TRANSIENT, message="cut off", max_consecutive=3)
UNSURE = Failed(kind=FailureKind.UNKNOWN, message="it said no more")


def _account(*events: AgentEvent) -> Account:
    account = Account(CODEX)
    for event in events:
        account.add(event)
    return account


class Sure(Codex):
    concludes = True


def test_pieces_of_a_message_are_joined_and_messages_are_not():
    pieces = (Said('{"a": "on', more=True), Said('e"}', more=True))
    account = _account(Said("I look.", more=True), UsedTool("shell"), *pieces, Finished(said_last=True))
    assert account.said == '\nI look.\n{"a": "one"}'
    assert account.finished is not None
    assert account.finished.text == '{"a": "one"}'


def test_whole_messages_stand_on_lines_of_their_own():
    assert _account(Said("one"), Said("two")).said == "\none\ntwo"
    assert _account(Said("one", more=True), SessionStarted("s"), Said("two", more=True)).said == "\none\ntwo"


def test_a_draft_before_the_last_tool_is_not_the_last_word():
    account = _account(Said("draft"), UsedTool("shell"), Said("I changed my mind."), Usage(), Finished(said_last=True))
    assert account.end == Finished(text="I changed my mind.", said_last=True)


def test_who_repeats_the_last_message_is_taken_by_that_word():
    assert _account(Said("draft"), Finished(text="done")).end == Finished(text="done")
    assert _account(Said("draft"), Finished()).end == Finished()


def test_steps_are_added_up_and_totals_replace_each_other():
    step = Usage(input_tokens=5, output_tokens=2, cost_usd=0.5, step=True)
    assert _account(step, step).usage == Usage(input_tokens=10, output_tokens=4, cost_usd=1.0, step=True)
    assert _account(Usage(input_tokens=5), Usage(input_tokens=7)).usage == Usage(input_tokens=7)
    assert _account(Usage(input_tokens=5), step).usage == step


def test_a_step_that_nobody_counted_makes_the_sum_unknown():
    counted, silent = Usage(input_tokens=5, cost_usd=0.5, step=True), Usage(input_tokens=1, step=True)
    assert _account(counted, silent).usage == Usage(input_tokens=6, step=True)
    assert _account(silent, counted).usage == Usage(input_tokens=6, step=True)


@pytest.mark.parametrize(
    ("events", "hopeless"),
    [
        ((CUT_OFF, CUT_OFF), False),
        ((CUT_OFF, CUT_OFF, CUT_OFF), True),
        ((CUT_OFF, Said("a start"), Usage(step=True), CUT_OFF, CUT_OFF), True),
        ((CUT_OFF, CUT_OFF, UsedTool("shell"), CUT_OFF), False),
        ((CUT_OFF, CUT_OFF, Finished(), CUT_OFF), False),
        ((UNSURE, UNSURE, UNSURE, UNSURE), False),
    ],
)
def test_a_program_that_goes_on_failing_is_hopeless_after_a_few_times(events: tuple[AgentEvent, ...], hopeless):
    assert _account(*events).hopeless is hopeless


def test_a_program_that_found_its_way_has_not_failed():
    account = _account(CUT_OFF, CUT_OFF, Finished(text="done"))
    assert account.end == Finished(text="done")
    assert account.failed is None


@pytest.mark.parametrize(
    ("end", "code", "kind"),
    [
        (Finished(), 0, None),
        (None, 0, None),
        (None, -15, FailureKind.INTERRUPTED),
        (None, 3, FailureKind.UNKNOWN),
        (UNSURE, 0, FailureKind.UNKNOWN),
        (UNSURE, -15, FailureKind.INTERRUPTED),
        (CUT_OFF, -15, FailureKind.TRANSIENT),
    ],
)
def test_the_word_of_a_program_comes_before_its_exit_code(end, code: int, kind: FailureKind | None):
    failed = failure_of(CODEX, end, code, "")
    assert (failed and failed.kind) == kind
    assert failed is None or end is None or failed.message == end.message


@pytest.mark.parametrize("code", [0, None, -9])
def test_a_program_that_always_says_how_it_ended_was_cut_off_when_it_did_not(code: int | None):
    failed = failure_of(Sure(), None, code, "")
    assert failed is not None
    assert failed.kind is FailureKind.INTERRUPTED
    assert failure_of(Sure(), Finished(), 0, "") is None


def test_only_who_says_so_concludes():
    assert concludes(Sure())
    assert not concludes(CODEX)
