from dataclasses import replace
from typing import Any

import pytest

from loop_kit.checks.judge import Expectations, judge
from loop_kit.model.change import Effect
from loop_kit.model.evidence import CheckResult, Counts, Evidence, Verdict
from loop_kit.model.task import Criterion
from loop_kit.model.work import ClaimedTest
from tests.checks.workspaces import evidence, result

FAILED = result(
    Verdict.FAIL, exit_code=1, reason="exit code 1", tail="line\n" * 100 + "the end", log="logs/r1_checks_tests.log"
)


def codes(given: Evidence, **expectations: Any) -> list[tuple[str, Effect]]:
    return [(finding.code, finding.effect) for finding in judge(given, Expectations(**expectations))]


def test_what_passes_is_no_finding():
    assert codes(evidence(result())) == []
    assert codes(evidence()) == []


def test_a_failure_is_a_fix_list_by_itself_with_what_it_printed_last():
    (finding,) = judge(evidence(FAILED), Expectations())
    assert (finding.code, finding.effect) == ("check_failed", Effect.FIX)
    assert finding.text.startswith("check tests (make test): failed: exit code 1. All it printed is in logs/r1_checks")
    assert finding.text.endswith("line\nthe end")
    assert len(finding.text) < 3000


@pytest.mark.parametrize(
    ("verdict", "code"),
    [
        (Verdict.PREEXISTING, ("check_preexisting", Effect.NOTE)),
        (Verdict.FLAKY, ("check_flaky", Effect.JUDGE)),
    ],
)
def test_what_the_work_did_not_break_buys_no_round(verdict, code):
    assert codes(evidence(replace(FAILED, verdict=verdict))) == [code]


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.PREEXISTING])
def test_what_passed_in_this_run_and_fails_now_is_a_fix_whatever_was_before(verdict):
    given = evidence(replace(FAILED, verdict=verdict))
    assert codes(given, passed_before={"tests"}) == [("check_regressed", Effect.FIX)]
    assert ("check_regressed", Effect.FIX) not in codes(given, passed_before={"other"})


@pytest.mark.parametrize(
    ("verdict", "effects"),
    [
        (Verdict.PASS, []),
        (Verdict.FAIL, [Effect.FIX]),
        (Verdict.PREEXISTING, [Effect.FIX]),
        (Verdict.FLAKY, [Effect.JUDGE]),
        (Verdict.NOT_RUN, [Effect.JUDGE]),
    ],
)
def test_a_criterion_is_met_only_when_its_check_passes(verdict, effects):
    criteria = (Criterion(text="It works.", check="tests"), Criterion(text="It is nice."))
    findings = judge(evidence(replace(FAILED, verdict=verdict)), Expectations(criteria=criteria))
    assert [finding.effect for finding in findings if finding.code == "criterion_unmet"] == effects
    assert all("'It works.'" in finding.text for finding in findings if finding.code == "criterion_unmet")


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.PREEXISTING])
def test_a_worker_sent_back_for_a_criterion_is_shown_once_what_its_check_printed(verdict):
    findings = judge(
        evidence(replace(FAILED, verdict=verdict)),
        Expectations(criteria=(Criterion(text="It works.", check="tests"),)),
    )
    fixes = [finding.text for finding in findings if finding.effect is Effect.FIX]
    assert fixes
    assert [text.endswith("the end") for text in fixes].count(True) == 1


@pytest.mark.parametrize(
    ("claim", "contradicted"),
    [
        (("tests", "pass"), True),
        (("Make  Test", "PASSED (12)"), True),
        (("make test", "ok"), True),
        (("make test", "fail"), False),
        (("make lint", "pass"), False),
        (("", ""), False),
    ],
)
def test_a_claim_that_the_check_contradicts_is_named(claim: tuple[str, str], contradicted):
    claims = (ClaimedTest(name=claim[0], result=claim[1]),)
    found = ("claim_contradicted", Effect.JUDGE) in codes(evidence(FAILED), claims=claims)
    assert found is contradicted
    assert codes(evidence(result()), claims=claims) == []


def test_an_environment_that_was_refused_is_noted_and_nobody_is_sent_to_fix_it():
    given = evidence(result(Verdict.NOT_RUN), refused="it loads another tree")
    assert codes(given) == [("no_evidence", Effect.NOTE)]


def test_a_preparation_that_the_change_broke_is_to_be_fixed_and_one_that_never_worked_is_not():
    prepared = replace(FAILED, name="prepare")
    given = evidence(result(Verdict.NOT_RUN), prepared=prepared)
    assert codes(given) == [("prepare_failed", Effect.FIX)]
    before = evidence(result(Verdict.NOT_RUN), prepared=prepared)
    assert codes(given.against(before), baseline=before) == [("no_evidence", Effect.NOTE)]
    assert codes(evidence(result(), prepared=replace(prepared, verdict=Verdict.FLAKY))) == []


def counted(run: int) -> CheckResult:
    return result(counts=Counts(run=run, failed=0, skipped=0))


def test_a_check_that_passes_with_fewer_tests_is_for_the_reviewer():
    assert codes(evidence(counted(3)), baseline=evidence(counted(12))) == [("fewer_tests", Effect.JUDGE)]
    assert codes(evidence(counted(13)), baseline=evidence(counted(12))) == []
    assert codes(evidence(result()), baseline=evidence(counted(12))) == []
