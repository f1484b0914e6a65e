"""Reports that come another way, or are mended, or show something that the round has to deal with."""

from typing import Any

import pytest

from tests.cli.reporting import git_step, python
from tests.support.runs import Stage, Steps, approves, ended, objects, works

TWO: Steps = [{"edit": {"app.txt": "two\n"}}, {"commit": "Two"}]
TAKEN: dict[str, Steps] = {
    "an abbreviated head": [*TWO, python("report.write_text(json.dumps({**sound, 'head_sha': head[:8]}))")],
    "exit 1 after a good report": [*works(), {"exit": 1}],
    "killed by a signal after a good report": [*works(), {"signal": 9}],
    "reported a failure after a good report": [*works(), {"fail": {"kind": "transient", "message": "busy"}}],
    "in the final message": [*TWO, {"report": {}, "to": "stdout"}],
    "with fields of its own": [*TWO, {"report": {"mood": "good", "files_changed": ["app.txt"], "tests": []}}],
}


@pytest.mark.parametrize("steps", TAKEN.values(), ids=TAKEN)
def test_a_report_that_git_confirms_is_taken(tmp_path, steps: Steps):
    stage = Stage.set_up(tmp_path, worker=[steps])
    result = stage.run("--single-round")
    ended(stage, result, 0, says="approved", paid=(1, 1))
    assert result.standing["head_sha"] == stage.head
    assert "r1_work_report.json" in stage.archived()


def test_a_report_at_the_classic_path_is_taken_when_it_was_written_during_the_dispatch(tmp_path):
    stage = Stage.set_up(tmp_path)
    stage.play([[*TWO, {"report": {}, "to": str(stage.bus / "work_report.json")}]])
    ended(stage, stage.run("--single-round"), 0, paid=(1, 1))


def test_a_report_that_lay_at_the_classic_path_before_is_not_taken_for_an_answer(tmp_path):
    stage = Stage.set_up(tmp_path, worker=[TWO, []])
    old = '{"task_id": "T-1", "round": 1, "head_sha": "' + stage.head + '"}'
    (stage.bus / "work_report.json").write_text(old, encoding="utf-8")
    result = stage.run("--single-round")
    ended(stage, result, 8, says="work_report.json was not handed in", paid=(2, 0))
    assert (stage.bus / "archive/T-1/r1_work_report.json").read_text(encoding="utf-8") == old


MENDED: dict[str, tuple[Steps, Steps]] = {
    "invalid JSON": ([*TWO, {"raw": "{"}], [{"report": {}}]),
    "uncommitted changes": (
        [{"edit": {"app.txt": "two\n"}}, {"report": {}}],
        [{"edit": {"app.txt": "two\n"}}, *TWO[1:], {"report": {}}],
    ),
    "nothing done": ([{"report": {}}], works()),
}


@pytest.mark.parametrize(("first", "again"), MENDED.values(), ids=MENDED)
def test_a_report_that_is_mended_goes_to_the_reviewer(tmp_path, first: Steps, again: Steps):
    stage = Stage.set_up(tmp_path, worker=[first, again])
    result = stage.run("--single-round")
    ended(stage, result, 0, paid=(2, 1))
    assert [name for name in stage.archived() if "work_report" in name] == [
        "r1_work_report.json",
        "r1_work_report.refused-1.json",
    ]


def test_commits_on_top_of_the_reported_head_are_part_of_the_change(tmp_path):
    stage = Stage.set_up(tmp_path, worker=[[*works(), {"edit": {"more.txt": "m\n"}}, {"commit": "More"}]])
    result = stage.run("--single-round")
    ended(stage, result, 0, paid=(1, 1))
    assert result.standing["head_sha"] == stage.head
    request: Any = stage.read("review_request")
    assert "more.txt" in [file["path"] for file in request["changed_files"]]
    assert "commits_on_top" in [finding["code"] for finding in request["findings"]]
    assert "more.txt" in stage.calls("reviewer")[0]["prompt"]


def test_a_path_out_of_scope_is_sent_back_without_paying_a_reviewer(tmp_path):
    stage = Stage.set_up(tmp_path, card={"out_of_scope": ["secret/**"]}, worker=[works(path="secret/key.txt")])
    result = stage.run("--single-round")
    ended(stage, result, 10, says="changes required", paid=(1, 0))
    fix_list: Any = stage.read("fix_list")
    assert (fix_list["round"], "secret/key.txt" in str(fix_list["fixes"])) == (2, True)
    assert result.standing["round_details"][0]["judged_by"] == "loop"


def test_a_worker_that_goes_back_to_where_it_was_ends_the_run(tmp_path):
    stage = Stage.set_up(tmp_path, worker=[works("two\n"), works("three\n"), works("two\n")], reviewer={"*": objects()})
    result = stage.run()
    ended(stage, result, 7, says="loop run --reset", paid=(3, 2))
    assert (result.standing["state"], result.standing["round"]) == ("awaiting_work", 3)


def test_a_worker_that_rewrites_the_round_before_stops_the_run(tmp_path):
    stage = Stage.set_up(
        tmp_path,
        worker=[works("two\n"), [git_step("reset", "-q", "--hard", "HEAD~1"), *works("three\n")]],
        reviewer=[objects(), approves()],
    )
    result = stage.run()
    ended(stage, result, 11, says="is not in the history of HEAD any more", paid=(2, 1))
    assert stage.refs()["refs/loop/T-1/r1/head"] == result.standing["head_sha"]
