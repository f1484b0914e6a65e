import pytest

from loop_kit.errors import Outcome
from loop_kit.model import schema
from loop_kit.model.change import Commit
from loop_kit.model.decision import Decision
from loop_kit.model.documents import read, write
from loop_kit.model.events import BackendSwitched, DispatchEnded, Noticed, RoundStarted
from loop_kit.model.review import Issue, ReviewReport
from loop_kit.model.spending import Spending
from loop_kit.model.state import RunState
from loop_kit.model.summary import Summary
from loop_kit.values import replace
from loop_kit.views.run_summary import RunFacts, summarize
from tests.support import documents
from tests.support.happenings import sample

STATE = replace(read(RunState, documents.state()), outcome=Outcome.ROUND_LIMIT, error="3 rounds ended", hint="go on")
ISSUE = Issue(severity="high", file="app.txt", reason="It says something else.")
FOUND = RunFacts(
    tree="7" * 40,
    commits=(Commit(sha="e" * 40, subject="Say two"),),
    files=("app.txt",),
    review=ReviewReport(
        task_id="T-1",
        round=1,
        decision=Decision.CHANGES_REQUIRED,
        blocking_issues=(ISSUE,),
    ),
    verified=True,
    tree_settings_allowed=(),
)
ENDED = sample(DispatchEnded, usage={"input_tokens": 3}, cost_usd=0.5)


def test_a_summary_is_a_valid_document_that_is_read_again():
    events = (sample(RoundStarted), ENDED, sample(BackendSwitched, to="other"))
    summary = summarize(STATE, FOUND, events)
    document = write(summary)
    assert schema.find_problem("summary", document) is None
    assert read(Summary, document) == summary
    assert [each["backend"] for each in document["dispatches"]] == [ENDED.backend]
    assert [each["to"] for each in document["switches"]] == ["other"]
    assert document["commits"] == ["eeeeeeeeeeee Say two"]


def test_what_was_noticed_is_told_once():
    events = (sample(Noticed, what=("a", "b")), sample(Noticed, what=("b", "c")))
    assert summarize(STATE, FOUND, events).noticed == ("a", "b", "c")


def test_nothing_is_open_after_an_approval():
    assert len(summarize(STATE, FOUND, ()).open_issues) == 1
    assert summarize(replace(STATE, outcome=Outcome.APPROVED), FOUND, ()).open_issues == ()


@pytest.mark.parametrize(
    ("verified", "reason"),
    [
        (None, "approved, unverified: no check is configured"),
        (False, "approved, unverified: no check verifies it"),
        (True, "approved and verified: loop's own checks pass"),
    ],
)
def test_an_approval_names_its_grounds(verified: bool | None, reason: str):
    approved = replace(STATE, outcome=Outcome.APPROVED, error="", hint="")
    summary = summarize(approved, replace(FOUND, verified=verified), ())
    assert (summary.reason, summary.exit_code) == (reason, 0)
    assert summary.next_step.startswith("loop diff ")


@pytest.mark.parametrize(
    ("spent", "cost"),
    [
        ({}, None),
        ({"worker": Spending(dispatches=1, cost_usd=0.0)}, 0.0),
        ({"worker": Spending(dispatches=1, cost_usd=0.5), "reviewer": Spending(dispatches=1, cost_usd=1.0)}, 1.5),
        ({"worker": Spending(dispatches=2, cost_usd=0.5, unpriced=1)}, None),
    ],
)
def test_a_cost_that_nobody_knows_is_never_zero(spent: dict[str, Spending], cost: float | None):
    assert summarize(replace(STATE, spent=spent), FOUND, ()).cost_usd == cost
