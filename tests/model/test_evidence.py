import json
from dataclasses import replace

import pytest

from loop_kit.errors import DocumentError
from loop_kit.model.check import CheckCommand, Where
from loop_kit.model.documents import read, write
from loop_kit.model.evidence import CheckEnding, CheckResult, Counts, Evidence, Verdict

TREE = "a" * 40
PASSED = CheckResult(
    name="tests",
    argv=("make", "test"),
    where=Where.WORKTREE,
    tree=TREE,
    verdict=Verdict.PASS,
    how=CheckEnding.EXITED,
    exit_code=0,
    seconds=1.25,
    counts=Counts(run=12, failed=0, skipped=1),
    tail="12 passed",
    digest="d" * 64,
    log="logs/r1_checks_tests.log",
)
FAILED = replace(PASSED, verdict=Verdict.FAIL, exit_code=1, reason="exit code 1")
FLAKY = replace(PASSED, verdict=Verdict.FLAKY, reason="failed, and passed when run again")
NOT_RUN = CheckResult.without_run(
    CheckCommand(name="tests", argv=("make", "test")), TREE, CheckEnding.NOT_RUN, "no tree"
)


def evidence(*results: CheckResult, refused: str = "", prepared: CheckResult | None = None) -> Evidence:
    named = tuple(replace(result, name=f"check-{number}") for number, result in enumerate(results))
    return Evidence(
        task_id="T-001", round=1, head_sha="c" * 40, tree=TREE, results=named, refused=refused, prepared=prepared
    )


def test_evidence_comes_back_from_its_document_as_it_went():
    whole = evidence(PASSED, FAILED, FLAKY, NOT_RUN, refused="it loads another tree", prepared=FAILED)
    assert read(Evidence, json.loads(json.dumps(write(whole)))) == whole
    assert read(Evidence, write(evidence())) == evidence()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"checks": [{}]}, "checks.json $.checks[0].name: it is missing"),
        ({"checks": {}}, "checks.json $.checks: it should be a list, not an object"),
        ({"tree": None}, "checks.json $.tree: it should be a text, not null"),
    ],
)
def test_a_document_that_is_no_evidence_is_refused(change, sentence):
    with pytest.raises(DocumentError) as refused:
        read(Evidence, {**write(evidence()), **change}, name="checks.json")
    assert refused.value.message == sentence


@pytest.mark.parametrize(
    ("results", "verified"),
    [
        ((), False),
        ((PASSED,), True),
        ((PASSED, FAILED), False),
        ((PASSED, NOT_RUN), False),
        ((PASSED, FLAKY), True),
        ((PASSED, replace(FAILED, verdict=Verdict.PREEXISTING)), True),
        ((FLAKY,), False),
        ((replace(FAILED, verdict=Verdict.PREEXISTING),), False),
        ((NOT_RUN,), False),
    ],
)
def test_an_approval_rests_on_something_that_passed_and_nothing_that_broke(results, verified):
    assert evidence(*results).verified is verified
    assert write(evidence(*results))["verified"] is verified


def test_an_environment_that_proves_nothing_verifies_nothing():
    assert not evidence(PASSED, refused="it loads another tree").verified


@pytest.mark.parametrize(
    ("head", "base", "verdict"),
    [
        (FAILED, PASSED, Verdict.FAIL),
        (FAILED, FAILED, Verdict.PREEXISTING),
        (FAILED, FLAKY, Verdict.FLAKY),
        (FAILED, NOT_RUN, Verdict.FAIL),
        (FAILED, replace(FAILED, argv=("make", "other")), Verdict.FAIL),
        (FAILED, None, Verdict.FAIL),
        (PASSED, FAILED, Verdict.PASS),
        (PASSED, FLAKY, Verdict.PASS),
        (FLAKY, FAILED, Verdict.FLAKY),
        (NOT_RUN, FAILED, Verdict.NOT_RUN),
    ],
)
def test_a_failure_is_seen_in_the_light_of_the_base(head, base, verdict):
    assert head.against(base).verdict is verdict
    baseline = evidence(*(() if base is None else (base,)), prepared=base)
    seen = evidence(head, prepared=head).against(baseline)
    assert (seen.results[0].verdict, seen.prepared and seen.prepared.verdict) == (verdict, verdict)


def test_without_a_baseline_nothing_is_excused():
    assert evidence(FAILED).against(None) == evidence(FAILED)


def test_each_result_is_a_line_that_says_it_all():
    inplace = replace(PASSED, where=Where.INPLACE, counts=None)
    assert [result.sentence for result in (PASSED, FAILED, inplace, NOT_RUN)] == [
        "tests (make test): passed in 1.2 s: 12 tests run, 0 failed, 1 skipped",
        "tests (make test): failed in 1.2 s: 12 tests run, 0 failed, 1 skipped; exit code 1",
        "tests (make test): passed in 1.2 s: run in the person's own tree",
        "tests (make test): not run: no tree",
    ]
    assert (
        evidence(PASSED, refused="another tree", prepared=PASSED).sentences[0] == "checks could not run: another tree"
    )
    assert len(evidence(PASSED, refused="another tree", prepared=PASSED).sentences) == 3


def test_what_could_not_be_started_has_failed_and_what_was_not_tried_has_not():
    command = CheckCommand(name="tests", argv=("make",))
    assert CheckResult.without_run(command, TREE, CheckEnding.NOT_STARTED, "missing").failed
    assert not NOT_RUN.failed


def test_only_what_passed_is_named_as_passed():
    assert evidence(PASSED, FAILED, FLAKY).passed_names == {"check-0"}
