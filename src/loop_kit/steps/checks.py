"""The step `checks`: loop's own commands, at the base before anything is paid and at every head before a reviewer is asked.

What was run is on the bus or in the archive and is never run twice for one commit. It is believed only while it has the
digest that stands in the state: a worker can write files like these too.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, ClassVar

from loop_kit.bus.document import dump, parse
from loop_kit.bus.own_folders import stop_at_links
from loop_kit.checks.plan import Plan, plan_checks
from loop_kit.engine.run import Run, digest
from loop_kit.engine.watching import stop_if_touched
from loop_kit.errors import DocumentError
from loop_kit.model import documents
from loop_kit.model.change import Effect, Finding
from loop_kit.model.events import ChecksEnded, ChecksStarted
from loop_kit.model.evidence import Evidence
from loop_kit.model.state import Phase
from loop_kit.model.task import TaskCard
from loop_kit.model.work import WorkReport
from loop_kit.steps.step import RoundSoFar
from loop_kit.values import dataclass, replace

if TYPE_CHECKING:
    from loop_kit.engine.checks_at import Checked

BASE_ROUND = 0
_SEAL, _BASE_SEAL = "checks", "base_checks"  # in the state's digests
_OF_CHECKS = ("check_failed", "criterion_unmet", "prepare_failed")


@dataclass(frozen=True, slots=True)
class Checks:
    """Holds the change against loop's own checks."""

    name: ClassVar[str] = "checks"

    def play(self, run: Run, so_far: RoundSoFar) -> RoundSoFar:
        plan = plan_checks(run.card, run.settings)
        change, evidence = so_far.shown, None
        if plan.commands:
            passed, baseline = run.state.passed, _baseline(run)
            evidence = _on_bus(run, change.head_sha) or _at_head(run, plan, change.head_sha, baseline)
            findings = (*change.findings, *_judged(run.card, so_far.claim, evidence, passed, baseline))
            change = replace(change, findings=_for_reviewer(run, findings))
        return replace(so_far, change=change, evidence=evidence)


def check_base(run: Run) -> None:
    """Find out, once in a run and before anything is paid, which checks fail at the base already."""
    plan = plan_checks(run.card, run.settings)
    if not plan.commands or _baseline(run) is not None:
        return
    run.find_pins()
    checked = _gather(run, plan, BASE_ROUND, run.manifest.base_sha, seals=run.state.digests, watched=run.state.watch)
    run.archive.put_document(BASE_ROUND, Evidence.kind, checked.evidence)
    run.put(digests={**run.state.digests, **checked.seals, _BASE_SEAL: digest(dump(checked.evidence))})
    _tell(run, checked.evidence)
    stop_if_touched(run, "the checks where the run begins")


def _at_head(run: Run, plan: Plan, head_sha: str, baseline: Evidence | None) -> Evidence:
    if run.state.phase is Phase.AWAITING_REVIEW:  # checks are an agent's code: what they hand in is nobody's judgement
        run.put(phase=Phase.AWAITING_WORK)
    checked = _gather(run, plan, run.round, head_sha, seals=run.state.digests, watched=run.state.watch)
    evidence = checked.evidence.against(baseline)
    run.papers[Evidence.kind] = run.bus.write(Evidence.kind, evidence)
    run.put(digests={**run.state.digests, **checked.seals, _SEAL: digest(run.papers[Evidence.kind])})
    _tell(run, evidence)
    stop_if_touched(run, "the checks", kept=" (what they showed is kept on the bus)")
    return evidence


def _judged(
    card: TaskCard, work: WorkReport, evidence: Evidence, passed: Collection[str], baseline: Evidence | None
) -> tuple[Finding, ...]:
    from loop_kit.checks.judge import Expectations, judge  # noqa: PLC0415  (a run without checks does without)

    expectations = Expectations(
        baseline=baseline,
        passed_before=frozenset(passed) & {result.name for result in evidence.results if result.failed},
        criteria=card.acceptance_criteria,
        claims=work.tests,
    )
    return tuple(judge(evidence, expectations))


def _for_reviewer(run: Run, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Leave failing checks to the reviewer's judgement, when the person wants it asked all the same."""
    if not run.settings.run.review_failing:
        return findings
    return tuple(
        replace(finding, effect=Effect.JUDGE)
        if finding.effect is Effect.FIX and finding.code in _OF_CHECKS
        else finding
        for finding in findings
    )


def _gather(
    run: Run, plan: Plan, number: int, head_sha: str, *, seals: Mapping[str, str], watched: Mapping[str, str]
) -> "Checked":
    """Run the plan's checks at a commit and return what they showed; every listener is told of each."""
    from loop_kit.checks.gather import CheckTarget  # noqa: PLC0415  (17 ms that a run without checks does without)
    from loop_kit.engine.checks_at import gather_evidence  # noqa: PLC0415  (as above)

    started = ChecksStarted(round=number, head_sha=head_sha, checks=tuple(command.name for command in plan.commands))
    run.emit(started)
    target = CheckTarget(task_id=run.card.task_id, round=number, head_sha=head_sha)
    checked = gather_evidence(run, plan, target, seals=seals, before=watched)
    stop_at_links(run.bus, run.name)
    return checked


def _on_bus(run: Run, head_sha: str) -> Evidence | None:
    """Return the evidence for exactly this head that an earlier, interrupted try has gathered."""
    try:
        data = run.bus.read_raw(Evidence.kind)
    except DocumentError:
        return None
    if data is None or run.state.digests.get(_SEAL) != digest(data):
        return None
    evidence = documents.read(Evidence, parse(data))
    if (evidence.round, evidence.head_sha) != (run.round, head_sha):
        return None
    run.papers[Evidence.kind] = data
    return evidence


def _baseline(run: Run) -> Evidence | None:
    found = run.archive.find(BASE_ROUND, Evidence.kind, run.state.digests.get(_BASE_SEAL, ""))
    return None if found is None else documents.read(Evidence, parse(found))


def _tell(run: Run, evidence: Evidence) -> None:
    results = (evidence.prepared, *evidence.results)
    ended = ChecksEnded(
        round=evidence.round,
        head_sha=evidence.head_sha,
        verified=evidence.verified,
        refused=evidence.refused,
        results=tuple(result.sentence for result in results if result is not None),
    )
    run.emit(ended)
