"""From a plan to evidence: prepare the tree, refuse an environment that proves nothing, run the checks."""

from loop_kit.checks.environment import find_foreign
from loop_kit.checks.plan import Plan
from loop_kit.checks.prepare import prepare
from loop_kit.checks.run import CheckWorkspace, run_check
from loop_kit.model.check import CheckCommand, Where
from loop_kit.model.evidence import CheckEnding, CheckResult, Evidence
from loop_kit.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckTarget:
    """The commit to check. `round` is 0 for the base."""

    task_id: str
    round: int
    head_sha: str


def gather(plan: Plan, workspace: CheckWorkspace, target: CheckTarget) -> Evidence:
    """Run every check of the plan and return what that showed; raises only when the run has to end."""
    apart = [command for command in plan.commands if command.where is Where.WORKTREE]
    prepared = prepare(plan.prepare, workspace) if plan.prepare is not None and apart else None
    if prepared is not None and prepared.failed:
        refused, obstacle = "", f"the tree could not be made ready: {prepared.reason}"
    else:
        argvs = [command.command_line for command in apart]
        tree, root = workspace.worktree.path, workspace.inplace.path
        refused = obstacle = find_foreign(tree, root, workspace.environment, argvs) if apart else ""
    return Evidence(
        task_id=target.task_id,
        round=target.round,
        head_sha=target.head_sha,
        tree=workspace.worktree.tree,
        results=tuple(_result(command, workspace, obstacle) for command in plan.commands),
        prepared=prepared,
        refused=refused,
    )


def _result(command: CheckCommand, workspace: CheckWorkspace, obstacle: str) -> CheckResult:
    if obstacle and command.where is Where.WORKTREE:
        return CheckResult.without_run(command, workspace.worktree.tree, CheckEnding.NOT_RUN, obstacle)
    return run_check(command, workspace, log=f"_{command.name}.log", rerun=True)
