"""Checks of a run, run: in a tree of loop's own, with the environment that agents get without their keys."""

from loop_kit.checks.gather import Subject
from loop_kit.checks.plan import Plan
from loop_kit.engine.checks_at import Checked, Site, check_environment, run_checks_at
from loop_kit.engine.context import RunContext
from loop_kit.model.check import CheckCommand
from loop_kit.model.evidence import CheckResult
from loop_kit.model.shown_events import Check
from loop_kit.model.state import RunState


def gather_evidence(ctx: RunContext, state: RunState, plan: Plan, round_number: int, head_sha: str) -> Checked:
    """Run the plan's checks at a commit and return what they showed; who watches is told of each."""
    subject = Subject(task_id=state.task_id, round=round_number, head_sha=head_sha)

    def show(command: CheckCommand, result: CheckResult | None) -> None:
        said = "" if result is None else result.sentence
        ctx.emit(Check(round=round_number, name=command.name, command=command.shown, result=said))

    site = Site(
        repository=ctx.repository,
        tree=ctx.checks_tree,
        logs=ctx.bus.logs / state.run_name,
        stem=f"r{round_number}_check",
        bus_root=ctx.bus.root,
        environment=check_environment(ctx.world.environment, ctx.settings, run_id=state.run_id),
        interruption=ctx.world.interruption,
        check_stop=ctx.check_stop,
        tell=show,
        seals=state.digests,
        before=state.watch,
    )
    return run_checks_at(site, plan, subject)
