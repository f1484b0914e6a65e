import pytest

from loop_kit.errors import DocumentError
from loop_kit.model import documents
from loop_kit.model.work import ClaimedTest, WorkReport
from tests.support.documents import SHA

REPORT = {"task_id": "T-001", "round": 1, "head_sha": SHA}


def test_a_report_of_the_original_format_is_read():
    report = documents.read(
        WorkReport,
        {
            **REPORT,
            "files_changed": ["src/main.txt"],
            "notes": "Hours are shown.",
            "tests": [{"name": "test_hours", "result": "pass", "output": "1 passed"}],
        },
    )
    assert report == WorkReport(
        task_id="T-001",
        round=1,
        head_sha=SHA,
        files_changed=("src/main.txt",),
        notes="Hours are shown.",
        tests=(ClaimedTest(name="test_hours", result="pass"),),
    )


def test_a_report_needs_no_more_than_task_round_and_head():
    assert documents.read(WorkReport, {**REPORT, "mood": "good"}) == WorkReport(task_id="T-001", round=1, head_sha=SHA)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"round": 0}, "work_report $.round: it should be at least 1, not 0"),
        ({"round": 1.0}, "work_report $.round: it should be a whole number, not 1.0"),
        ({"round": True}, "work_report $.round: it should be a whole number, not true"),
        ({"round": 10**30}, f"work_report $.round: it should be at most 1000000, not {10**30}"),
        ({"head_sha": ""}, "work_report $.head_sha: it is blank"),
        ({"head_sha": "abc"}, "work_report $.head_sha: it is shorter than 4 characters"),
        ({"head_sha": "a" * 65}, "work_report $.head_sha: it is longer than 64 characters"),
        ({"files_changed": None}, "work_report $.files_changed: it should be a list, not null"),
        ({"tests": ["test_hours"]}, "work_report $.tests[0]: it should be an object, not 'test_hours'"),
        ({"tests": [{"name": "test_hours"}]}, "work_report $.tests[0].result: it is missing"),
        ({"notes": ["a"]}, "work_report $.notes: it should be a text, not a list"),
    ],
)
def test_a_wrong_report_is_refused_in_one_sentence(change, sentence):
    with pytest.raises(DocumentError) as refused:
        documents.read(WorkReport, {**REPORT, **change})
    assert refused.value.message == sentence
