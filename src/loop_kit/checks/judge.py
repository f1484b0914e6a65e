"""Findings from the evidence: which results are a fix list by themselves, and which the reviewer judges.

A failure that the base has too, a flaky check and one that did not run are no fix list, unless the check passed earlier in
this run or the card requires it to pass.
"""

from collections.abc import Collection, Iterator, Sequence

from loop_kit.model.change import Effect, Finding
from loop_kit.model.evidence import CheckResult, Evidence, Verdict
from loop_kit.model.figures import counted
from loop_kit.model.task import Criterion
from loop_kit.model.work import ClaimedTest
from loop_kit.values import dataclass

_LAST_LINES = 30
_LAST_CHARACTERS = 2000
_CLAIMS_SUCCESS = ("pass", "ok", "success", "succeed", "green")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """What the results are compared with. `passed_before` names checks that passed in an earlier round of this run."""

    baseline: Evidence | None = None
    passed_before: Collection[str] = ()
    criteria: Sequence[Criterion] = ()
    claims: Sequence[ClaimedTest] = ()


def judge(evidence: Evidence, expectations: Expectations) -> tuple[Finding, ...]:
    """Return the findings; `evidence` has been compared with the baseline (`Evidence.against`)."""
    base = expectations.baseline.named() if expectations.baseline is not None else {}
    findings = list(_of_setup(evidence))
    for result in evidence.results:
        findings += _of_result(result, regressed=result.name in expectations.passed_before)
        findings += _of_counts(result, base.get(result.name))
        findings += _of_claims(result, expectations.claims)
    findings += _of_criteria(evidence, expectations)
    return tuple(findings)


def _of_setup(evidence: Evidence) -> Iterator[Finding]:
    prepared = evidence.prepared
    if evidence.refused:
        yield Finding(effect=Effect.NOTE, code="no_evidence", text=evidence.refused)
    elif prepared is not None and prepared.preexisting:
        text = f"no check ran, because the tree cannot be made ready, and could not at the base: {prepared.reason}"
        yield Finding(effect=Effect.NOTE, code="no_evidence", text=text)
    elif prepared is not None and prepared.failed:
        text = _with_output(f"the tree cannot be made ready for the checks any more: {prepared.sentence}", prepared)
        yield Finding(effect=Effect.FIX, code="prepare_failed", text=text)


def _of_result(result: CheckResult, *, regressed: bool) -> Iterator[Finding]:
    if result.failed and regressed:
        text = _with_output(f"a check that passed earlier in this run fails now: {result.sentence}", result)
        yield Finding(effect=Effect.FIX, code="check_regressed", text=text)
    elif result.preexisting:
        yield Finding(effect=Effect.NOTE, code="check_preexisting", text=f"check {result.sentence}")
    elif result.failed:
        text = _with_output(f"check {result.sentence}", result)
        yield Finding(effect=Effect.FIX, code="check_failed", text=text)
    elif result.flaky:
        text = f"check {result.sentence}; it shows nothing in either direction"
        yield Finding(effect=Effect.JUDGE, code="check_flaky", text=text)


def _of_counts(result: CheckResult, base: CheckResult | None) -> Iterator[Finding]:
    """Report a check that passes with fewer tests than at the base: a test that no longer runs cannot fail."""
    now, before = result.counts, base.counts if base else None
    if result.passed and now is not None and before is not None and now.run < before.run:
        text = f"check {result.name} ran {counted(now.run, 'test')}, and {before.run} at the base"
        yield Finding(effect=Effect.JUDGE, code="fewer_tests", text=text)


def _of_claims(result: CheckResult, claims: Sequence[ClaimedTest]) -> Iterator[Finding]:
    names = {_plain(result.name), _plain(result.shown), _plain(" ".join(result.argv))}
    for claim in claims:
        if result.failed and _plain(claim.name) in names and _plain(claim.result).startswith(_CLAIMS_SUCCESS):
            text = f"the worker reports {claim.name!r:.200} as {claim.result!r:.60}, and check {result.name} fails"
            yield Finding(effect=Effect.JUDGE, code="claim_contradicted", text=text)


def _of_criteria(evidence: Evidence, expectations: Expectations) -> Iterator[Finding]:
    """Compare criteria with their checks; one whose check says nothing is left to the reviewer."""
    results = evidence.named()
    for criterion in expectations.criteria:
        result = results.get(criterion.check or "")
        if criterion.check is None or (result is not None and result.passed):
            continue
        failed = result is not None and result.failed
        how = "fails" if failed else f"says nothing ({result.verdict if result else Verdict.NOT_RUN})"
        text = f"acceptance criterion {criterion.text!r:.400} is not shown to be met: its check {criterion.check} {how}"
        # Any other failure is a fix of its own, which shows the output.
        if result is not None and result.preexisting and result.name not in expectations.passed_before:
            text = _with_output(text, result)
        yield Finding(effect=Effect.FIX if failed else Effect.JUDGE, code="criterion_unmet", text=text)


def _with_output(text: str, result: CheckResult) -> str:
    last = "\n".join(result.tail.splitlines()[-_LAST_LINES:])[-_LAST_CHARACTERS:]
    return f"{text}. All it printed is in {result.log}; the end:\n{last}" if last else text


def _plain(text: str) -> str:
    return " ".join(text.split()).lower()
