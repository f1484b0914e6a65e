from loop_kit.model import schema
from loop_kit.model.change import Effect, Finding
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


def test_every_finding_fits_into_a_review_request():
    findings = [write(Finding(effect=effect, code="odd", text="Odd.", paths=("a.txt",))) for effect in Effect]
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
