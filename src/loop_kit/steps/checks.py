"""Checks in a run: at the base before anything is paid, and at every head before a reviewer is asked.

What was run is on the bus or in the archive and is never run twice for one commit. It is believed only while it has the digest
that stands in the state: a worker can write files like these too.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from loop_kit.bus.document import dump, parse
from loop_kit.bus.own_folders import stop_at_links
from loop_kit.checks.plan import Plan, plan_checks
from loop_kit.engine.context import RunContext
from loop_kit.engine.seals import digest
from loop_kit.engine.watching import stop_if_touched
from loop_kit.errors import DocumentError
from loop_kit.model import documents
from loop_kit.model.change import Change, Effect
from loop_kit.model.events import ChecksEnded, ChecksStarted
from loop_kit.model.evidence import Evidence
from loop_kit.model.state import Phase, RunState
from loop_kit.model.work import WorkReport
from loop_kit.values import replace

if TYPE_CHECKING:
    from loop_kit.engine.checks_at import Checked

BASE_ROUND = 0
_SEAL, _BASE_SEAL = "checks", "base_checks"  # in the state's digests
_OF_CHECKS = ("check_failed", "criterion_unmet", "prepare_failed")


def check_base(ctx: RunContext, state: RunState) -> RunState:
    """Find out, once in a run and before anything is paid, which checks fail at the base already; return the state after."""
    plan = plan_checks(ctx.card, ctx.settings)
    if not plan.commands or _baseline(ctx, state) is not None:
        return state
    ctx.emit(_started(BASE_ROUND, state.base_sha, plan))
    ctx.find_pins(state.round)
    checked = _gather(ctx, state, plan, BASE_ROUND, state.base_sha)
    evidence = checked.evidence
    ctx.archive.put_document(BASE_ROUND, Evidence.kind, evidence)
    state = _sealed(ctx, state, _BASE_SEAL, evidence, checked.seals)
    _tell(ctx, evidence)
    stop_if_touched(ctx, state, "the checks where the run begins")
    return state


def with_evidence(
    ctx: RunContext, state: RunState, work: WorkReport, change: Change
) -> tuple[Change, Evidence | None, RunState]:
    """Return the change with what loop's own checks have to say about it, the evidence (None without checks), and the state."""
    plan = plan_checks(ctx.card, ctx.settings)
    if not plan.commands:
        return change, None, state
    from loop_kit.checks.judge import Expectations, judge  # noqa: PLC0415  (a run without checks does without)

    evidence = _on_bus(ctx, state, change)
    baseline = _baseline(ctx, state)
    if evidence is None:
        state = _before_checks(ctx, state)
        ctx.emit(_started(state.round, change.head_sha, plan))
        checked = _gather(ctx, state, plan, state.round, change.head_sha)
        evidence = checked.evidence.against(baseline)
        ctx.papers[Evidence.kind] = ctx.bus.write(Evidence.kind, evidence)
        state = _sealed(ctx, state, _SEAL, evidence, checked.seals)
        _tell(ctx, evidence)
        stop_if_touched(ctx, state, "the checks", kept=" (what they showed is kept on the bus)")
    expectations = Expectations(
        baseline=baseline,
        passed_before=frozenset(state.passed) & {result.name for result in evidence.results if result.failed},
        criteria=ctx.card.acceptance_criteria,
        claims=work.tests,
    )
    return replace(change, findings=(*change.findings, *judge(evidence, expectations))), evidence, state


def _before_checks(ctx: RunContext, state: RunState) -> RunState:
    """Have the state await no review while checks run, which are an agent's code: what they hand in is nobody's judgement."""
    if state.phase is not Phase.AWAITING_REVIEW:
        return state
    state = state.at(Phase.AWAITING_WORK, now=ctx.now())
    ctx.bus.put_state(state)
    return state


def for_reviewer(ctx: RunContext, change: Change) -> Change:
    """Return the change with failing checks left to the reviewer's judgement, when the person wants it asked all the same."""
    if not ctx.settings.run.review_failing:
        return change
    softened = (
        replace(finding, effect=Effect.JUDGE)
        if finding.effect is Effect.FIX and finding.code in _OF_CHECKS
        else finding
        for finding in change.findings
    )
    return replace(change, findings=tuple(softened))


def _gather(ctx: RunContext, state: RunState, plan: Plan, round_number: int, head_sha: str) -> "Checked":
    from loop_kit.steps.gathering import gather_evidence  # noqa: PLC0415  (17 ms that a run without checks does without)

    evidence = gather_evidence(ctx, state, plan, round_number, head_sha)
    stop_at_links(ctx.bus, state.run_name)
    return evidence


def _on_bus(ctx: RunContext, state: RunState, change: Change) -> Evidence | None:
    """Return the evidence for exactly this head that an earlier, interrupted try has gathered."""
    try:
        data = ctx.bus.read_raw(Evidence.kind)
    except DocumentError:
        return None
    if data is None or state.digests.get(_SEAL) != digest(data):
        return None
    evidence = documents.read(Evidence, parse(data))
    if (evidence.round, evidence.head_sha) != (state.round, change.head_sha):
        return None
    ctx.papers[Evidence.kind] = data
    return evidence


def _baseline(ctx: RunContext, state: RunState) -> Evidence | None:
    found = ctx.archive.find(BASE_ROUND, Evidence.kind, state.digests.get(_BASE_SEAL, ""))
    return None if found is None else documents.read(Evidence, parse(found))


def _sealed(ctx: RunContext, state: RunState, seal: str, evidence: Evidence, others: Mapping[str, str]) -> RunState:
    """Put the digest of evidence into the state, and those of the tree, so that nobody else's is taken for it."""
    data = dump(evidence)
    state = replace(state, digests={**state.digests, **others, seal: digest(data)}, updated_at=ctx.now())
    ctx.bus.put_state(state)
    return state


def _started(round_number: int, head_sha: str, plan: Plan) -> ChecksStarted:
    return ChecksStarted(round=round_number, head_sha=head_sha, checks=tuple(each.name for each in plan.commands))


def _tell(ctx: RunContext, evidence: Evidence) -> None:
    ended = ChecksEnded(
        round=evidence.round,
        head_sha=evidence.head_sha,
        verified=evidence.verified,
        refused=evidence.refused,
        results=tuple(result.sentence for result in (evidence.prepared, *evidence.results) if result is not None),
    )
    ctx.emit(ended)
