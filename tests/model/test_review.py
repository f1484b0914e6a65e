import pytest

from loop_kit.errors import DocumentError
from loop_kit.model import schema
from loop_kit.model.change import Effect, Finding
from loop_kit.model.decision import Decision
from loop_kit.model.documents import read, write
from loop_kit.model.review import FixList, Issue, ReviewReport
from tests.support.documents import SHA, issue

REPORT = {"task_id": "T-001", "round": 1, "decision": "approve"}
REFUSAL = {**REPORT, "decision": "changes_required"}
APPROVED_BUT = "review_report $.blocking_issues: an approval cannot have blocking issues"
REFUSED_FOR_NOTHING = "review_report $.blocking_issues: changes_required needs at least one blocking issue"


def test_an_approval_may_leave_the_lists_out():
    review = read(ReviewReport, REPORT)
    assert review.approved
    assert read(ReviewReport, write(review)) == review


def test_a_refusal_comes_back_as_it_went():
    review = read(
        ReviewReport, {**REFUSAL, "blocking_issues": [issue()], "non_blocking_suggestions": ["A shorter name."]}
    )
    assert not review.approved
    assert review.blocking_issues[0].required_change == "Show them."
    assert read(ReviewReport, write(review)) == review


def test_an_issue_of_the_original_format_is_read():
    entry = {"severity": "high", "file": "src/main.txt", "reason": "Wrong.", "id": "B1", "confidence": 0.9}
    review = read(ReviewReport, {**REFUSAL, "blocking_issues": [entry]})
    assert review.blocking_issues == (Issue(severity="high", file="src/main.txt", reason="Wrong."),)


@pytest.mark.parametrize(
    ("file", "line", "place"),
    [("a.txt", 12, "a.txt:12"), ("a.txt", None, "a.txt"), ("", 12, ""), ("a.txt:3", None, "a.txt:3")],
)
def test_a_line_beside_the_file_is_part_of_the_place(file, line, place):
    report = read(ReviewReport, {**REFUSAL, "blocking_issues": [{**issue(), "file": file, "line": line}]})
    assert report.blocking_issues[0].place == place


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({**REPORT, "blocking_issues": [issue()]}, APPROVED_BUT),
        ({**REPORT, "blocking_issues": [{}]}, APPROVED_BUT),
        ({**REPORT, "blocking_issues": ["none"]}, APPROVED_BUT),
        (REFUSAL, REFUSED_FOR_NOTHING),
        ({**REFUSAL, "blocking_issues": []}, REFUSED_FOR_NOTHING),
        ({**REFUSAL, "blocking_issues": None}, "review_report $.blocking_issues: it should be a list, not null"),
        (
            {**REFUSAL, "blocking_issues": [{**issue(), "reason": " "}]},
            "review_report $.blocking_issues[0].reason: it is blank",
        ),
        ({**REFUSAL, "blocking_issues": ["x"]}, "review_report $.blocking_issues[0]: it should be an object, not 'x'"),
    ],
)
def test_a_judgement_that_contradicts_itself_is_no_judgement(document, sentence):
    with pytest.raises(DocumentError) as refused:
        read(ReviewReport, document)
    assert refused.value.message == sentence


@pytest.mark.parametrize("word", ["approved", "Approve", "approve ", "LGTM", "", "approve|changes_required"])
def test_a_word_that_sounds_like_approval_is_none(word):
    with pytest.raises(DocumentError, match=r"\$\.decision: it should be 'approve' or 'changes_required', not"):
        read(ReviewReport, {**REPORT, "decision": word})


@pytest.mark.parametrize("value", [None, True, 1, ["approve"], {"approve": True}])
def test_a_decision_that_is_no_word_is_none(value):
    with pytest.raises(DocumentError, match=r"\$\.decision: it should be a text, not"):
        read(ReviewReport, {**REPORT, "decision": value})


def test_the_schema_and_the_model_know_the_same_decisions():
    for decision in Decision:
        blocking = [] if decision is Decision.APPROVE else [issue()]
        assert (
            schema.find_problem("review_report", {**REPORT, "decision": str(decision), "blocking_issues": blocking})
            is None
        )


def test_loops_own_review_is_a_valid_refusal_that_names_what_was_found():
    finding = Finding(effect=Effect.FIX, code="out_of_scope", text="2 paths are out of scope", paths=("a.txt", "b.txt"))
    review = ReviewReport.from_findings("T-001", 2, (finding,))
    assert read(ReviewReport, write(review)) == review
    assert (review.blocking_issues[0].file, review.blocking_issues[0].reason) == ("a.txt", "2 paths are out of scope")


def test_a_fix_list_comes_back_as_it_went():
    fixes = FixList(
        task_id="T-001",
        round=2,
        base_sha=SHA,
        head_sha=SHA,
        fixes=(Issue(**issue()),),
        prior_round_notes="Hours are shown.",
        prior_review_non_blocking=("A shorter name.",),
    )
    assert read(FixList, write(fixes)) == fixes


def test_a_wrong_fix_in_a_list_is_refused_by_its_path():
    document = {
        "task_id": "T-001",
        "round": 2,
        "base_sha": SHA,
        "head_sha": SHA,
        "fixes": [{"severity": "high", "file": ""}],
    }
    with pytest.raises(DocumentError) as refused:
        read(FixList, document, name="fix_list.json")
    assert refused.value.message == "fix_list.json $.fixes[0].reason: it is missing"
