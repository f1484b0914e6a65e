import json
import re

import pytest

from loop_kit.errors import LoopError
from loop_kit.model import documents
from loop_kit.model.review import ReviewReport
from loop_kit.model.work import WorkReport
from loop_kit.prompts import follow_up
from loop_kit.prompts.delivery import reviewer_delivery, worker_delivery


def example(text: str) -> dict[str, object]:
    found = re.search(r"```json\n(.*?)\n```", text, re.DOTALL)
    assert found is not None
    document: dict[str, object] = json.loads(found[1])
    return document


def test_the_form_of_a_work_report_is_what_the_schema_asks_for():
    form = example(worker_delivery("T-001", 3, "/out/report.json"))
    report = documents.read(WorkReport, {**form, "head_sha": "a" * 40})
    assert (report.task_id, report.round) == ("T-001", 3)
    assert set(form) == {"task_id", "round", "head_sha", "files_changed", "notes", "tests"}


def test_the_form_of_a_review_report_is_what_the_schema_asks_for():
    form = example(reviewer_delivery("T-001", 3, "/out/report.json"))
    report = documents.read(ReviewReport, {**form, "decision": "changes_required"})
    assert (report.task_id, report.round, len(report.blocking_issues)) == ("T-001", 3, 1)


def test_an_echoed_form_is_no_report():
    with pytest.raises(LoopError):
        documents.read(WorkReport, example(worker_delivery("T-001", 3, "/out/report.json")))
    with pytest.raises(LoopError):
        documents.read(ReviewReport, example(reviewer_delivery("T-001", 3, "/out/report.json")))


@pytest.mark.parametrize("delivery", [worker_delivery, reviewer_delivery])
def test_the_place_of_the_report_is_an_absolute_path_in_a_line_of_its_own(delivery):
    assert "\n    /a path/with spaces/report.json\n" in delivery("T-001", 1, "/a path/with spaces/report.json")


@pytest.mark.parametrize(("kind", "name"), [("work_report", "work report"), ("review_report", "review report")])
def test_a_follow_up_says_what_was_wrong_and_asks_for_the_document_alone(kind, name):
    text = follow_up(kind, ("review_report $.decision: 'ok'\nis none",), "/out/report.json")
    assert f"cannot accept your {name}" in text
    assert "\n- review_report $.decision: 'ok'\\nis none\n" in text
    assert "/out/report.json" in text
    assert "do nothing else" in text
    assert len(text) < 1000
