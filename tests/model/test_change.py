from loop_kit.model import schema
from loop_kit.model.change import Change, Effect, Finding
from loop_kit.model.documents import write
from tests.support.documents import SHA

REQUEST = {
    "task_id": "T-001",
    "round": 1,
    "base_sha": SHA,
    "head_sha": SHA,
    "commits": [],
    "diff": "",
    "acceptance_criteria": [],
}


def finding(effect: Effect) -> Finding:
    return Finding(effect=effect, code=f"code_{effect}", text="Something is odd.", paths=("a.txt",))


def test_findings_are_picked_by_their_effect():
    findings = tuple(finding(effect) for effect in Effect)
    change = Change(base_sha=SHA, head_sha=SHA, tree=SHA, commits=(), files=(), findings=findings)
    assert [found.code for found in change.having(Effect.JUDGE)] == ["code_judge"]
    assert change.having(Effect.STOP) == (findings[-1],)


def test_every_finding_fits_into_a_review_request():
    findings = [write(finding(effect)) for effect in Effect]
    assert schema.find_problem("review_request", {**REQUEST, "findings": findings}) is None


def test_a_request_of_the_original_format_is_valid():
    original = {
        **REQUEST,
        "commits": ["abc123 Show hours"],
        "diff": "diff --git a/a.txt b/a.txt\n",
        "constraints": [],
        "worker_notes": "Hours are shown.",
        "worker_tests": [{"name": "test_hours", "result": "pass"}],
    }
    assert schema.find_problem("review_request", original) is None
    assert schema.find_problem("review_request", {**original, "commits": "abc123 Show hours"}) is None


def test_a_request_needs_the_diff_or_the_place_where_it_is():
    request = {key: value for key, value in REQUEST.items() if key != "diff"}
    assert (
        schema.find_problem("review_request", request)
        == "$.diff_file: there is neither a diff nor a diff_file that names one"
    )
    assert schema.find_problem("review_request", {**request, "diff_file": "review_diff.patch"}) is None
