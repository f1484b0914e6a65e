from typing import Any

import pytest

from loop_kit.errors import DocumentError, NewerError, Outcome
from loop_kit.model import schema
from loop_kit.model.decision import Decision
from loop_kit.model.documents import read, write
from loop_kit.model.state import KEPT_ROWS, Judge, Phase, RoundRow, RunState
from loop_kit.model.versions import current
from loop_kit.values import replace
from tests.support import documents
from tests.support.documents import MISSING, ODD_VALUES, places, with_value

NOW = "2025-01-31T09:00:00.000Z"


def parse(document: Any) -> str | None:
    try:
        read(RunState, document, name="state.json")
    except DocumentError as error:
        return error.message.removeprefix("state.json ")
    return None


def field_of(problem: str | None) -> str:
    return (problem or "").split(": ")[0]


def row(decision: Decision, number: int = 1) -> RoundRow:
    return RoundRow(
        round=number,
        head_sha="aaaa",
        tree="bbbb",
        decision=decision,
        judged_by=Judge.REVIEWER,
        blocking=0,
        ended_at=NOW,
    )


def test_a_state_comes_back_as_it_went():
    state = read(RunState, documents.state(), name="state.json")
    assert write(state) == documents.state()
    assert read(RunState, write(state), name="state.json") == state


def test_a_state_without_what_older_loops_did_not_write_is_read():
    document = documents.state()
    del document["passed"], document["log"], document["round_details"][0]["digests"]
    state = read(RunState, document, name="state.json")
    assert (state.passed, state.log, state.round_details[0].digests) == ((), None, {})
    assert schema.find_problem("state", document) is None


def test_the_smallest_state_satisfies_parser_and_schema():
    state = RunState(
        run_id="r",
        run_name="",
        task_id="T-001",
        phase=Phase.IDLE,
        round=1,
        base_sha="a",
        head_sha="a",
        branch="",
        started_at=NOW,
        updated_at=NOW,
    )
    assert read(RunState, write(state), name="state.json") == state
    assert schema.find_problem("state", write(state)) is None


@pytest.mark.parametrize("path", places(documents.state()), ids=str)
def test_parser_and_schema_agree_on_every_odd_value_in_every_place(path):
    for value in (*ODD_VALUES, MISSING) if path else ODD_VALUES:
        changed = with_value(documents.state(), path, value)
        parsed, judged = parse(changed), schema.find_problem("state", current("state", changed, name="it"))
        assert (parsed is None) == (judged is None), (value, parsed, judged)
        if not isinstance(value, dict):  # an object may be wrong in more than one way
            assert field_of(parsed) == field_of(judged), (value, parsed, judged)


@pytest.mark.parametrize("path", [(), ("sessions", "worker"), ("round_details", 0)], ids=str)
def test_parser_and_schema_agree_on_a_field_nobody_knows(path):
    changed = with_value(documents.state(), (*path, "surprise"), 1)
    assert parse(changed) == schema.find_problem("state", changed)
    assert str(parse(changed)).endswith(".surprise: there is no such field")


@pytest.mark.parametrize("version", [None, 0, "1", "2", 1.5, True])
def test_a_state_of_another_version_is_refused_with_a_way_out(version):
    with pytest.raises(DocumentError) as refused:
        read(RunState, {**documents.state(), "schema_version": version, "something_newer": 1}, name="state.json")
    assert refused.value.message.startswith("state.json $.schema_version: this loop reads version 2, not ")
    assert "loop run --reset" in refused.value.hint


def test_a_state_that_a_newer_loop_wrote_is_refused_without_a_word_about_starting_anew():
    with pytest.raises(NewerError) as refused:
        read(RunState, {**documents.state(), "schema_version": 3, "something_newer": 1}, name="state.json")
    assert refused.value.message == "state.json has schema_version 3, and this loop knows version 2"
    assert "--reset" not in refused.value.hint


def test_a_state_of_the_original_format_is_refused_in_one_sentence():
    with pytest.raises(DocumentError) as refused:
        read(RunState, {"version": 1, "state": "idle", "round": 0, "task_id": None}, name="state.json")
    assert refused.value.message == "state.json $.schema_version: this loop reads version 2, not null"


def test_the_schema_knows_every_phase_outcome_and_judge():
    for key, words in (("state", Phase), ("outcome", Outcome)):
        for word in words:
            assert schema.find_problem("state", {**documents.state(), key: str(word)}) is None
    for judge in Judge:
        assert (
            schema.find_problem("state", with_value(documents.state(), ("round_details", 0, "judged_by"), str(judge)))
            is None
        )


def test_an_approved_round_ends_the_run():
    state = read(RunState, documents.state(), name="state.json")
    after = state.after(row(Decision.APPROVE, 2), now=NOW)
    assert (after.phase, after.round, after.outcome, after.unfinished) == (Phase.DONE, 2, Outcome.APPROVED, False)
    assert (after.head_sha, after.updated_at) == ("aaaa", NOW)


def test_a_refused_round_is_followed_by_the_next():
    state = read(RunState, documents.state(), name="state.json")
    after = state.after(row(Decision.CHANGES_REQUIRED, 2), now=NOW)
    assert (after.phase, after.round, after.outcome, after.unfinished) == (Phase.AWAITING_WORK, 3, None, True)


def test_a_long_run_keeps_only_its_last_rows():
    state = read(RunState, documents.state(), name="state.json")
    for number in range(2, 50):
        state = state.after(row(Decision.CHANGES_REQUIRED, number), now=NOW)
    assert len(state.round_details) == KEPT_ROWS
    assert state.round_details[-1].round == 49


def test_an_ended_run_keeps_what_it_needs_to_go_on():
    state = read(RunState, documents.state(), name="state.json")
    ended = replace(state, outcome=Outcome.TIMEOUT, error="The worker took too long.", hint="loop run --resume")
    assert (ended.outcome, ended.error, ended.unfinished) == (Outcome.TIMEOUT, "The worker took too long.", True)
    assert ended.going_on(now=state.updated_at) == state
